"""What a revision may still use where the routing document restricts it (T4)."""

from understudy.domain.revision.snapshot import Snapshot


class Restricted:
    """Snapshots without the transcribers that may not take over; the last answer is kept, because it is asked often."""

    def __init__(self) -> None:
        self._last: tuple[Snapshot, tuple[str, ...], Snapshot] | None = None

    def __call__(self, snapshot: Snapshot, providers: tuple[str, ...] | None) -> Snapshot:
        """`snapshot` with its first transcriber, and of the others those of `providers`; None: all."""
        if providers is None:
            return snapshot
        if self._last is None or self._last[0] is not snapshot or self._last[1] != providers:
            first, others = snapshot.transcribers[:1], snapshot.transcribers[1:]
            kept = (*first, *(each for each in others if each.provider in providers))
            self._last = (snapshot, providers, snapshot.model_copy(update={"transcribers": kept}))
        return self._last[2]
