"""What the files of several retrievers share."""
