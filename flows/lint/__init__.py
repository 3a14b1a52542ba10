"""Advice beyond the shape of the files. `check` asks all of it; each other module looks at one thing."""
