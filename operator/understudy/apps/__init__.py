"""Programs, strangers to each other."""
