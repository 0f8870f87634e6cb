"""What Prometheus reads. Labels are assistants, arms and enumerations: never a call, a caller or a text."""

from prometheus_client import CollectorRegistry


class Metrics:
    """The process's collectors, on a registry of their own so that two proxies fit into one test."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
