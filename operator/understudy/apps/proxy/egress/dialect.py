"""The two protocols in which agents ask for a model."""

from collections.abc import Mapping
from typing import Any, Protocol

from understudy.apps.proxy.egress.chat_outlet import StreamOutlet, WholeOutlet
from understudy.apps.proxy.egress.reader import Reader
from understudy.apps.proxy.http.exchange import Exchange
from understudy.domain.revision.snapshot import Account, Model, ModelTarget
from understudy.domain.routing.completion import Malformed
from understudy.domain.routing.joint import Joint
from understudy.domain.routing.prompt import compose, continued, dialogue
from understudy.domain.routing.providers import chat_url
from understudy.domain.routing.reading import Hold, Reading
from understudy.domain.routing.responses import (
    ResponsesReading,
    broken_off,
    compose_response,
    items,
    responses_url,
    spoken,
    take_whole,
    without_instructions,
)
from understudy.domain.routing.whole import WholeReader


class Dialect(Protocol):
    """What differs between them."""

    glues: bool
    """Whether an answer can be gone on with, bridged and replaced by us."""

    def said(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The dialogue in an agent's request, without instructions.

        Raises:
            Malformed: there is none.
        """
        ...

    def spoken(self, said: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The same as messages of a chat."""
        ...

    def compose(
        self,
        body: dict[str, Any],
        model: Model,
        target: ModelTarget,
        account: Account,
        *,
        said: list[Any],
        prompt: str | None,
    ) -> dict[str, Any]:
        """What `target` is sent."""
        ...

    def continued(self, said: list[Any], beginning: str) -> list[Any]:
        """The dialogue to send so that the answer goes on after `beginning`."""
        ...

    def url(self, account: Account, target: ModelTarget) -> str:
        """Where `target` is asked."""
        ...

    def reader(self, hold: Hold, beginning: str, *, streamed: bool) -> Reader:
        """Reads an answer, or one that goes on after `beginning`."""
        ...

    def outlet(self, exchange: Exchange, *, streamed: bool) -> StreamOutlet | WholeOutlet:
        """Passes the answer on."""
        ...


class ChatDialect:
    """`POST /v1/chat/completions`."""

    glues = True

    def said(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """See `Dialect.said`."""
        messages = body.get("messages")
        if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
            raise Malformed("`messages` has to be a list of messages")
        return dialogue(messages)

    def spoken(self, said: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """See `Dialect.spoken`."""
        return said

    def compose(
        self,
        body: dict[str, Any],
        model: Model,
        target: ModelTarget,
        account: Account,
        *,
        said: list[Any],
        prompt: str | None,
    ) -> dict[str, Any]:
        """See `Dialect.compose`."""
        return compose(body, model, target, account, said, prompt=prompt)

    def continued(self, said: list[Any], beginning: str) -> list[Any]:
        """See `Dialect.continued`."""
        return continued(said, beginning)

    def url(self, account: Account, target: ModelTarget) -> str:
        """See `Dialect.url`."""
        return chat_url(account, target)

    def reader(self, hold: Hold, beginning: str, *, streamed: bool) -> Reader:
        """See `Dialect.reader`."""
        return Reading(hold, Joint(beginning) if beginning else None) if streamed else WholeReader()

    def outlet(self, exchange: Exchange, *, streamed: bool) -> StreamOutlet | WholeOutlet:
        """See `Dialect.outlet`."""
        return StreamOutlet(exchange) if streamed else WholeOutlet(exchange)


class ResponsesDialect:
    """`POST /v1/responses`: passed through to the deployment that was chosen, with fallbacks before its first byte."""

    glues = False

    def said(self, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        """See `Dialect.said`."""
        return without_instructions(items(dict(body)))

    def spoken(self, said: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """See `Dialect.spoken`."""
        return spoken(said)

    def compose(
        self,
        body: dict[str, Any],
        model: Model,
        target: ModelTarget,
        account: Account,
        *,
        said: list[Any],
        prompt: str | None,
    ) -> dict[str, Any]:
        """See `Dialect.compose`."""
        return compose_response(body, model, target, account, said, prompt=prompt)

    def continued(self, said: list[Any], beginning: str) -> list[Any]:  # noqa: ARG002 - it is not
        """Answers are not gone on with."""
        return said

    def url(self, account: Account, target: ModelTarget) -> str:
        """See `Dialect.url`."""
        return responses_url(account, target)

    def reader(self, hold: Hold, beginning: str, *, streamed: bool) -> Reader:  # noqa: ARG002 - they do not matter
        """See `Dialect.reader`."""
        return ResponsesReading() if streamed else WholeReader(take_whole)

    def outlet(self, exchange: Exchange, *, streamed: bool) -> StreamOutlet | WholeOutlet:
        """See `Dialect.outlet`."""
        return ResponsesOutlet(exchange) if streamed else WholeOutlet(exchange)


class ResponsesOutlet(StreamOutlet):
    """A streamed response."""

    async def end_early(self) -> None:
        """Half a response cannot be made a whole one: the agent is told."""
        await self._write(broken_off())
        await self.end()

    async def close(self) -> None:
        """There is no event after the last one."""
        await self.end()


CHAT = ChatDialect()
RESPONSES = ResponsesDialect()
