"""Samples, tests and verdicts: is the canary worse than stable?"""
