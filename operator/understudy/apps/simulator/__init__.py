"""Providers and callers that speak the real wire protocols, with faults on demand."""
