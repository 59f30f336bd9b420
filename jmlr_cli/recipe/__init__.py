"""The typed recipe: schema, loading, overrides, printing."""
