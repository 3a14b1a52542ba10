"""What people notice between two versions of the flow files. `diff` is the whole; each other module looks at one part."""
