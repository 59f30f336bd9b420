"""Retrievers that are made of others."""
