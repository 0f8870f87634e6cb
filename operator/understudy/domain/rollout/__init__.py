"""Phases and transitions as a table, and advance(observation, now)."""
