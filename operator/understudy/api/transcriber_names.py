"""The names each transcriber has for its models and languages: the older ones people still write, and today's."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Names:
    """What one provider takes for `model` and `language`.

    Attributes:
        models: accepted as they are; empty with no `prefixes`: any name.
        prefixes: beginnings of further accepted names.
        renamed: accepted name → the name that is sent today.
        model: taken when none is given; None: none is needed, or one has to be given.
        language: taken when none is given; None: the provider finds out by itself.
        languages: what is accepted, in words.
        sent_as: the provider's name for `model` and for `language`.
    """

    models: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)
    model: str | None = None
    language: str | None = None
    languages: str = "a tag such as `en` or `en-US`"
    sent_as: tuple[str, str] = ("model", "language")

    def accepts(self) -> str:
        """CEL: whether `self.model` is one of them."""
        listed = f"self.model in {list(self.models)}" if self.models else ""
        begun = (f"self.model.startsWith('{prefix}')" for prefix in self.prefixes)
        return " || ".join(each for each in (listed, *begun) if each)


GOOGLE_LANGUAGES = {
    "Multilingual": "multi",
    "Arabic": "ar",
    "Bengali": "bn",
    "Bulgarian": "bg",
    "Chinese": "zh",
    "Croatian": "hr",
    "Czech": "cs",
    "Danish": "da",
    "Dutch": "nl",
    "English": "en",
    "Estonian": "et",
    "Finnish": "fi",
    "French": "fr",
    "German": "de",
    "Greek": "el",
    "Hebrew": "he",
    "Hindi": "hi",
    "Hungarian": "hu",
    "Indonesian": "id",
    "Italian": "it",
    "Japanese": "ja",
    "Korean": "ko",
    "Latvian": "lv",
    "Lithuanian": "lt",
    "Norwegian": "no",
    "Polish": "pl",
    "Portuguese": "pt",
    "Romanian": "ro",
    "Russian": "ru",
    "Serbian": "sr",
    "Slovak": "sk",
    "Slovenian": "sl",
    "Spanish": "es",
    "Swahili": "sw",
    "Swedish": "sv",
    "Thai": "th",
    "Turkish": "tr",
    "Ukrainian": "uk",
    "Vietnamese": "vi",
}
"""English names of languages → their tags: with google people write names."""

FLUX = ("flux-general-en", "flux-general-multi")
"""Deepgram's models that find the end of the caller's turn themselves."""

NAMES: dict[str, Names] = {
    "deepgram": Names(
        models=FLUX,
        prefixes=("nova-",),
        model="nova-3",
        language="en",
        languages="a tag, or `multi` for several",
    ),
    "assembly-ai": Names(language="en", languages="`en` or `multi`", sent_as=("", "speech_model")),
    "azure": Names(language="en-US", languages="a tag with region, such as `en-US`", sent_as=("", "language")),
    "gladia": Names(
        models=("solaria-1", "fast", "accurate"),
        renamed={"fast": "solaria-1", "accurate": "solaria-1"},
        model="solaria-1",
        languages="a tag, or `multi` for several",
        sent_as=("model", "language_config.languages"),
    ),
    "google": Names(
        prefixes=("gemini-",),
        renamed={"any other": "gemini-3.5-transcribe-live"},
        model="gemini-3.5-transcribe-live",
        languages="a tag, or an English name such as `English` or `Multilingual`",
        sent_as=("setup.model", "setup.inputAudioTranscription.languageCodes"),
    ),
    "speechmatics": Names(models=("default",), model="default", language="en", sent_as=("", "language")),
    "cartesia": Names(
        models=("ink-whisper", "ink-2"),
        model="ink-whisper",
        language="en",
        languages="two letters; `ink-2` hears `en`",
    ),
    "11labs": Names(
        models=("scribe_v2_realtime", "scribe_v1"),
        renamed={"scribe_v1": "scribe_v2_realtime"},
        model="scribe_v2_realtime",
        languages="two letters",
        sent_as=("model_id", "language_code"),
    ),
    "openai": Names(
        languages="two letters",
        sent_as=("audio.input.transcription.model", "audio.input.transcription.language"),
    ),
}
"""By provider."""
