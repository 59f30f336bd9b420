"""The index on disk: manifest, passages, generations."""
