"""Model names become folders of weights."""
