"""The words of the callers in golden calls, spoken by the revision's own voices."""

import asyncio
from collections.abc import Sequence

from prometheus_client import CollectorRegistry

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.context import ProxyContext
from understudy.apps.proxy.egress.farewell import TELEPHONE
from understudy.apps.proxy.egress.metrics import EgressMetrics
from understudy.apps.proxy.egress.parts import Egress
from understudy.apps.proxy.egress.rehearsal import spoken
from understudy.domain.calls.golden import GoldenTurn
from understudy.domain.calls.loudness import AUDIBLE, RATE, level

SPEAK_S = 30.0
"""Longest wait for one voice to make one line: a thousand characters are a minute of speech, made at twice the speed of
speaking by the slowest."""

_PIECE = RATE // 10


class Speechless(Exception):
    """None of the revision's voices spoke a line."""


class CallerVoice:
    """Makes audio for callers, with an egress of its own: what is learned and counted about voices is about answers."""

    def __init__(self, context: ProxyContext) -> None:
        self._egress = Egress(context, EgressMetrics(CollectorRegistry()))

    async def words(self, call: Call, turns: Sequence[GoldenTurn]) -> list[bytes]:
        """The audio of each turn, 8 kHz μ-law; `call` says whose voices and keys.

        Raises:
            Speechless: there is none for a turn.
        """
        return [await self._say(call, number, turn.say) for number, turn in enumerate(turns, 1)]

    async def _say(self, call: Call, number: int, text: str) -> bytes:
        """By the first voice, or by the first after it that can: the caller's own voice is not what is tried."""
        for voice in call.snapshot().voices:
            try:
                async with asyncio.timeout(SPEAK_S):
                    audio = await spoken(self._egress, call, TELEPHONE, voice, text)
            except TimeoutError:
                continue
            if any(level(audio[at : at + _PIECE]) >= AUDIBLE for at in range(0, len(audio), _PIECE)):
                return audio
        raise Speechless(f"turn {number}: none of the revision's voices spoke the caller's words")
