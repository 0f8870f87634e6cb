"""Hard ceilings: a canary that is beyond one gets no new calls from this proxy, with the operator or without."""

import logging

from understudy.api.rollout import ScoreSignal, Slo
from understudy.domain.calls.observation import CallObservation, Stopped
from understudy.domain.routing.document import RoutingDocument
from understudy.domain.slo.ceiling import CeilingWatch

log = logging.getLogger(__name__)


class Ceilings:
    """One assistant's canary, held against the ceilings in the routing document alone.

    Args:
        assistant: `namespace/name`, for the log.
    """

    def __init__(self, assistant: str) -> None:
        self._assistant = assistant
        self._document: RoutingDocument | None = None
        self._at_end: CeilingWatch | None = None
        self._when_scored: CeilingWatch | None = None
        self._since = 0.0

    @property
    def stopped(self) -> Stopped | None:
        """Why the canary gets no new calls here; None while it does, or there is none."""
        watches = (self._at_end, self._when_scored)
        return next((watch.stopped for watch in watches if watch is not None and watch.stopped is not None), None)

    def stops(self, revision: str) -> bool:
        """Whether new calls must not go to `revision`."""
        return self.stopped is not None and self.stopped.revision == revision

    def follow(self, document: RoutingDocument, now: float) -> None:
        """`document` is in force from `now` on, in seconds since the epoch: judging may start afresh."""
        before, self._document = self._document, document
        if before is not None and _same_attempt(before, document):
            return
        self._since = now
        scores = tuple(slo for slo in document.ceilings if _waits_for_score(slo))
        others = tuple(slo for slo in document.ceilings if not _waits_for_score(slo))
        canary = document.canary.name if document.canary else ""
        self._when_scored = CeilingWatch(canary, scores) if canary and scores else None
        self._at_end = CeilingWatch(canary, others) if canary and others else None

    def ended(self, call: CallObservation, now: float) -> None:
        """A call has ended, or had turns enough: what is known of it at once, at `now` in seconds since the epoch."""
        self._hear(self._at_end, call.model_copy(update={"recorded_at": now}))

    def scored(self, call: CallObservation) -> None:
        """A call is reported, with the scores that it waited for."""
        self._hear(self._when_scored, call)

    def _hear(self, watch: CeilingWatch | None, call: CallObservation) -> None:
        """Calls that began before this attempt at the canary say nothing about it."""
        if watch is None or call.started_at < self._since:
            return
        if (stopped := watch.add(call)) is not None:
            log.warning(
                "%s: canary %s gets no new calls here: %s is %.4g %%, beyond %.4g %%, after %d calls",
                self._assistant,
                stopped.revision,
                stopped.slo,
                stopped.value_percent,
                stopped.ceiling_percent,
                stopped.calls,
            )


def _waits_for_score(slo: Slo) -> bool:
    """Whether it is about what others say of a call, some time after its end; a stop is not to wait for them."""
    return slo.score is not None and slo.score.signal in (ScoreSignal.JUDGE, ScoreSignal.WEBHOOK)


def _same_attempt(before: RoutingDocument, after: RoutingDocument) -> bool:
    """Whether the canary is held against the same ceilings as before, in the same attempt.

    A weight that falls while the canary stays is a rollout that begins again (`retry`) whose end we did not see.
    """
    names = [document.canary.name if document.canary else "" for document in (before, after)]
    return names[0] == names[1] and before.ceilings == after.ceilings and after.canary_weight >= before.canary_weight
