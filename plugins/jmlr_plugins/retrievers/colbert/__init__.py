"""Late interaction: one vector a token."""
