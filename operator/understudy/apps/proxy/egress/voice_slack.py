"""A turn's slack at the voice: a better model for an answer that came early, kept audio for a filler."""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable

from understudy.apps.proxy.calls import Call
from understudy.domain.revision.snapshot import Model, Snapshot, Voice
from understudy.domain.routing.slack import filler_of
from understudy.domain.speech.audio import SpeechFormat

MOST_KEPT = 32
"""Fillers kept, by voice, format and text: a filler of three seconds is 144 kB at 24 kHz."""

LONGEST_S = 10.0
"""Seconds of audio kept for one filler; what is longer bridges nothing."""

Key = tuple[str, ...]


def voices_for(call: Call, snapshot: Snapshot) -> tuple[Voice, ...]:
    """The voices for the next utterance of `call`, in order: first the better model while the turn is early."""
    if not call.better_voice or not snapshot.voices:
        return snapshot.voices
    return (snapshot.voices[0].model_copy(update={"model": call.better_voice}), *snapshot.voices)


def prompts_of(model: Model) -> tuple[str, ...]:
    """What is configured to be said word by word: the filler, and the request to repeat."""
    again = (model.graceful.ask_to_repeat or "").strip() if model.graceful else ""
    return tuple(text for text in (filler_of(model), again) if text)


def key_of(call: Call, voice: Voice, audio: SpeechFormat, text: str) -> Key:
    """Names a filler's audio."""
    who = (call.namespace, voice.account, voice.voice_id, voice.model or "", voice.language or "")
    return (*who, repr(sorted(voice.settings.items())), audio.encoding, str(audio.sample_rate), text)


class Fillers:
    """Audio of fillers, the least used forgotten first."""

    def __init__(self) -> None:
        self._audio: OrderedDict[Key, bytes] = OrderedDict()
        self._making: set[Key] = set()

    def get(self, key: Key) -> bytes | None:
        """The audio; None when it is not kept."""
        if key in self._audio:
            self._audio.move_to_end(key)
        return self._audio.get(key)

    async def make(self, key: Key, audio: SpeechFormat, speak: Callable[[], Awaitable[bytes]]) -> None:
        """Keep what `speak` gives, unless it is kept or being made."""
        if key in self._audio or key in self._making:
            return
        self._making.add(key)
        try:
            spoken = await speak()
        finally:
            self._making.discard(key)
        if 0.0 < audio.seconds(len(spoken)) <= LONGEST_S:
            self._audio[key] = spoken
        while len(self._audio) > MOST_KEPT:
            self._audio.popitem(last=False)


def in_background(tasks: set[asyncio.Task[None]], work: Awaitable[None]) -> None:
    """Run `work` beside; `tasks` keeps it from being forgotten."""
    task = asyncio.ensure_future(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
