"""Languages across providers: what one of them calls a language that another calls differently."""

from collections.abc import Callable
from dataclasses import dataclass

from understudy.api.transcriber_names import GOOGLE_LANGUAGES

ANY = "multi"
"""What most providers call "several languages, find out which"."""

REGIONS = {
    "ar": "ar-EG",
    "bg": "bg-BG",
    "bn": "bn-IN",
    "cs": "cs-CZ",
    "da": "da-DK",
    "de": "de-DE",
    "el": "el-GR",
    "en": "en-US",
    "es": "es-ES",
    "et": "et-EE",
    "fi": "fi-FI",
    "fr": "fr-FR",
    "he": "he-IL",
    "hi": "hi-IN",
    "hr": "hr-HR",
    "hu": "hu-HU",
    "id": "id-ID",
    "it": "it-IT",
    "ja": "ja-JP",
    "ko": "ko-KR",
    "lt": "lt-LT",
    "lv": "lv-LV",
    "nl": "nl-NL",
    "no": "nb-NO",
    "pl": "pl-PL",
    "pt": "pt-BR",
    "ro": "ro-RO",
    "ru": "ru-RU",
    "sk": "sk-SK",
    "sl": "sl-SI",
    "sr": "sr-RS",
    "sv": "sv-SE",
    "sw": "sw-KE",
    "th": "th-TH",
    "tr": "tr-TR",
    "uk": "uk-UA",
    "vi": "vi-VN",
    "zh": "zh-CN",
}
"""By language, with the region taken where it comes without: where most callers who speak it are."""

_ASSEMBLY_AI_MULTI = frozenset({"en", "es", "fr", "de", "it", "pt"})
"""What AssemblyAI's multilingual model hears, after its documentation of universal streaming."""

_SPEECHMATICS = {"zh": "cmn"}


@dataclass(frozen=True, slots=True)
class Heard:
    """What to tell a provider; None: nothing, it finds out."""

    language: str | None


def tag(language: str) -> str:
    """`language` as a BCP-47 tag, or `multi`: English names, as with Google, become tags."""
    return GOOGLE_LANGUAGES.get(language, language)


def primary(language: str) -> str:
    """The language without its region: `en-US` → `en`."""
    return tag(language).split("-")[0].casefold()


def differ(before: str | None, after: str | None) -> bool:
    """Whether a caller would notice; never when either is unknown or any language."""
    if before is None or after is None:
        return False
    first, second = primary(before), primary(after)
    return ANY not in (first, second) and first != second


def heard_by(provider: str, language: str | None) -> Heard | None:
    """How `provider` is told to hear what another transcriber hears as `language`; None: it cannot.

    A transcriber that was told no language hears any, and so must whoever takes over from it.
    """
    return _TOLD[provider](ANY if language is None else tag(language))


def _assembly_ai(wanted: str) -> Heard | None:
    if primary(wanted) == "en":
        return Heard("en")
    return Heard(ANY) if wanted == ANY or primary(wanted) in _ASSEMBLY_AI_MULTI else None


def _azure(wanted: str) -> Heard | None:
    found = wanted if "-" in wanted else REGIONS.get(wanted)
    return Heard(found) if found else None


def _finds_out(wanted: str) -> Heard:
    return Heard(None if wanted == ANY else primary(wanted))


def _one_only(wanted: str) -> Heard | None:
    return None if wanted == ANY else Heard(primary(wanted))


def _speechmatics(wanted: str) -> Heard | None:
    return Heard(_SPEECHMATICS[primary(wanted)]) if primary(wanted) in _SPEECHMATICS else _one_only(wanted)


_TOLD: dict[str, Callable[[str], Heard | None]] = {
    "deepgram": Heard,
    "assembly-ai": _assembly_ai,
    "azure": _azure,
    "gladia": lambda wanted: Heard(ANY if wanted == ANY else primary(wanted)),
    "google": lambda wanted: Heard("Multilingual" if wanted == ANY else wanted),
    "speechmatics": _speechmatics,
    "cartesia": _one_only,
    "11labs": _finds_out,
    "openai": _finds_out,
}
"""By provider: a tag or `multi` → what it is told."""
