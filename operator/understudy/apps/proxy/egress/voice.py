"""One context of speech, spoken by the first voice that can; shared by both faces.

A voice that fails is replaced by the next one, which goes on with the first word that was not handed over. What leaves
has been checked, and leaves in whole words, so that a caller hears none twice and misses none (see `speech/take.py`).
"""

import asyncio
from collections import deque
from typing import Any

from understudy.apps.proxy.egress import upstream
from understudy.apps.proxy.egress.parts import account_of
from understudy.apps.proxy.egress.voice_link import Speaker, VoiceLinks
from understudy.apps.proxy.egress.voice_memory import health_key
from understudy.apps.proxy.egress.voice_outlet import Outlet, Sink
from understudy.apps.proxy.egress.voice_performance import Care, Performance
from understudy.apps.proxy.egress.voice_slack import key_of, prompts_of, voices_for
from understudy.apps.proxy.egress.voice_standby import Standby
from understudy.base.errors import AllFailed, ProviderBroke, ProviderError, ProviderTimeout
from understudy.domain.revision.snapshot import Account, Voice
from understudy.domain.speech.utterance import Utterance

PART = "voice"

FIRST_AUDIO_S = 2.0
"""Longest wait for the first audio of a compressed text, of whose voice nothing is learned."""

STALL_S = 5.0
"""Longest silence in a compressed text: what was made before has been played by then."""


class Speech:
    """Speaks one utterance.

    Args:
        links: the agent's sockets to voices.
        utterance: what to say; may grow through `add`.
        sink: where the speech goes.
        alone: nobody hears it: by this voice alone, and no part of the call's account.
    """

    def __init__(self, links: VoiceLinks, utterance: Utterance, sink: Sink, *, alone: Voice | None = None) -> None:
        self.utterance = utterance
        self.position = 0
        """Characters that were handed over as audio."""
        self._links, self._alone = links, alone
        self._egress, self._call = links.egress, links.call
        self._snapshot = self._call.snapshot()
        self._changed = asyncio.Event()
        self._speaking: Account | None = None
        """Account of the present voice; None for what is kept."""
        self._failures = 0
        self._turns = deque[int]()
        """Voices that were not asked yet, by index."""
        self._standby = Standby(self._perform)
        self._outlet = Outlet(utterance, sink, links.playout, self._began)

    def add(self, message: dict[str, Any]) -> None:
        """More text, or its end."""
        had_text = self.utterance.has_text
        self.utterance.add(message)
        if self.utterance.has_text and not had_text and not self._alone:
            self._call.ledger.voice_request(self._egress.now())
        self._changed.set()

    async def changed(self, seconds: float | None = None) -> bool:
        """Wait for more text, or its end; False when there was none for `seconds`."""
        self._changed.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return False
        return True

    async def run(self) -> None:
        """Speak to the end.

        Raises:
            AllFailed: no voice could, or none could go on.
        """
        while not (self.utterance.has_text or self.utterance.complete):
            await self.changed()
        try:
            await self._run()
        finally:
            await self._standby.close()

    async def _run(self) -> None:
        causes: list[ProviderError] = []
        failed: set[int] = set()
        voices = self._voices()
        self._turns, again = deque(range(len(voices))), deque[int]()
        while ((turns := self._turns) or again) and self._unsaid():
            index = turns.popleft() if turns else again.popleft()
            begun = self.position
            try:
                await self._speak(voices[index], voices[turns[0]] if turns else None)
            except ProviderError as cause:
                self._failures += 1
                self._failed(voices[index], cause)
                causes.append(cause)
                failed.add(index)
                if self._may_return(cause, causes, begun):
                    again.append(index)
            else:
                self._won(voices[index], failed_over=bool(failed - {index}))
                return
        if self._unsaid():
            raise AllFailed(PART, causes)

    def _may_return(self, cause: ProviderError, causes: list[ProviderError], begun: int) -> bool:
        """Whether a voice may go on when nobody else is left: it spoke and broke off, or was only too slow for us.

        Once: it is asked again without a successor, and waited for.
        """
        first = sum(each.provider == cause.provider for each in causes) == 1
        spoke = self.position > begun and isinstance(cause, ProviderBroke)
        return first and (spoke or isinstance(cause, ProviderTimeout))

    def _unsaid(self) -> bool:
        return not self.utterance.complete or self.utterance.rest(self.position)

    def _voices(self) -> list[Voice]:
        if self._alone:
            return [self._alone]
        voices = voices_for(self._call, self._snapshot)
        return self._egress.voices.order(self._call, voices, asyncio.get_running_loop().time())

    async def _speak(self, voice: Voice, successor: Voice | None) -> None:
        """By one voice, from `position` on; `position` is where it came.

        Raises:
            ProviderError: it failed.
        """
        account = account_of(self._snapshot, voice.account)
        if await self._play_kept(voice) and not await self._more_to_say():
            return
        self._speaking = account
        with upstream.told_as(account.name):
            performance = await self._standby.take(voice, self.position)
            performance = performance or Performance(
                self._links,
                self,
                Speaker(voice, account),
                self.position,
                follows=self._failures > 0,
                care=self._care(followed=successor is not None),
            )
            await performance.run(self._outlet, successor, self._standby)

    async def _play_kept(self, voice: Voice) -> bool:
        """Say a prompt from what is kept of it in `voice`, if the text goes on with it."""
        rest = self.utterance.text[self.position :]
        begin = self.position + len(rest) - len(rest.lstrip())
        for prompt in prompts_of(self._snapshot.model) if not self._alone else ():
            kept = self._egress.fillers.get(key_of(self._call, voice, self.utterance.format, prompt))
            if kept is not None and self.utterance.text.startswith(prompt, begin):
                self._speaking = None
                await self._outlet.play(kept, prompt)
                self.position = begin + len(prompt)
                return True
        return False

    async def _more_to_say(self) -> bool:
        while not self.utterance.complete and not self.utterance.rest(self.position):
            await self.changed()
        return self.utterance.rest(self.position)

    def _perform(self, voice: Voice, begin: int) -> Performance | None:
        account = self._snapshot.accounts.get(voice.account)
        if account is None:
            return None
        care = self._care(followed=len(self._turns) > 1)
        return Performance(self._links, self, Speaker(voice, account), begin, follows=True, care=care)

    def _care(self, *, followed: bool) -> Care:
        """What a voice's audio waits for; `followed`: another voice could go on. Nobody waits for what nobody hears."""
        if self._alone:
            return Care.CLAUSES
        if self._snapshot.handover == "Immediate":
            return Care.NOTHING
        return Care.CLAUSES if followed else Care.WORDS

    def _began(self) -> None:
        if not self._alone:
            self._egress.voice_began(self._call, self._speaking)

    def _failed(self, voice: Voice, cause: ProviderError) -> None:
        account = self._snapshot.accounts.get(voice.account)
        unknown = Account(name=voice.account, provider=voice.provider, base_url="")
        self._egress.failed(PART, self._call, account or unknown, cause)
        key = health_key(self._call.namespace, voice)
        self._egress.voices.health.failed(key, asyncio.get_running_loop().time())

    def _won(self, voice: Voice, *, failed_over: bool) -> None:
        self._egress.metrics.attempts.labels(PART, voice.account, "ok").inc()
        self._egress.available(PART, self._call)
        if failed_over:
            self._egress.took_over(PART, self._call, self._snapshot.accounts[voice.account])
        elif not self._alone and voice.account != voices_for(self._call, self._snapshot)[0].account:
            self._call.ledger.failover(PART)  # the first one is known not to work
        self._egress.voices.health.works(health_key(self._call.namespace, voice))
        if not self._alone:
            self._egress.voices.speaks(self._call, voice)
