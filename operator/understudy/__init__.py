"""Understudy: a Kubernetes operator and data plane for voice assistants."""
