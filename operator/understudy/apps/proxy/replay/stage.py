"""One golden call, from the first word that is made for it to the end of its session."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from understudy.apps.proxy.agents import Agents
from understudy.apps.proxy.assistants import Assistant
from understudy.apps.proxy.context import ProxyContext
from understudy.apps.proxy.replay.conduct import Conduct
from understudy.apps.proxy.replay.line import Line
from understudy.apps.proxy.replay.matching import matches
from understudy.apps.proxy.replay.voice import CallerVoice, Speechless
from understudy.apps.proxy.session import Session
from understudy.domain.calls.golden import GoldenCall
from understudy.domain.calls.golden_account import GoldenAccount
from understudy.domain.calls.observation import CallEnd

CALL_MAX_S = 600.0
"""Longest golden call: thirty turns of twenty seconds. What is longer hangs, whatever it says."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Where golden calls are played.

    Attributes:
        context: the process's parts.
        agents: finds agent pods.
        own_url: where an agent reaches this pod.
        voice: speaks for the callers.
    """

    context: ProxyContext
    agents: Agents
    own_url: Callable[[], str]
    voice: CallerVoice

    async def play(self, assistant: Assistant, revision: str, call_id: str, golden: GoldenCall) -> list[str]:
        """Play `golden` against `revision`, whose snapshot the assistant holds; a sentence for each thing not met."""
        try:
            words = await self._words(assistant, revision, call_id, golden)
        except Speechless as reason:
            return [str(reason)]
        return await self._perform(assistant, revision, call_id, golden, words)

    async def _words(self, assistant: Assistant, revision: str, call_id: str, golden: GoldenCall) -> list[bytes]:
        """Made before the call: no caller hesitates for a synthesiser."""
        registry = self.context.registry
        call = registry.open_golden(assistant, f"{call_id}-caller", revision, GoldenAccount({}))
        try:
            return await self.voice.words(call, golden.turns)
        finally:
            registry.close_golden(call)

    async def _perform(
        self, assistant: Assistant, revision: str, call_id: str, golden: GoldenCall, words: list[bytes]
    ) -> list[str]:
        registry, clock, account = self.context.registry, self.context.clock, GoldenAccount(golden.tools)
        call = registry.open_golden(assistant, call_id, revision, account)
        line = Line(call_id, clock)
        session = Session(
            carrier=line,
            start=line.start,
            call=call,
            assistant=assistant,
            agents=self.agents,
            own_url=self.own_url(),
            clock=clock,
        )
        ticking, over = asyncio.create_task(line.run()), asyncio.create_task(session.run())
        conduct = Conduct(line=line, call=call, account=account, over=over, clock=clock, matches=matches)
        try:
            async with asyncio.timeout(CALL_MAX_S):
                await conduct.converse(golden, words)
        except TimeoutError:
            conduct.failures.append(f"the call did not end within {CALL_MAX_S:.0f} s")
        finally:
            registry.close_golden(call)
            for task in (ticking, over):
                task.cancel()
            await asyncio.gather(ticking, over, return_exceptions=True)
            await session.close(CallEnd.CALLER_HUNG_UP, "")
        return conduct.failures
