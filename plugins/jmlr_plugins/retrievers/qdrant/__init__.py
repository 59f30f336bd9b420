"""Indexes on qdrant, the distributed vector engine."""
