"""Benchmark `routing`: which deployment each request goes to, in virtual time."""
