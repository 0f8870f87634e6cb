"""Languages as Gemini takes them, with their region.

Source: Google's documentation of its speech models, "Supported languages".
"""

from understudy.api.transcriber_names import GOOGLE_LANGUAGES

AUTOMATIC = "multi"
"""No hint: Gemini finds out by itself."""

REGIONAL = {
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
    "he": "iw-IL",
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
    "no": "no-NO",
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
    "zh": "cmn-Hans-CN",
}
"""By the tag without region: where most callers who speak it are."""


def hints(language: str | None) -> list[str]:
    """The codes to ask for, of a name such as English or a tag: none where Gemini is to find out."""
    tag = GOOGLE_LANGUAGES.get(language or AUTOMATIC, language or AUTOMATIC)
    return [] if tag == AUTOMATIC else [REGIONAL.get(tag, tag)]
