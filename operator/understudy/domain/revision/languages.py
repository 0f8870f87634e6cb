"""Languages across providers: what one of them calls a language that another calls differently."""

from dataclasses import dataclass

from understudy.api.transcriber_names import GOOGLE_LANGUAGES

ANY = "multi"
"""What most providers call "several languages, find out which"."""

_AZURE = {
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
"""The region taken where a language comes without; Azure wants one."""

_ASSEMBLY_AI_MULTI = frozenset({"en", "es", "fr", "de", "it", "pt"})
"""What AssemblyAI's multilingual model hears, after its documentation of universal streaming."""

_FINDS_OUT = frozenset({"gladia", "11labs", "openai"})
"""Transcribers that find out the language when they are told none."""

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
    """How `provider` is told to hear what another transcriber hears as `language`; None: it cannot."""
    wanted = ANY if language is None else tag(language)
    if provider == "deepgram":
        return Heard(wanted)
    if provider == "google":
        return Heard("Multilingual" if wanted == ANY else wanted)
    if provider == "assembly-ai":
        return _assembly_ai(wanted)
    if wanted == ANY:
        return Heard(None) if provider in _FINDS_OUT else None
    if provider == "azure":
        found = wanted if "-" in wanted else _AZURE.get(wanted)
        return Heard(found) if found else None
    short = primary(wanted)
    return Heard(_SPEECHMATICS.get(short, short) if provider == "speechmatics" else short)


def _assembly_ai(wanted: str) -> Heard | None:
    if primary(wanted) == "en":
        return Heard("en")
    return Heard(ANY) if wanted == ANY or primary(wanted) in _ASSEMBLY_AI_MULTI else None
