"""One voice speaks an utterance from where the one before came to; what it says is checked, paced and handed over."""

import asyncio
import logging
from typing import TYPE_CHECKING

from understudy.apps.proxy.egress.voice_lineup import Begun, Item, More, Over
from understudy.apps.proxy.egress.voice_link import Speaker, VoiceLinks
from understudy.apps.proxy.egress.voice_memory import speed_of, voice_key
from understudy.apps.proxy.egress.voice_outlet import Outlet, Spout
from understudy.apps.proxy.egress.voice_stage import Stage, stage_of
from understudy.apps.proxy.egress.voice_watch import CLOSING_S, Watch
from understudy.base.errors import ProviderBroke, ProviderError, ProviderTimeout
from understudy.domain.revision.snapshot import Voice
from understudy.domain.speech.audio import Linear
from understudy.domain.speech.take import Piece, Take, Unsound
from understudy.domain.speech.utterance import Units
from understudy.domain.speech.voice_codec import Audio, Done, Words

if TYPE_CHECKING:
    from understudy.apps.proxy.egress.voice import Speech

log = logging.getLogger(__name__)
audit = logging.getLogger("understudy.audit.speech")

HOLD_S = 0.35
"""How long a clause of a voice without word times is held back while the listener has nothing to hear. Voices make two
to ten seconds of audio a second: mostly it is whole by then, and a failure costs no word. Then nobody waits."""

LEAD_S = 0.25
"""Audio that is handed over at a time of a clause that could not be waited for: what left can not be taken back."""

DRY_S = 0.05
"""Audio left to play at which more has to be handed over, for the way to the carrier."""

SETTLED_S = 0.15
"""How long a text that ends like a clause waits for what would change that: models write 20 to 100 words a second."""

LEAST_WAIT_S = 0.05
"""Shortest time that text waits for more; an agent that asks for less cannot see a difference."""

_MARKS = (".", "!", "?", "…", ",", ";", ":", "。", "！", "？", "，", "、")  # noqa: RUF001 - Chinese and Japanese marks


class Performance:
    """See `run`.

    Args:
        links: the agent's sockets to voices.
        speech: what is said; its `position` is where this voice begins, and afterwards where it came.
        speaker: who speaks.
        successor: who would go on; None: nobody.
    """

    def __init__(self, links: VoiceLinks, speech: "Speech", speaker: Speaker, successor: Voice | None) -> None:
        self._links, self._speech, self._speaker, self._account = links, speech, speaker, speaker.account
        self._memory = links.egress.voices
        self._namespace = links.call.namespace
        self._key = voice_key(self._namespace, speaker.voice)
        after = self._memory.onset(voice_key(self._namespace, successor)) if successor else None
        self._watch = Watch(self._memory.onset(self._key), after, links.playout)
        self._now = asyncio.get_running_loop().time
        self._open = False
        """Whether a context is being spoken."""
        self._pieces = True
        self._fed = False
        """Whether the voice was given all text there will be."""
        self._first: float | None = None
        """When the present context's first audio came."""
        self._latest = self._now()
        """When anything came."""

    async def run(self, outlet: Outlet) -> None:
        """Speak to the end.

        Raises:
            ProviderError: the voice failed.
            Unsound: likewise.
        """
        speech = self._speech
        stage = await stage_of(self._links, self._speaker, speech.utterance.format)
        self._pieces = stage.pieces
        rate = stage.audio.sample_rate
        self._take = Take(speech.position, rate, self._memory.tempo(self._key, speed_of(self._speaker.voice)))
        self._linear = Linear(stage.audio)
        like = voice_key(self._namespace, self._links.call.snapshot().voices[0])
        self._spout = Spout(outlet, self._memory, self._key, like, rate)
        feeder = asyncio.create_task(self._feed(stage))
        failed = False
        self._audit()
        try:
            await self._listen(stage)
            await self._spout.close()
        except (ProviderError, Unsound):
            failed = True
            await self._give(self._take.abandon(speech.utterance.text))
            await self._spout.close()
            raise
        finally:
            speech.position = self._take.position
            feeder.cancel()
            await asyncio.gather(feeder, return_exceptions=True)
            await stage.leave(failed=failed)

    def _audit(self) -> None:
        account, call = self._account, self._links.call
        audit.info(
            "speech of call %s of %s was asked of account %s (provider %s, region %s), from character %d on",
            call.id,
            call.assistant,
            account.name,
            account.provider,
            account.region or "unspecified",
            self._speech.position,
        )

    async def _feed(self, stage: Stage) -> None:
        """Give the voice the text, clause by clause, as the agent writes it."""
        try:
            await self._feed_units(stage, Units(self._speech.position))
        except ProviderError as error:
            stage.lineup.fail(error)
        except Exception:
            log.exception("a text could not be given to a voice")
            stage.lineup.fail(ProviderBroke(self._account.name, "could not be given the text"))

    async def _feed_units(self, stage: Stage, units: Units) -> None:
        utterance = self._speech.utterance
        last = False
        while not last:
            part = units.next(utterance)
            if part is not None:
                begin, end = part
                last = utterance.complete and not utterance.rest(end)
                await stage.say(utterance.text[begin:end].strip(), begin, end, last=last)
            elif utterance.complete:
                await stage.finish()
                break
            elif not await self._speech.changed(self._wait(units)):
                utterance.settle()
        self._fed = True
        stage.lineup.over()

    def _wait(self, units: Units) -> float | None:
        """Seconds that the text there is may wait for more; None: there is none."""
        utterance = self._speech.utterance
        if not utterance.rest(units.position):
            return None
        buffer_s = max(LEAST_WAIT_S, utterance.buffer_ms / 1000)
        return min(SETTLED_S, buffer_s) if utterance.text.rstrip().endswith(_MARKS) else buffer_s

    async def _listen(self, stage: Stage) -> None:
        """Take in what the voice says until it has said all."""
        while True:
            item = await self._next(stage)
            if isinstance(item, Over):
                return
            if item is not None:
                await self._take_in(item)

    async def _take_in(self, item: Item) -> None:
        text, take = self._speech.utterance.text, self._take
        self._latest = self._now()
        match item:
            case ProviderError():
                raise item
            case Begun(begin, end, at):
                take.context(begin, end)
                self._watch.began(at)
                self._open, self._first = True, None
            case More(end, at):
                take.extend(end)
                self._watch.asked(at)
            case Audio(data):
                self._heard()
                take.audio(text, self._linear.convert(data))
                await self._give(take.ready())
            case Words():
                take.words(text, item)
                await self._give(take.ready())
            case Done():
                await self._give(take.done(text))
                self._open = False
        if self._open and take.reports and not take.owes(text):
            self._watch.rested()

    def _heard(self) -> None:
        took = self._watch.heard(self._latest)
        if took is not None:
            self._memory.began(self._key, took)
        if self._first is None:
            self._first = self._latest

    async def _next(self, stage: Stage) -> Item | None:
        """What comes next; None when there is audio to hand over meanwhile.

        Raises:
            ProviderTimeout: nothing came in time.
        """
        lost, hold = self._lost_at(), self._held_until()
        wake = min((at for at in (lost, hold) if at is not None), default=None)
        try:
            async with asyncio.timeout_at(wake):
                return await stage.lineup.queue.get()
        except TimeoutError:
            now = self._now()
        if hold is not None and now >= hold:
            await self._give(self._take.part(self._take.handed + LEAD_S))
            return None
        if self._owes():
            raise ProviderTimeout(self._account.name, "nothing useful in time" if self._first is None else "stalled")
        return Done()  # all its words are there, and it does not say so

    def _owes(self) -> bool:
        """Whether audio has to come, whatever the agent does."""
        told = self._take.reports or self._fed or not self._pieces or self._first is None
        return self._open and told and self._take.owes(self._speech.utterance.text)

    def _lost_at(self) -> float | None:
        """When what is owed counts as lost; None while nothing is."""
        if self._owes():
            return self._watch.deadline(self._now())
        return self._latest + CLOSING_S if self._open and self._fed else None

    def _held_until(self) -> float | None:
        """When the next of a clause without word times has to leave; None while it need not."""
        take = self._take
        if not self._open or take.reports or self._first is None or take.received <= take.handed:
            return None
        if not self._watch.speaks(self._now()):
            return None  # it may have failed: then what is held is not needed
        return max(self._first + HOLD_S, self._links.playout.until - DRY_S)

    async def _give(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            await self._spout.give(piece)
