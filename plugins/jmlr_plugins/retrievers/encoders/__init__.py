"""What the retrievers that encode with a transformer share."""
