"""One assistant on this proxy."""


class Assistant:
    """An assistant: routing document, snapshots, finished calls."""

    def __init__(self, namespace: str, name: str) -> None:
        self.namespace = namespace
        self.name = name
        self.key = f"{namespace}/{name}"
