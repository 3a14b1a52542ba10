"""Sound to words: decode a recording, find silence, run Whisper, tidy the words."""
