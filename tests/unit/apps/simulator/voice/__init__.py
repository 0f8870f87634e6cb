"""The simulated voices' sound."""
