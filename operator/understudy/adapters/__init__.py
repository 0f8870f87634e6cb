"""The only code, besides the apps, that touches the world."""
