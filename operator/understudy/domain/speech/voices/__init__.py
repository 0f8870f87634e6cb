"""Voices, a file each: what they say on their wire. `registry.py` lists them."""
