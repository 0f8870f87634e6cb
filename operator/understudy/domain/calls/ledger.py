"""What one call leaves as evidence, collected while it runs. Every `now` is seconds on a monotonic clock."""

from understudy.domain.calls.observation import CallEnd, CallObservation
from understudy.domain.routing.document import Arm


class Ledger:
    """The account of one call.

    Args:
        call_id: the carrier's id of the call.
        revision: short digest the call started on.
        arm: the arm it started on.
        budget_ms: turn budget; a caller who goes on sooner was not kept waiting.
        started_at: seconds since the epoch.
        now: the same moment on the monotonic clock.
    """

    def __init__(self, call_id: str, revision: str, arm: Arm, budget_ms: int, started_at: float, now: float) -> None:
        self.call_id = call_id
        self.revision = revision
        self.arm = arm
        self.rescued = False
        self._started_at = started_at
        self._started = now

    def caller_frame(self, level: float, now: float) -> None:
        """A frame of caller audio of loudness `level` arrived."""

    def assistant_frame(self, level: float, seconds: float, now: float) -> None:
        """A frame of `seconds` of audio was handed to the carrier."""

    def cleared(self, now: float) -> None:
        """The carrier was told to discard what it has not played."""

    def caller_transcript(self, text: str, now: float) -> None:
        """The transcriber finalised `text`."""

    def model_request(self, now: float, *, rescued: bool) -> None:
        """The agent asked the model for an answer."""

    def model_clause(self, now: float) -> None:
        """The first speakable clause, or first other useful output, of the present request. Later ones are ignored."""

    def model_done(self, text: str, tool_calls: int, now: float) -> None:
        """The model's answer is complete. Not called for an answer that the agent cancelled."""

    def voice_request(self, now: float) -> None:
        """The agent sent text to be spoken."""

    def voice_audio(self, now: float) -> None:
        """The voice produced audio. Later ones of the same turn are ignored."""

    def tool_result(self, *, ok: bool) -> None:
        """A tool call of the model was carried out, or failed."""

    def webhook_result(self, *, ok: bool) -> None:
        """The user's server answered, or did not."""

    def failover(self, kind: str) -> None:
        """A fallback took over; `kind` is model, transcriber or voice."""

    def finish(self, end: CallEnd, cause: str, now: float) -> CallObservation:
        """The call as evidence, with `seq` and `recorded_at` still 0: they are the reporter's."""
        return CallObservation(
            seq=0,
            call_id=self.call_id,
            revision=self.revision,
            arm=self.arm,
            started_at=self._started_at,
            ended_at=self._started_at + now - self._started,
            recorded_at=0.0,
            end=end,
            cause=cause,
        )
