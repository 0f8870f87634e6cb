"""Voices that providers offer to everybody: what an account speaks with that takes over without being told how.

Names and languages after the providers' public voice lists. A provider's first entry is taken where nothing decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass

FEMALE, MALE = "female", "male"

_WORDS = {"f": FEMALE, "woman": FEMALE, "feminine": FEMALE, "m": MALE, "man": MALE, "masculine": MALE}


@dataclass(frozen=True, slots=True)
class Offered:
    """A voice.

    Attributes:
        voice_id: as the provider calls it.
        gender: as the provider describes it; None: neither.
        languages: what it speaks; empty: whatever the text is in.
    """

    voice_id: str
    gender: str | None = None
    languages: tuple[str, ...] = ()

    def speaks(self, language: str | None) -> bool:
        """Whether it speaks `language`, without region; None: any will do."""
        return language is None or not self.languages or language in self.languages


CATALOGUE: dict[str, tuple[Offered, ...]] = {
    "openai": (
        Offered("alloy"),
        Offered("shimmer", FEMALE),
        Offered("onyx", MALE),
        Offered("coral", FEMALE),
        Offered("nova", FEMALE),
        Offered("sage", FEMALE),
        Offered("ash", MALE),
        Offered("echo", MALE),
    ),
    "cartesia": (
        Offered("248be419-c632-4f23-adf1-5324ed7dbf1d", FEMALE),
        Offered("a0e99841-438c-4a64-b679-ae501e7d6091", MALE),
    ),
    "azure": (
        Offered("en-US-AvaMultilingualNeural", FEMALE),
        Offered("en-US-AndrewMultilingualNeural", MALE),
    ),
    "11labs": (
        Offered("EXAVITQu4vr4xnSDxMaL", FEMALE),
        Offered("JBFqnCBsd6RMkjVDRZzb", MALE),
        Offered("21m00Tcm4TlvDq8ikWAM", FEMALE),
        Offered("pNInz6obpgDQGcFmaJgB", MALE),
    ),
    "deepgram": (
        Offered("aura-2-thalia-en", FEMALE, ("en",)),
        Offered("aura-2-apollo-en", MALE, ("en",)),
        Offered("aura-2-celeste-es", FEMALE, ("es",)),
        Offered("aura-2-nestor-es", MALE, ("es",)),
        Offered("aura-2-viktoria-de", FEMALE, ("de",)),
        Offered("aura-2-julius-de", MALE, ("de",)),
        Offered("aura-2-agathe-fr", FEMALE, ("fr",)),
        Offered("aura-2-hector-fr", MALE, ("fr",)),
    ),
    "playht": (Offered("jennifer", FEMALE, ("en",)),),
}
"""By provider."""


def gender_of(written: str | None, voice_id: str) -> str | None:
    """The gender of a voice: what its user wrote, otherwise what is known of it; None: neither says."""
    if written:
        word = written.strip().casefold()
        return _WORDS.get(word, word)
    known = (each for voices in CATALOGUE.values() for each in voices)
    return next((each.gender for each in known if each.voice_id == voice_id), None)


def nearest(provider: str, language: str | None, gender: str | None) -> tuple[Offered, tuple[bool, bool]]:
    """The provider's voice nearest to `language` (without region) and `gender`, and what it lacks: (language, gender).

    The language counts first: a voice of another gender is odd, one that reads a foreign language as if it were its
    own is not understood.
    """

    def lacks() -> Iterator[tuple[tuple[bool, bool], int, Offered]]:
        for index, each in enumerate(CATALOGUE[provider]):
            yield (not each.speaks(language), gender is not None and each.gender != gender), index, each

    distance, _, found = min(lacks(), key=lambda each: each[:2])
    return found, distance
