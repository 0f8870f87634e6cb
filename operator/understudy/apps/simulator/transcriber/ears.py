"""Recognition by pocketsphinx, as it runs in its own process: one decoder for each utterance in progress.

pocketsphinx holds the interpreter's lock while it decodes, so a thread would stall the event loop all the same.
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from pocketsphinx._pocketsphinx import Decoder

from understudy.apps.simulator.audio import pcm

MODEL_HZ = 16_000
"""The acoustic model is made for speech sampled at 16 kHz."""

NOISE_RMS = 250.0
"""Noise laid under the speech: fills the band over 4 kHz that a telephone line leaves empty and that the model misses.
Found by trial: without it every second sentence at 8 kHz is misheard, with 60 one in six, with 250 one in fifty."""

CEPSTRAL_MEAN = "61.8,-7,-9,7.5,-8.9"
"""Where each utterance starts its normalisation: the mean of telephone speech with that noise. Carrying over what the
utterance before left would make the result depend on who called before."""

FRAME_S = 0.01
"""Length of pocketsphinx's frames."""

_HERE = Path(__file__).parent.parent


@dataclass(frozen=True)
class Word:
    """A recognised word; seconds from the start of the utterance."""

    text: str
    start: float
    end: float


@dataclass(frozen=True)
class Recognised:
    """What was said in an utterance; empty when nothing fits the grammar."""

    text: str = ""
    words: tuple[Word, ...] = ()
    confidence: float = 0.0


@dataclass
class _Utterance:
    decoder: Any
    stream: soxr.ResampleStream
    noise: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))


class Ears:
    """Decoders for the utterances in progress, by a key of the caller's choice."""

    def __init__(self) -> None:
        self._free: list[Any] = [_decoder()]
        self._busy: dict[int, _Utterance] = {}

    def hear(self, key: int, sound: bytes, rate: int) -> str:
        """Decode more PCM of an utterance; returns the guess so far."""
        utterance = self._busy.get(key) or self._start(key, rate)
        self._decode(utterance, sound, last=False)
        return _hypothesis(utterance.decoder)

    def end(self, key: int) -> Recognised:
        """The utterance is complete: what was it?"""
        utterance = self._busy.pop(key, None)
        if utterance is None:
            return Recognised()
        self._decode(utterance, b"", last=True)
        guess = Recognised(_hypothesis(utterance.decoder), _words(utterance.decoder), confidence=0.5)
        utterance.decoder.end_utt()
        self._free.append(utterance.decoder)
        text = _hypothesis(utterance.decoder)
        return Recognised(text, _words(utterance.decoder), confidence=0.98) if text else guess

    def _start(self, key: int, rate: int) -> _Utterance:
        decoder = self._free.pop() if self._free else _decoder()
        decoder.set_cmn(CEPSTRAL_MEAN)
        decoder.start_utt()
        utterance = _Utterance(decoder, soxr.ResampleStream(rate, MODEL_HZ, 1, dtype="float32"))
        self._busy[key] = utterance
        return utterance

    def _decode(self, utterance: _Utterance, sound: bytes, *, last: bool) -> None:
        wide = np.asarray(utterance.stream.resample_chunk(pcm.samples(sound), last=last), dtype=np.float32)
        if len(wide):
            noise = utterance.noise.normal(0, NOISE_RMS, len(wide)).astype(np.float32)
            utterance.decoder.process_raw(pcm.to_pcm(wide + noise))


def _decoder() -> Any:
    return Decoder(
        jsgf=str(_HERE / "restaurant.gram"),
        dict=str(_HERE / "restaurant.dict"),
        samprate=MODEL_HZ,
        bestpath=False,  # a second search over the lattice: 16 ms after the end of speech, no better on this grammar
        loglevel="FATAL",
    )


def _hypothesis(decoder: Any) -> str:
    found = decoder.hyp()
    return str(found.hypstr) if found else ""


def _words(decoder: Any) -> tuple[Word, ...]:
    spoken = [s for s in decoder.seg() or () if s.word[0] not in "<(["]
    return tuple(Word(s.word.split("(")[0], s.start_frame * FRAME_S, (s.end_frame + 1) * FRAME_S) for s in spoken)


_ears: Ears | None = None


def prepare() -> None:
    """Load the model in this process (the initialiser of the pool's workers)."""
    global _ears  # noqa: PLW0603 — a pool's workers have no other place for state
    _ears = _ears or Ears()


def hear(key: int, sound: bytes, rate: int) -> str:
    """`Ears.hear` of this process."""
    prepare()
    assert _ears is not None  # noqa: S101 — tells the type checker
    return _ears.hear(key, sound, rate)


def end(key: int) -> Recognised:
    """`Ears.end` of this process."""
    prepare()
    assert _ears is not None  # noqa: S101 — tells the type checker
    return _ears.end(key)
