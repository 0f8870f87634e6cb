"""Which words of a sentence a recording holds: real recognition, told only what should have been said.

Each word may have been said, left out, or said twice; the acoustic model decides. Free dictation is useless on a
synthetic voice over a telephone line, and short words (`of`, `there`) are heard twice or not at all: only those of
`LEAST_LETTERS` letters and more are reported.
"""

import re
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import soxr
from pocketsphinx._pocketsphinx import Decoder

from understudy.apps.simulator.audio import pcm
from understudy.apps.simulator.transcriber import ears

LEAST_LETTERS = 6
UNUSUAL = 0.001
"""Odds that the grammar gives to a word that is missing or said twice, against once."""

_WORD = re.compile(r"[a-z']+")


def words_of(text: str) -> list[str]:
    """The words that are looked for, in order."""
    return [word for word in _WORD.findall(text.lower()) if len(word) >= LEAST_LETTERS]


def heard(sound: bytes, rate: int, text: str) -> list[str]:
    """The long words of `text` that PCM of `rate` samples a second holds, as often as it holds them."""
    decoder = _decoder(_WORD.findall(text.lower()))
    decoder.set_cmn(ears.CEPSTRAL_MEAN)
    decoder.start_utt()
    wide = soxr.resample(pcm.samples(sound).astype(np.float32), rate, ears.MODEL_HZ)
    noise = np.random.default_rng(0).normal(0, ears.NOISE_RMS, len(wide))
    decoder.process_raw(pcm.to_pcm((wide + noise).astype(np.float32)), full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    return words_of(found.hypstr) if found else []


def _decoder(words: list[str]) -> Any:
    once = [f"( /1.0/ {word} | /{UNUSUAL}/ {word} {word} | /{UNUSUAL}/ <NULL> )" for word in words]
    with TemporaryDirectory() as scratch:
        grammar, pronunciations = Path(scratch) / "sentence.gram", Path(scratch) / "words.dict"
        grammar.write_text(f"#JSGF V1.0;\ngrammar sentence;\npublic <sentence> = {' '.join(once)};\n")
        pronunciations.write_text("\n".join(_pronunciations(set(words))) + "\n")
        return Decoder(
            jsgf=str(grammar), dict=str(pronunciations), samprate=ears.MODEL_HZ, bestpath=False, loglevel="FATAL"
        )


def _pronunciations(words: set[str]) -> list[str]:
    """Lines of the wheel's own dictionary; `word(2)` is another way to say `word`."""
    lines = (resources.files("pocketsphinx") / "model/en-us/cmudict-en-us.dict").read_text().splitlines()
    return [line for line in lines if line.split(" ", 1)[0].split("(")[0] in words]
