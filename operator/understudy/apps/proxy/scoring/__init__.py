"""Scores of finished calls, asked of a judge model and of the user's webhook, where the routing document says so."""
