"""Languages as people choose them for Google, by name, and as Gemini takes them: BCP-47.

Source: Google's documentation of the Live API, "Supported languages".
"""

AUTOMATIC = "Multilingual"
"""No hint: Gemini finds out by itself."""

CODES = {
    "Arabic": "ar-EG",
    "Bengali": "bn-BD",
    "Bulgarian": "bg-BG",
    "Chinese": "cmn-Hans-CN",
    "Croatian": "hr-HR",
    "Czech": "cs-CZ",
    "Danish": "da-DK",
    "Dutch": "nl-NL",
    "English": "en-US",
    "Estonian": "et-EE",
    "Finnish": "fi-FI",
    "French": "fr-FR",
    "German": "de-DE",
    "Greek": "el-GR",
    "Hebrew": "he-IL",
    "Hindi": "hi-IN",
    "Hungarian": "hu-HU",
    "Indonesian": "id-ID",
    "Italian": "it-IT",
    "Japanese": "ja-JP",
    "Korean": "ko-KR",
    "Latvian": "lv-LV",
    "Lithuanian": "lt-LT",
    "Norwegian": "nb-NO",
    "Polish": "pl-PL",
    "Portuguese": "pt-BR",
    "Romanian": "ro-RO",
    "Russian": "ru-RU",
    "Serbian": "sr-RS",
    "Slovak": "sk-SK",
    "Slovenian": "sl-SI",
    "Spanish": "es-ES",
    "Swahili": "sw-KE",
    "Swedish": "sv-SE",
    "Thai": "th-TH",
    "Turkish": "tr-TR",
    "Ukrainian": "uk-UA",
    "Vietnamese": "vi-VN",
}


def hints(language: str | None) -> list[str]:
    """The codes to ask for: none where Gemini is to find out; a tag as it is."""
    if language is None or language in {AUTOMATIC, "multi"}:
        return []
    return [CODES.get(language, language)]
