"""HTTP as the hot path needs it: requests to providers, and the agents' requests to us."""
