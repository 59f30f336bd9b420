"""One vector a passage."""
