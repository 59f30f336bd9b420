"""Training runs on disk: what was run, how it went, what it made."""
