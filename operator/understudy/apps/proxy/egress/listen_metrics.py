"""What Prometheus reads of the transcribers beyond attempts and failovers. Labels are accounts and enumerations."""

from prometheus_client import CollectorRegistry, Counter, Histogram

_BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds; dense where a failover is or is not noticed."""


class ListenMetrics:
    """The listening facade's collectors."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.failures = Counter(
            "understudy_transcriber_failures",
            "Transcribers that failed, by how.",
            ("account", "kind"),
            registry=registry,
        )
        self.replayed = Counter(
            "understudy_transcriber_replayed_seconds",
            "Audio sent to a transcriber again, or late, since another failed.",
            ("account",),
            registry=registry,
        )
        self.lost = Counter(
            "understudy_transcriber_lost_seconds",
            "Audio discarded before a final covered it: no transcriber worked for longer than is kept.",
            registry=registry,
        )
        self.doubtful = Counter(
            "understudy_transcriber_doubtful_words",
            "Words left out because of confidenceThreshold.",
            ("account",),
            registry=registry,
        )
        self.resumed = Histogram(
            "understudy_transcriber_resume_seconds",
            "Failure detected to the first audio sent to the next transcriber.",
            buckets=_BUCKETS,
            registry=registry,
        )
        self.caught_up = Histogram(
            "understudy_transcriber_catch_up_seconds",
            "Failure detected to the next transcriber having all audio.",
            buckets=_BUCKETS,
            registry=registry,
        )
