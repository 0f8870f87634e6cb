"""Calls in progress, and who may speak for them."""

from collections.abc import Callable
from typing import Any

from understudy.apps.proxy.assistants import Assistant
from understudy.base.clock import Clock
from understudy.base.errors import Unauthorized
from understudy.domain.calls.ledger import Ledger
from understudy.domain.calls.token import CallToken
from understudy.domain.revision.snapshot import Snapshot


class Call:
    """One call.

    Attributes:
        token: what the agent shows as its key, decoded.
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
    """

    def __init__(self, token: CallToken, assistant: Assistant, ledger: Ledger, *, detached: bool = False) -> None:
        self.token = token
        self.id = token.call_id
        self.assistant = assistant.key
        self.namespace = token.namespace
        self.ledger = ledger
        self.detached = detached
        self.resources: set[Callable[[], None]] = set()
        self.dialogue: list[dict[str, Any]] = []
        self.earlier: list[dict[str, Any]] = []
        self._assistant = assistant

    def snapshot(self) -> Snapshot:
        """The revision that serves the call now: for sockets, the voice and the transcriber."""
        raise Unauthorized("no such revision")

    def begin_model_turn(self, now: float) -> Snapshot:
        """The revision that serves the model request that starts now, at `Clock.monotonic()`; a rescue begins here.

        Records the request in the ledger (`model_request`), so the chat facade must not.
        """
        raise Unauthorized(f"no such revision at {now}")


class Registry:
    """Every call and assistant of this process."""

    def __init__(self, assistants: dict[str, Assistant], clock: Clock) -> None:
        self.assistants = assistants
        self._clock = clock

    def authenticate(self, token_text: str) -> Call:
        """The call that `token_text` speaks for.

        Raises:
            Unauthorized: not one of ours, expired, or the call is over.
        """
        raise Unauthorized(token_text[:0] + "the call token is not one of ours")

    def live(self) -> tuple[Call, ...]:
        """Calls whose audio this proxy relays."""
        return ()
