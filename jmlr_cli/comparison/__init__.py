"""Systems on the same questions: what is missing is known, differences have their intervals."""
