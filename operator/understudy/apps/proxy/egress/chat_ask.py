"""One request of an agent for the model, and what is made of it for a provider."""

from typing import Any, NamedTuple

import orjson

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress.dialect import CHAT, Dialect
from understudy.apps.proxy.egress.reader import Reader
from understudy.domain.revision.snapshot import Account, ModelTarget, Snapshot
from understudy.domain.routing.pool.step import Ask
from understudy.domain.routing.reading import Hold
from understudy.domain.routing.tokens import estimated


class Asked(NamedTuple):
    """One request of the agent.

    Attributes:
        call: whose.
        snapshot: the revision that serves it.
        body: what the agent sent.
        said: the dialogue, as JSON already.
        started: when it came, on the ledger's clock.
        ask: the same for the pool.
        hold: what is waited for before the answer is passed on.
        dialect: the protocol.
        filler: what is said when the budget is gone; empty: nothing.
    """

    call: Call
    snapshot: Snapshot
    body: dict[str, Any]
    said: list[Any]
    started: float
    ask: Ask
    hold: Hold
    dialect: Dialect = CHAT
    filler: str = ""

    @property
    def streamed(self) -> bool:
        """Whether the agent wants the answer in pieces."""
        return bool(self.body.get("stream"))

    @property
    def deadline(self) -> float:
        """When the turn's budget is gone."""
        return self.started + self.ask.budget_s

    def request(self, target: ModelTarget, account: Account, beginning: str, *, simpler: bool) -> bytes:
        """What `target` is sent.

        Args:
            target: where it goes.
            account: its account.
            beginning: what was passed on of the answer; the target is to go on from there. Empty: it is to answer.
            simpler: whether to use the simpler prompt where there is one.
        """
        model = self.snapshot.model
        prompt = model.graceful.simpler_prompt if simpler and model.graceful else None
        said = self.dialect.continued(self.said, beginning) if beginning else self.said
        return orjson.dumps(self.dialect.compose(self.body, model, target, account, said=said, prompt=prompt))

    def reader(self, beginning: str) -> Reader:
        """Reads an answer, or one that goes on after `beginning`."""
        return self.dialect.reader(self.hold, beginning, streamed=self.streamed)


def fragments(messages: list[dict[str, Any]]) -> tuple[list[Any], int]:
    """`messages` as JSON, so that a refired request costs little, and the estimated tokens in them."""
    encoded = [orjson.dumps(message) for message in messages]
    return [orjson.Fragment(each) for each in encoded], estimated(sum(map(len, encoded)))


def is_first(messages: list[dict[str, Any]]) -> bool:
    """Whether the assistant has said nothing yet, so that no provider has the dialogue cached."""
    return not any(message.get("role") == "assistant" for message in messages)


def may_repeat(body: dict[str, Any]) -> bool:
    """Whether the request may be fired twice: several choices, parallel calls and audio are passed through as is."""
    return not (several(body) or body.get("parallel_tool_calls") is True)


def several(body: dict[str, Any]) -> bool:
    """Whether the answer is one that we cannot put together: several choices, or sound."""
    many = body.get("n")
    return (isinstance(many, int) and many > 1) or "audio" in (body.get("modalities") or ())
