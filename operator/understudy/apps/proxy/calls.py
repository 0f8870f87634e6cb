"""Calls in progress, and who may speak for them."""

from collections.abc import Callable
from typing import Any

from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.finishing import Finisher, Finishing
from understudy.apps.proxy.keys import Keys
from understudy.base.clock import Clock
from understudy.base.errors import Unauthorized
from understudy.domain.calls.golden_account import GoldenAccount
from understudy.domain.calls.ledger import Ledger
from understudy.domain.calls.observation import CallEnd, CallObservation
from understudy.domain.calls.token import CallToken
from understudy.domain.revision.snapshot import Snapshot
from understudy.domain.routing.document import Arm
from understudy.domain.routing.held import rescue_target
from understudy.domain.routing.restriction import Restricted

DETACHED_MAX = 200
"""Calls of dead peers spoken for at a time; each costs a few KB, and the token's expiry is half an hour away."""


class Call:
    """One call.

    Attributes:
        token: what the agent shows as its key, decoded.
        token_text: the same as text.
        id: the carrier's id of the call.
        assistant: `namespace/name`.
        ledger: what the call leaves as evidence; its `now` is `Clock.monotonic()`.
        resources: called without arguments when the call ends: cancel upstream requests, close sockets.
            Add when opened, discard when closed by yourself.
        detached: opened by a peer's token: this proxy does not relay its audio, and reports no observation for it.
        dialogue: the messages of the agent's latest model request, without system prompt, and the answer to it.
            Set by the chat facade.
        earlier: the dialogue before the call moved to another agent pod; the chat facade puts it before the
            agent's messages, since the new pod knows nothing of it.
        failure: why the call cannot go on, such as ModelUnavailable; set by a facade that ran out of alternatives,
            emptied by its next success. A call that the agent ends while it is set was dropped, not ended.
        farewell: what the caller hears before the line is closed because of `failure`, 8 kHz μ-law; empty: nothing.
        asked_to_repeat: answers in a row that only asked the caller to repeat, since no model answered.
        bridged_at: beginning of the latest turn in which a filler was said, on the ledger's clock.
        better_voice: model of the first voice in place of the revision's for this turn; empty: the revision's.
        golden: the account of a golden call, which no caller makes and no judge hears of; None for all others.
    """

    def __init__(
        self, token: CallToken, token_text: str, assistant: Assistant, snapshot: Snapshot, ledger: Ledger
    ) -> None:
        self.token = token
        self.token_text = token_text
        self.id = token.call_id
        self.namespace = token.namespace
        self.assistant = assistant.key
        self.ledger = ledger
        self.detached = False
        self.resources: set[Callable[[], None]] = set()
        self.dialogue: list[dict[str, Any]] = []
        self.earlier: list[dict[str, Any]] = []
        self.failure = ""
        self.farewell = b""
        self.asked_to_repeat = 0
        self.bridged_at: float | None = None
        self.better_voice = ""
        self.golden: GoldenAccount | None = None
        self._assistant = assistant
        self._snapshot = snapshot
        self._served_by = token.revision
        self._restricted = Restricted()

    @property
    def served_by(self) -> str:
        """Short digest of the revision that serves the call now."""
        return self._served_by

    @property
    def rescued(self) -> bool:
        """Whether stable has taken over."""
        return self._served_by != self.token.revision

    def snapshot(self) -> Snapshot:
        """The revision that serves the call now: for sockets, the voice and the transcriber.

        Without fallback transcribers that the routing document does not allow now, whatever the revision says.
        """
        document = self._assistant.document
        return self._restricted(self._snapshot, document.fallback_transcribers if document else None)

    def begin_model_turn(self, now: float) -> Snapshot:
        """The revision that serves the model request that starts now, at `Clock.monotonic()`; a rescue begins here.

        Records the request in the ledger (`model_request`), so the chat facade must not.
        """
        self._rescue_if_told()
        self.ledger.model_request(now, rescued=self.rescued)
        if self.golden is not None:
            self.golden.asked(self.dialogue)
        return self._snapshot

    def answered(self, message: dict[str, Any]) -> None:
        """The assistant's answer to the latest model request, complete."""
        self.dialogue = [*self.dialogue, message]
        if self.golden is not None:
            self.golden.answered(message)

    def moved(self) -> None:
        """Another agent pod takes the call: what was said so far is to be told to it."""
        self.earlier = [*self.earlier, *self.dialogue]
        self.dialogue = []

    def close_resources(self) -> None:
        """Cancel whatever still works for the call: a caller who hung up must not leave the upstream running (P10)."""
        resources, self.resources = self.resources, set()
        for close in resources:
            close()

    def _rescue_if_told(self) -> None:
        document = self._assistant.document
        target = rescue_target(document, self._served_by) if document else None
        snapshot = self._assistant.snapshots.get(target.name) if target else None
        if target is None or snapshot is None:
            return
        if not self.rescued:
            self._assistant.rescued_calls += 1
        self._served_by, self._snapshot = target.name, snapshot


class Registry:
    """Every call and assistant of this process."""

    def __init__(self, assistants: dict[str, Assistant], keys: Keys, clock: Clock) -> None:
        self.assistants = assistants
        self.keys = keys
        self._clock = clock
        self.on_open: list[Callable[[Call], None]] = []
        """Called with each call that is admitted."""
        self.finishers: list[Finisher] = []
        """Asked of each call that has ended what is still to be learned of it."""
        self.finishing = Finishing(self.finishers, clock)
        self._by_token: dict[str, Call] = {}
        self._detached: dict[str, Call] = {}

    def open(self, assistant: Assistant, call_id: str, arm: Arm, revision: str) -> Call:
        """Admit a call on `revision`, whose snapshot the assistant holds."""
        call = self._issue(assistant, call_id, arm, revision)
        assistant.live[call_id] = call
        for opened in self.on_open:
            opened(call)
        return call

    def open_golden(self, assistant: Assistant, call_id: str, revision: str, account: GoldenAccount) -> Call:
        """Open a golden call on the canary `revision`: no live call, and no evidence. `close_golden` ends it."""
        call = self._issue(assistant, call_id, Arm.CANARY, revision)
        call.golden = account
        for opened in self.on_open:
            opened(call)
        return call

    def close_golden(self, call: Call) -> None:
        """End a golden call: stop its upstream work, and keep nothing."""
        self._by_token.pop(call.token_text, None)
        call.close_resources()

    def close(self, call: Call, end: CallEnd, cause: str) -> CallObservation:
        """End a call: stop its upstream work, report what it left once all is known, and return what is known now."""
        assistant = self.assistants[call.assistant]
        self._by_token.pop(call.token_text, None)
        if assistant.live.get(call.id) is call:
            del assistant.live[call.id]
        call.close_resources()
        whole = call.ledger.finish(end, cause, self._clock.monotonic())
        self.finishing.record(assistant, call, call.ledger.last_part(whole))
        return whole

    def tell_turns(self, call: Call) -> None:
        """Report the turns of a call that goes on: evidence is not to wait for the end of a long one."""
        self.finishing.record(self.assistants[call.assistant], call, call.ledger.so_far(self._clock.monotonic()))

    def authenticate(self, token_text: str) -> Call:
        """The call that `token_text` speaks for.

        Raises:
            Unauthorized: not one of ours, expired, or the call is over.
        """
        call = self._by_token.get(token_text) or self._detached.get(token_text)
        if call is None:
            return self._adopt(token_text)
        if self._clock.now() >= call.token.expires_at:
            raise Unauthorized("the call token has expired")
        return call

    def live(self) -> tuple[Call, ...]:
        """Calls whose audio this proxy relays."""
        return tuple(call for assistant in self.assistants.values() for call in assistant.live.values())

    def _adopt(self, token_text: str) -> Call:
        """A call whose proxy is gone, on the strength of that proxy's signature."""
        token = self.keys.verify(token_text, self.assistants.values())
        assistant = self.assistants.get(f"{token.namespace}/{token.assistant}")
        if assistant is None or self.keys.is_ticket(token):
            raise Unauthorized("the token opens no call here")
        if token.key_id == self.keys.key_id:
            raise Unauthorized("the call is over")
        snapshot = assistant.snapshots.get(token.revision)
        if snapshot is None:
            raise Unauthorized("the call's revision is not served any more")
        call = Call(token, token_text, assistant, snapshot, self._ledger(token))
        call.detached = True
        if len(self._detached) >= DETACHED_MAX:
            self._detached.pop(next(iter(self._detached))).close_resources()
        self._detached[token_text] = call
        return call

    def _issue(self, assistant: Assistant, call_id: str, arm: Arm, revision: str) -> Call:
        """A call whose token is valid from now on."""
        snapshot = assistant.snapshots[revision]
        token, text = self.keys.issue(assistant, call_id, arm, revision, snapshot)
        call = Call(token, text, assistant, snapshot, self._ledger(token))
        self._by_token[text] = call
        return call

    def _ledger(self, token: CallToken) -> Ledger:
        return Ledger(
            call_id=token.call_id,
            revision=token.revision,
            arm=Arm(token.arm),
            budget_ms=token.budget_ms,
            started_at=self._clock.now(),
            now=self._clock.monotonic(),
        )
