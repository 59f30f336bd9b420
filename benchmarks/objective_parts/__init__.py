"""The retriever alone, taught by a stand-in for the language model: what is tried, the teaching, and how well it did."""
