"""What one call leaves as evidence, collected while it runs. Every `now` is seconds on a monotonic clock."""

from collections import deque

from understudy.domain.calls.loudness import AUDIBLE
from understudy.domain.calls.observation import MAX_TURNS, CallEnd, CallObservation, Defect, TurnRecord
from understudy.domain.calls.quality import MAX_COMPARED, completed, defects_in, normal, says_again
from understudy.domain.calls.turns import OpenTurn
from understudy.domain.routing.document import Arm

VOICE_ALONE_S = 1.0
"""Silence of the caller after which speech without a model request opens a turn (the agent asks to repeat by itself).
Sooner, it is the next sentence of an answer that the caller is just interrupting."""


class Ledger:
    """The account of one call.

    A turn opens with the first model request after the caller spoke, and closes when the next one opens or
    the call ends. Before the caller's first word there is the greeting, which is no turn.

    Args:
        call_id: the carrier's id of the call.
        revision: short digest the call started on.
        arm: the arm it started on.
        budget_ms: turn budget; a caller who goes on sooner was not kept waiting.
        started_at: seconds since the epoch.
        now: the same moment on the monotonic clock.
    """

    def __init__(self, *, call_id: str, revision: str, arm: Arm, budget_ms: int, started_at: float, now: float) -> None:
        self.call_id = call_id
        self.revision = revision
        self.arm = arm
        self.rescued = False
        self.turns: list[TurnRecord] = []
        self._budget_s = budget_ms / 1000
        self._started_at, self._started = started_at, now
        self._caller_audible: float | None = None
        self._unanswered_speech = False
        self._first_audible: float | None = None
        self._plays_until = now
        self._turn = OpenTurn(caller_ended=None, opened=now)
        self._utterance, self._previous_utterance = "", ""
        self._said: deque[str] = deque(maxlen=2)
        self._answers: deque[str] = deque(maxlen=MAX_COMPARED)
        self._tool_calls = self._tool_failures = self._webhook_calls = self._webhook_errors = self._failovers = 0

    @property
    def plays_until(self) -> float:
        """When the carrier will have played all it was given, as far as lengths tell."""
        return self._plays_until

    @property
    def awaits_sound(self) -> bool:
        """Whether it matters how loud the assistant's next frame is; its length always does."""
        return self._first_audible is None or (self._turn.asked and self._turn.audible is None)

    @property
    def unanswered(self) -> str:
        """What the caller was heard to say and no model was asked about; empty: nothing."""
        return self._utterance

    def caller_frame(self, level: float, now: float) -> None:
        """A frame of caller audio of loudness `level` arrived."""
        if level < AUDIBLE:
            return
        self._caller_audible = now
        self._unanswered_speech = True
        if self._turn.audible is None:
            self._turn = self._turn.caller_spoke(now)

    def assistant_frame(self, level: float, seconds: float, now: float) -> None:
        """A frame of `seconds` of audio was handed to the carrier, which plays it after what it already holds."""
        starts = max(self._plays_until, now)
        self._plays_until = starts + seconds
        if level < AUDIBLE:
            return
        if self._first_audible is None:
            self._first_audible = starts
        if self._turn.asked and self._turn.audible is None:
            self._turn = self._turn.heard(starts)

    def cleared(self, now: float) -> None:
        """The carrier was told to discard what it has not played."""
        self._plays_until = min(self._plays_until, now)
        self._turn = self._turn.cleared(now)

    def caller_transcript(self, text: str, now: float) -> None:  # noqa: ARG002 (the port's shape: all take the time)
        """The transcriber finalised `text`; several make one utterance."""
        if text.strip():
            self._utterance = f"{self._utterance} {text.strip()}".strip()

    def model_request(self, now: float, *, rescued: bool) -> None:
        """The agent asked the model for an answer."""
        self._open_if_caller_spoke(now)
        self.rescued = self.rescued or rescued
        self._turn = self._turn.requested(now, rescued=rescued)

    def model_clause(self, now: float) -> None:
        """The first speakable clause, or first other useful output, of the present request. Later ones are ignored."""
        self._turn = self._turn.with_clause(now)

    def model_done(self, text: str, tool_calls: int, now: float) -> None:  # noqa: ARG002
        """The model's answer is complete. Not called for an answer that the agent cancelled."""
        self._tool_calls += tool_calls
        words = normal(text)
        self._turn = self._turn.found(defects_in(words, tool_calls, tuple(self._answers)))
        if words:
            self._answers.append(words)

    def voice_request(self, now: float) -> None:
        """The agent sent text to be spoken."""
        if self._caller_audible is not None and now - self._caller_audible > VOICE_ALONE_S:
            self._open_if_caller_spoke(now)
        self._turn = self._turn.to_voice(now)

    def voice_audio(self, now: float) -> float | None:
        """The voice produced audio: seconds that took, for the turn's first; None for later ones, which are ignored."""
        first = self._turn.voice_started is None and self._turn.voice_requested is not None
        self._turn = self._turn.from_voice(now)
        return now - (self._turn.voice_requested or now) if first else None

    @property
    def present(self) -> TurnRecord:
        """The present turn as far as it has come; before the caller spoke it is the greeting, which has no time."""
        return self._turn.record()

    @property
    def turn_opened(self) -> float:
        """When the present turn began: names it within the call."""
        return self._turn.opened

    def budget_left(self, now: float) -> float:
        """Seconds until the assistant should speak; less than nothing when that was in the past.

        Of an answer that is heard already a later request, such as that after a tool call, has a budget of its own.
        """
        return self._turn.begun(now) + self._budget_s - now

    def tool_result(self, *, ok: bool) -> None:
        """A tool call of the model was carried out, or failed."""
        self._tool_failures += not ok

    def webhook_result(self, *, ok: bool) -> None:
        """The user's server answered, or did not."""
        self._webhook_calls += 1
        self._webhook_errors += not ok

    def failover(self, kind: str) -> None:  # noqa: ARG002 (kinds become counters of their own with the call log)
        """A fallback took over; `kind` is model, transcriber or voice."""
        self._failovers += 1

    def finish(self, end: CallEnd, cause: str, now: float) -> CallObservation:
        """The call as evidence, with `seq` and `recorded_at` still 0: they are the reporter's."""
        self._close_turn(now)
        self._said.append(self._utterance)
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
            rescued=self.rescued,
            first_response_ms=None if self._first_audible is None else _since(self._started, self._first_audible),
            turns=tuple(self.turns),
            tool_calls=self._tool_calls,
            tool_failures=self._tool_failures,
            webhook_calls=self._webhook_calls,
            webhook_errors=self._webhook_errors,
            failovers=self._failovers,
            completed=completed(end, tuple(self._said), tuple(self._answers), self.turns),
        )

    def _open_if_caller_spoke(self, now: float) -> None:
        """Start the next turn when the caller has spoken since this one opened; otherwise the request is part of it."""
        if not self._unanswered_speech:
            return
        self._unanswered_speech = False
        if self._previous_utterance and says_again(self._utterance, self._previous_utterance):
            self._turn = self._turn.found((Defect.REPROMPT,))
        self._close_turn(now)
        self._turn = OpenTurn(caller_ended=self._caller_audible, opened=now)
        self._said.append(self._utterance)
        self._previous_utterance, self._utterance = self._utterance, ""

    def _close_turn(self, now: float) -> None:
        """Keep the open turn as a record, unless it is the greeting or the caller merely went on with his sentence."""
        turn = self._turn
        evidence = turn.caller_ended is not None and (
            turn.audible is not None or turn.kept_waiting(now, self._budget_s)
        )
        if evidence and len(self.turns) < MAX_TURNS:
            self.turns.append(turn.record())


def _since(start: float, end: float) -> float:
    return round((end - start) * 1000, 1)
