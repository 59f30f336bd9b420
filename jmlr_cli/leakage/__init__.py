"""What an index or a training set holds of the questions that are to be answered."""
