"""The sections of the retrieval benchmark, and what they share."""
