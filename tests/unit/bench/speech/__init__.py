"""The speech benchmark's own parts."""
