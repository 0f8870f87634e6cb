"""Immutable revisions: everything that changes what a caller hears, resolved and hashed."""
