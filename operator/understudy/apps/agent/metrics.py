"""What an agent process counts, for Prometheus. No label grows with calls."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from understudy.apps.agent.admission import Admission

SETUP_BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
"""Seconds from the start message to a running pipeline: 50 ms idle, more when many calls start at once."""


class Metrics:
    """The collectors of one process, on a registry of their own."""

    def __init__(self, admission: Admission) -> None:
        self.registry = CollectorRegistry()
        live = Gauge("understudy_agent_calls", "Calls in progress", registry=self.registry)
        live.set_function(lambda: admission.live)
        capacity = Gauge("understudy_agent_capacity", "Calls this pod serves at a time", registry=self.registry)
        capacity.set_function(lambda: admission.capacity)
        draining = Gauge("understudy_agent_draining", "1 while waiting for calls to end", registry=self.registry)
        draining.set_function(lambda: int(admission.draining))
        self.refused = Counter("understudy_agent_refused", "Calls refused", ["reason"], registry=self.registry)
        self.ended = Counter("understudy_agent_ended", "Calls ended", ["reason"], registry=self.registry)
        self.errors = Counter("understudy_agent_errors", "Pipeline errors", registry=self.registry)
        self.tools = Counter("understudy_agent_tool_calls", "Tool calls", ["outcome"], registry=self.registry)
        self.setup = Histogram(
            "understudy_agent_setup_seconds",
            "Start message to running pipeline",
            buckets=SETUP_BUCKETS,
            registry=self.registry,
        )

    def text(self) -> bytes:
        """The exposition format."""
        return generate_latest(self.registry)
