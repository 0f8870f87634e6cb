"""The process's signing key: call tokens for agents, tickets for carriers."""

import secrets
from collections.abc import Iterable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from understudy.apps.proxy.assistants import Assistant
from understudy.base.clock import Clock
from understudy.base.errors import Unauthorized
from understudy.domain.calls.token import CallToken, issue, public_bytes, verify
from understudy.domain.revision.snapshot import Snapshot
from understudy.domain.routing.document import Arm

EXPIRY_MARGIN_S = 60
"""Seconds a token outlives the longest call: clocks of two pods may differ, and a last request may be under way."""

TICKET_BUDGET_MS = 0
"""A ticket is a token without a budget: it brings a caller back to his arm and opens nothing else. The carrier sees it,
so it must be useless as a key."""


class Keys:
    """One Ed25519 key per process; it dies with it, and its peers learn the public half from the routing document."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._private = Ed25519PrivateKey.generate()
        self.key_id = secrets.token_hex(8)
        self.public_key = public_bytes(self._private)

    def issue(
        self, assistant: Assistant, call_id: str, arm: Arm, revision: str, snapshot: Snapshot
    ) -> tuple[CallToken, str]:
        """A token for one call, decoded and as text."""
        token = self._token(
            assistant=assistant,
            call_id=call_id,
            arm=arm,
            revision=revision,
            snapshot=snapshot,
            budget_ms=snapshot.turn_budget_ms,
        )
        return token, issue(token, self._private)

    def ticket(self, assistant: Assistant, call_id: str, arm: Arm, revision: str) -> str:
        """What the carrier shows when it connects, or connects again: keeps the arm and the revision."""
        snapshot = assistant.snapshots[revision]
        ticket = self._token(
            assistant=assistant,
            call_id=call_id,
            arm=arm,
            revision=revision,
            snapshot=snapshot,
            budget_ms=TICKET_BUDGET_MS,
        )
        return issue(ticket, self._private)

    def is_ticket(self, token: CallToken) -> bool:
        """Whether `token` is one that the carrier was given."""
        return token.budget_ms == TICKET_BUDGET_MS

    def verify(self, text: str, assistants: Iterable[Assistant]) -> CallToken:
        """The token in `text`, signed by us or by a peer that serves one of `assistants`.

        Raises:
            Unauthorized: as `domain.calls.token.verify`; or a peer signed for an assistant that it does not serve.
        """
        peers = {assistant.key: assistant.document.peers for assistant in assistants if assistant.document}
        known = {peer.key_id: peer.public_key for listed in peers.values() for peer in listed}
        token = verify(text, {**known, self.key_id: self.public_key}, self._clock.now())
        listed = peers.get(f"{token.namespace}/{token.assistant}", ())
        if token.key_id != self.key_id and all(peer.key_id != token.key_id for peer in listed):
            raise Unauthorized("the call token is not one of ours")
        return token

    def _token(
        self, *, assistant: Assistant, call_id: str, arm: Arm, revision: str, snapshot: Snapshot, budget_ms: int
    ) -> CallToken:
        longest = -(-snapshot.max_call_duration_ms // 1000)
        return CallToken(
            namespace=assistant.namespace,
            assistant=assistant.name,
            call_id=call_id,
            arm=arm.value,
            revision=revision,
            budget_ms=budget_ms,
            expires_at=int(self._clock.now()) + longest + EXPIRY_MARGIN_S,
            key_id=self.key_id,
        )
