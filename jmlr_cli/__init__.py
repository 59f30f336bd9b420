"""Joint training of a medical language model and its retriever."""

__version__ = "0.1.0"
