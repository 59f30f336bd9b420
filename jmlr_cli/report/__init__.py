"""Kept evaluations and comparisons become a page to read and a file to compute with."""
