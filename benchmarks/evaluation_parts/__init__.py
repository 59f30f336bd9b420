"""lm-eval and our evaluation side by side: what both are given, what they find, how it is shown."""
