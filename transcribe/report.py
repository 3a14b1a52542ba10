"""A transcription as lines for a terminal and as JSON for a program."""
