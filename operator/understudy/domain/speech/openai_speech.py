"""OpenAI's speech endpoint: one request, one text, audio until the end of the body.

Source: OpenAI's API reference, "Create speech".
"""

from typing import Any

from understudy.domain.revision.snapshot import Voice
from understudy.domain.speech.voice_codec import Words

PCM_RATE = 24_000
"""Hz of `response_format: pcm`: 16-bit little-endian mono."""

DEFAULT_MODEL = "gpt-4o-mini-tts"
"""What is asked for where the revision names no model."""


def request(text: str, voice: Voice, response_format: str = "pcm") -> dict[str, Any]:
    """The body for `text` in the revision's voice; its settings (`speed`, `instructions`) pass through."""
    return {
        **voice.settings,
        "model": voice.model or DEFAULT_MODEL,
        "voice": voice.voice_id,
        "input": text,
        "response_format": response_format,
    }


def spread(text: str, start: float, seconds: float) -> Words:
    """Word times of a text whose audio is known to last from `start` for `seconds`, by length of the words.

    The provider gives none. The bounds of a sentence are known exactly once its audio is complete; within it a word
    may be some tenths of a second off, which is enough to tell an agent what an interrupted caller has heard.
    """
    words = tuple(text.split())
    total = sum(len(word) + 1 for word in words) or 1
    marks = [start]
    for word in words:
        marks.append(marks[-1] + seconds * (len(word) + 1) / total)
    rounded = [round(mark, 3) for mark in marks]
    return Words(words, tuple(rounded[:-1]), tuple(rounded[1:]))
