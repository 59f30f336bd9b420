"""Okapi BM25."""
