"""Simulated providers and callers: the real wire protocols, real speech, and faults on demand. For demos and tests."""
