"""One voice speaks an utterance from where the one before came to; what it says is checked, paced and handed over."""

import asyncio
import logging
from enum import Enum, auto
from typing import TYPE_CHECKING, cast

from understudy.apps.proxy.egress.voice_lineup import Begun, Given, Item, More, Over
from understudy.apps.proxy.egress.voice_link import Speaker, VoiceLinks
from understudy.apps.proxy.egress.voice_memory import voice_key
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
    from understudy.apps.proxy.egress.voice_standby import Standby

log = logging.getLogger(__name__)
audit = logging.getLogger("understudy.audit.speech")

HOLD_S = 0.5
"""How long a clause of a voice without word times is held back while the listener has nothing to hear. Voices make two
to ten seconds of audio a second: mostly it is whole by then, and a failure costs no word. Then nobody waits."""

LEAD_S = 0.25
"""Audio that is handed over at a time of a clause that could not be waited for: what left can not be taken back."""

MAKING, KNOWN, LEAST_SPOKEN_S = "second", 3, 0.5
"""Under what is remembered how long a voice makes a second of audio; known after so many clauses of at least 0.5 s."""

DRY_S = 0.05
"""Audio left to play at which more has to be handed over, for the way to the carrier."""

ENOUGH_S = 0.5
"""Audio left to play with which a voice need not hurry."""

SETTLED_S = 0.15
"""How long a text that ends like a clause waits for what would change that: models write 20 to 100 words a second."""

LEAST_WAIT_S = 0.05
"""Shortest time that text waits for more; an agent that asks for less cannot see a difference."""

_MARKS = (".", "!", "?", "…", ",", ";", ":", "。", "！", "？", "，", "、")  # noqa: RUF001 - Chinese and Japanese marks


class Care(Enum):
    """What a voice's audio waits for, so that another one can go on."""

    CLAUSES = auto()
    """Whole words; whole clauses of a voice without word times."""
    WORDS = auto()
    """Whole words where they are reported, which takes hardly any time: no other voice follows."""
    NOTHING = auto()
    """It leaves as it comes."""


class Performance:
    """One voice's part in a speech.

    Args:
        links: the agent's sockets to voices.
        speech: what is said; `run` moves its `position`.
        speaker: who speaks.
        begin: character where it begins.
        follows: another voice has failed before, or may have.
        care: what its audio waits for.
    """

    def __init__(
        self,
        links: VoiceLinks,
        speech: "Speech",
        speaker: Speaker,
        begin: int,
        *,
        follows: bool = False,
        care: Care = Care.CLAUSES,
    ) -> None:
        self._links, self._speech, self._speaker, self._account = links, speech, speaker, speaker.account
        self._memory = links.egress.voices
        self._namespace = links.call.namespace
        self._key = voice_key(self._namespace, speaker.voice)
        self.begin, self._follows, self._care = begin, follows, care
        self._now = asyncio.get_running_loop().time
        self._successor: Voice | None = None
        self._stage: Stage | None = None
        self._feeder: asyncio.Task[None] | None = None
        self._wanted = asyncio.Event()
        """Set when it is to speak; before, it is given no more than the first part of the text."""
        self._open = False
        """Whether a context is being spoken."""
        self._pieces = True
        self._fed = False
        """Whether the voice was given all text there will be."""
        self._first: float | None = None
        """When the present context's first audio came."""
        self._fresh = False
        """Whether nothing of the present context had come when the one before it ended."""
        self._latest = self._now()
        """When anything came."""

    async def prepare(self) -> None:
        """Let the voice begin with the first part, in case it is needed: its audio waits until `run`.

        Raises:
            ProviderError: it cannot.
        """
        if self._stage is None:
            wanted, hurried = self._speech.utterance.format, self._successor is not None
            self._stage = await stage_of(self._links, self._speaker, wanted, hurried=hurried)
            self._pieces = self._stage.pieces
            self._feeder = asyncio.create_task(self._feed(self._stage))

    async def discard(self) -> None:
        """It was not needed."""
        if self._feeder:
            self._feeder.cancel()
            await asyncio.gather(self._feeder, return_exceptions=True)
        if self._stage:
            await self._stage.leave(failed=False)

    async def run(self, outlet: Outlet, successor: Voice | None, standby: "Standby") -> None:
        """Speak to the end; `standby` gets `successor` ready when this voice may have failed.

        Raises:
            ProviderError: the voice failed.
            Unsound: likewise.
        """
        speech = self._speech
        self._successor, self._standby = successor, standby
        await self.prepare()
        stage = cast("Stage", self._stage)
        after = self._memory.onset(self._namespace, self._successor) if self._successor else None
        self._watch = Watch(self._memory.onset(self._namespace, self._speaker.voice), after, self._links.playout)
        rate = stage.audio.sample_rate
        tempo = self._memory.tempo(self._namespace, self._speaker.voice)
        self._held = stage.reports if self._care is Care.WORDS else self._care is Care.CLAUSES
        self._take = Take(self.begin, rate, tempo, strict=successor is not None and self._held)
        self._linear = Linear(stage.audio)
        like = voice_key(self._namespace, self._links.call.snapshot().voices[0])
        self._spout = Spout(outlet, self._memory, self._key, like, rate)
        self._wanted.set()
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
            if self._feeder:
                self._feeder.cancel()
                await asyncio.gather(self._feeder, return_exceptions=True)
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
            self.begin,
        )

    async def _feed(self, stage: Stage) -> None:
        """Give the voice the text, clause by clause, as the agent writes it."""
        try:
            waits = self._care is Care.CLAUSES and not stage.reports
            hurry = self._follows and waits and self._links.playout.left(self._now()) < ENOUGH_S
            await self._feed_units(stage, Units(self.begin, hurry=hurry))
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
                await self._wanted.wait()
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
            if isinstance(item, Begun):
                self._fresh = stage.lineup.queue.empty()
            if item is not None and not isinstance(item, Given):  # both only change what is waited for
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
                if not self._held:
                    await self._give(take.early(take.received, quiet=self._links.playout.left(self._latest) < DRY_S))
            case Words():
                take.words(text, item)
                await self._give(take.ready())
            case Done():
                self._learn_speed()
                await self._give(take.done(text))
                self._open = False
        if self._open and self._pieces and take.reports and not take.owes(text):
            self._watch.rested()

    def _heard(self) -> None:
        self._standby.dismiss()
        took = self._watch.heard(self._latest)
        if took is not None and self._fresh:
            self._memory.began(self._namespace, self._speaker.voice, took)
        if self._first is None:
            self._first = self._latest

    async def _next(self, stage: Stage) -> Item | None:
        """What comes next; None when there is audio to hand over meanwhile.

        Raises:
            ProviderTimeout: nothing came in time.
        """
        lost, hold, doubt = self._lost_at(), self._held_until(), self._doubted_at()
        wake = min((at for at in (lost, hold, doubt) if at is not None), default=None)
        try:
            async with asyncio.timeout_at(wake):
                return await stage.lineup.queue.get()
        except TimeoutError:
            now = self._now()
        if hold is not None and now >= hold:
            await self._give(self._take.early(self._take.handed + LEAD_S))
            return None
        if doubt is not None and now >= doubt and (lost is None or now < lost):
            if self._successor:
                self._standby.get_ready(self._successor, self._take.position)
            return None
        if self._owes() or not self._at_end():
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
        if not self._open or (self._pieces and not self._fed):
            return None
        return self._latest + CLOSING_S if self._at_end() else self._watch.deadline(self._now())

    def _doubted_at(self) -> float | None:
        """When the next voice is to get ready, in case this one has failed; None while there is no need."""
        if self._successor is None or self._standby.begin == self._take.position or not self._owes():
            return None
        return self._watch.doubt(self._now())

    def _at_end(self) -> bool:
        """Whether the present context is the last."""
        return self._fed and not self._speech.utterance.rest(self._take.end)

    def _held_until(self) -> float | None:
        """When the next of a clause without word times has to leave; None while it need not."""
        take = self._take
        if not self._held or not self._open or take.reports or self._first is None or take.received <= take.handed:
            return None
        if not self._watch.speaks(self._now()):
            return None  # it may have failed: then what is held is not needed
        hold = 0.0 if self._takes_too_long() else HOLD_S
        return max(self._first + hold, self._links.playout.until - DRY_S)

    def _takes_too_long(self) -> bool:
        """Whether the clause will not be whole in time, as far as is known of the voice: waiting would be in vain."""
        making = self._memory.onset(self._namespace, self._speaker.voice, MAKING)
        expected = self._take.expected(self._speech.utterance.text)
        return making.seen >= KNOWN and making.mean * (expected or 0.0) > HOLD_S

    def _learn_speed(self) -> None:
        """How long the voice takes to make a second of audio; only where nothing of it had waited for us."""
        if self._first is not None and self._fresh and self._take.spoken >= LEAST_SPOKEN_S:
            took = (self._latest - self._first) / self._take.spoken
            self._memory.began(self._namespace, self._speaker.voice, took, MAKING)

    async def _give(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            await self._spout.give(piece)
