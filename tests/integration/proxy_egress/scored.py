"""A whole proxy whose routing document says who scores calls."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiohttp import ClientSession

from tests.integration.proxy_front.documents import (
    CANARY,
    NAME,
    NAMESPACE,
    STABLE,
    document,
    publish,
    publish_revision,
    ref,
)
from tests.integration.proxy_front.documents import snapshot as revision
from tests.integration.proxy_front.whole import documents_in, put_secret, whole_proxy
from understudy.apps.proxy.app import Proxy
from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.calls import Call
from understudy.domain.calls.observation import CallEnd, CallObservation
from understudy.domain.revision.snapshot import Account, Model, ModelTarget
from understudy.domain.routing.document import Arm, QualityOrder

AGENTS = "127.0.0.1:1"
DIALOGUE = [
    {"role": "assistant", "content": "The Golden Fork, good evening."},
    {"role": "user", "content": "a table for Mrs Smith please"},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
    {"role": "tool", "content": '{"booked": true}'},
    {"role": "assistant", "content": "You are expected at eight."},
]
SAID = [
    {"role": "assistant", "text": "The Golden Fork, good evening."},
    {"role": "caller", "text": "a table for Mrs Smith please"},
    {"role": "assistant", "text": "You are expected at eight."},
    {"role": "caller", "text": "thanks, goodbye"},
]


@dataclass
class Running:
    """A running proxy."""

    proxy: Proxy
    assistant: Assistant
    root: Path

    def open(self, arm: Arm = Arm.STABLE, call_id: str = "CA1") -> Call:
        """A call that has begun."""
        name = CANARY if arm is Arm.CANARY else STABLE
        return self.proxy.context.registry.open(self.assistant, call_id, arm, name)

    def hang_up(
        self, arm: Arm = Arm.STABLE, call_id: str = "CA1", end: CallEnd = CallEnd.CALLER_HUNG_UP, *, talk: bool = True
    ) -> None:
        """A call from its beginning to its end."""
        call = self.open(arm, call_id)
        if talk:
            call.dialogue = [dict(message) for message in DIALOGUE]
            call.ledger.caller_transcript("thanks, goodbye", 0.0)
        self.proxy.context.registry.close(call, end, "")

    async def observed(self, count: int = 1) -> tuple[CallObservation, ...]:
        """What the operator reads, once `count` calls are there."""
        assert await self.assistant.changed.until(lambda: self.assistant.finished.last >= count, 10)
        return self.assistant.finished.since(0)

    async def problems(self) -> list[tuple[str, str]]:
        """Account and reason of what the operator is told of keys."""
        url = f"http://127.0.0.1:{self.proxy.admin_port}/v1/state"
        async with ClientSession() as session, session.get(url, params={"assistant": self.assistant.key}) as response:
            return [(each["account"], each["reason"]) for each in (await response.json())["problems"]]

    def metric(self, name: str, **labels: str) -> float:
        value = self.proxy.context.metrics.registry.get_sample_value(
            name, {"assistant": f"{NAMESPACE}/{NAME}"} | labels
        )
        return value or 0.0

    def results(self, scorer: str = "judge") -> dict[str, float]:
        """How many scores ended how."""
        found = self.proxy.context.metrics.registry.collect()
        samples = (each for family in found if family.name == "understudy_scores" for each in family.samples)
        return {
            each.labels["result"]: each.value
            for each in samples
            if each.name == "understudy_scores_total" and each.labels["scorer"] == scorer
        }


def judge_account(url: str, **changes: Any) -> Account:
    return Account.model_validate(
        {"name": "judges", "provider": "openai", "base_url": url, "secret": "judges", "default_host": False, **changes}
    )


@asynccontextmanager
async def scoring(
    root: Path, quality: QualityOrder, *, canary: bool = True, model: str = "http://127.0.0.1:1/v1"
) -> AsyncIterator[Running]:
    """A proxy in front of the model at `model`, which may send keys to this machine."""
    for secret in ("judges", "hook"):
        put_secret(root, secret, f"key-of-{secret}")
    documents = documents_in(root)
    accounts = {"sim": Account(name="sim", provider="openai", base_url=model, default_host=False)}
    target = ModelTarget(name="sim", account="sim", model="maitre")
    for name in (STABLE, CANARY):
        told = Model(targets=(target,), system_prompt=f"Secret prompt of {name}.")
        publish_revision(documents, name, revision("", accounts=accounts, model=told))
    refs = {"stable": ref(STABLE, AGENTS)} | ({"canary": ref(CANARY, AGENTS)} if canary else {})
    routing = document(1, **refs, quality=quality)
    publish(documents, routing)
    async with whole_proxy(root) as proxy:
        assistant = proxy.context.registry.assistants[f"{NAMESPACE}/{NAME}"]
        assert await assistant.changed.until(lambda: assistant.document == routing, 5)
        yield Running(proxy, assistant, root)
