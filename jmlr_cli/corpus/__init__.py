"""A folder of documents becomes passages."""
