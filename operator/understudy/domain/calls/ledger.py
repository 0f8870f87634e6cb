"""What one call leaves as evidence, collected while it runs. Every `now` is seconds on a monotonic clock."""

from collections import Counter, deque
from dataclasses import replace

from understudy.domain.calls.loudness import AUDIBLE
from understudy.domain.calls.observation import (
    JUDGED_TURNS,
    MAX_TURNS,
    CallEnd,
    CallObservation,
    CallPart,
    Defect,
    TurnRecord,
)
from understudy.domain.calls.quality import MAX_COMPARED, completed, defects_in, normal, says_again
from understudy.domain.calls.turns import OpenTurn
from understudy.domain.routing.document import Arm

VOICE_ALONE_S = 1.0
"""Silence of the caller after which speech without a model request opens a turn (the agent asks to repeat by itself).
Sooner, it is the next sentence of an answer that the caller is just interrupting."""

TALKED_OVER_FRAMES = 25
"""Audible frames of the caller, of 20 ms each, while an answer plays, from which he talks over it whether or not the
agent notices: half a second. A cough or an "mhm" is shorter."""


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
        self._recorded: dict[float, TurnRecord] = {}
        self._tool_calls = self._tool_failures = self._webhook_calls = self._webhook_errors = 0
        self._failovers = Counter[str]()
        self._connected = False
        self._talked_over = self._interruptions = 0
        self._told = False

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

    def connected(self) -> None:
        """An agent took the call."""
        self._connected = True

    def caller_frame(self, level: float, now: float) -> None:
        """A frame of caller audio of loudness `level` arrived."""
        if level < AUDIBLE:
            return
        if now < self._plays_until:
            self._talks_over(now)
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
        if self._talked_over and self._turn.is_heard(now) and now < self._plays_until:
            self._interrupted()
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

    def model_done(self, text: str, tool_calls: int, now: float) -> tuple[Defect, ...]:  # noqa: ARG002
        """The model's answer is complete; what is wrong with it. Not called for an answer that the agent cancelled."""
        self._tool_calls += tool_calls
        words = normal(text)
        found = defects_in(words, tool_calls, tuple(self._answers))
        self._turn = self._turn.found(found)
        if words:
            self._answers.append(words)
        return found

    @property
    def answers(self) -> tuple[str, ...]:
        """The model's latest complete answers, normalised, oldest first: what the next one should not repeat."""
        return tuple(self._answers)

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
    def greeting(self) -> bool:
        """Whether the caller has not said anything yet that is to be answered: a greeting is no turn."""
        return self._turn.caller_ended is None

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

    def failover(self, kind: str) -> None:
        """A fallback took over; `kind` is model, transcriber or voice."""
        self._failovers[kind] += 1

    def record_of(self, opened: float) -> TurnRecord | None:
        """The turn that opened then; None while it is open, and for one that is no evidence."""
        return self._recorded.get(opened)

    @property
    def ripe(self) -> bool:
        """Whether the call has had as many turns as it is judged by, goes on, and was not told of yet."""
        return len(self.turns) >= JUDGED_TURNS and not self._told

    def so_far(self, now: float) -> CallObservation:
        """The first turns of a call that goes on, as evidence; only its end is to be told then (`last_part`)."""
        self._told = True
        observation = self._observed(CallEnd.CALLER_HUNG_UP, "", now)
        return observation.model_copy(update={"part": CallPart.TURNS, "completed": None})

    def finish(self, end: CallEnd, cause: str, now: float) -> CallObservation:
        """The call as evidence, with `seq` and `recorded_at` still 0: they are the reporter's."""
        self._close_turn(now)
        self._said.append(self._utterance)
        return self._observed(end, cause, now)

    def last_part(self, whole: CallObservation) -> CallObservation:
        """What of the finished call was not told yet: all of it, or its end."""
        return whole.model_copy(update={**_TOLD_BEFORE, "part": CallPart.END}) if self._told else whole

    def _observed(self, end: CallEnd, cause: str, now: float) -> CallObservation:
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
            failovers=self._failovers.total(),
            connected=self._connected,
            transcriber_failovers=self._failovers["transcriber"],
            voice_failovers=self._failovers["voice"],
            interruptions=self._interruptions,
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
        self._talked_over = 0
        self._said.append(self._utterance)
        self._previous_utterance, self._utterance = self._utterance, ""

    def _close_turn(self, now: float) -> None:
        """Keep the open turn as a record, unless it is the greeting or the caller merely went on with his sentence."""
        turn = self._turn
        evidence = turn.caller_ended is not None and (
            turn.audible is not None or turn.kept_waiting(now, self._budget_s)
        )
        if evidence and len(self.turns) < MAX_TURNS:
            record = self._recorded[turn.opened] = turn.record()
            self.turns.append(record)

    def _talks_over(self, now: float) -> None:
        """An audible frame of the caller while something plays: once it is an answer, and he goes on, he interrupts."""
        if self._turn.is_heard(now):
            self._talked_over += 1
            if self._talked_over == TALKED_OVER_FRAMES:
                self._interrupted()

    def _interrupted(self) -> None:
        """The caller talked over the answer of the present turn: counted once."""
        if not self._turn.interrupted:
            self._turn = replace(self._turn, interrupted=True)
            self._interruptions += 1


_TOLD_BEFORE = {
    name: CallObservation.model_fields[name].default
    for name in (
        "first_response_ms",
        "turns",
        "tool_calls",
        "tool_failures",
        "webhook_calls",
        "webhook_errors",
        "failovers",
        "connected",
        "transcriber_failovers",
        "voice_failovers",
        "interruptions",
        "shadow",
    )
}
"""Fields without a meaning in `CallPart.END`."""


def _since(start: float, end: float) -> float:
    return round((end - start) * 1000, 1)
