"""Question sets become numbers with their intervals."""
