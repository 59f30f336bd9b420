"""What a plugin implements, and the values that pass between rooms."""
