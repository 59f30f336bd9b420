"""The reasoning of questions as documents that can be indexed."""
