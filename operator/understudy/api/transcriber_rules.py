"""Conditions between the fields of a transcriber that its types cannot say."""

from understudy.api.markers import Rule
from understudy.api.transcriber_names import FLUX, GOOGLE_LANGUAGES, NAMES
from understudy.api.transcriber_settings import MAX_BOOSTED


def _when(provider: str, field: str, holds: str, message: str) -> Rule:
    """With `provider`, and where `field` is given, `holds` must be true."""
    return Rule(f"self.provider != '{provider}' || !has(self.{field}) || {holds}", message, at=f".{field}")


def _model(provider: str, message: str) -> Rule:
    return _when(provider, "model", f"({NAMES[provider].accepts()})", message)


_NOVA_3 = "(!has(self.model) || self.model.startsWith('nova-3'))"

FLUX_MODEL = f"(has(self.model) && self.model in {list(FLUX)})"
"""CEL: whether the transcriber has one of Deepgram's Flux models."""

_MULTI = "(has(self.model) && self.model == 'flux-general-multi')"

_DEEPGRAM = (
    _model(
        "deepgram",
        "deepgram's models begin with nova-, such as nova-3, or are flux-general-en and flux-general-multi",
    ),
    _when(
        "deepgram",
        "language",
        f"!{FLUX_MODEL} || {_MULTI} || self.language == 'en' || self.language.startsWith('en-')",
        "flux-general-en hears English; for other languages write flux-general-multi",
    ),
    _when(
        "deepgram",
        "keywords",
        f"!({_NOVA_3} || {FLUX_MODEL})",
        "keywords are for nova-2 and older; with nova-3 and Flux write keyterm",
    ),
    _when(
        "deepgram",
        "keyterm",
        f"({_NOVA_3} || {FLUX_MODEL})",
        "keyterm is for nova-3 and Flux; with older models write keywords",
    ),
    _when("deepgram", "eotThreshold", FLUX_MODEL, "eotThreshold is for Flux models only"),
    _when("deepgram", "eotTimeoutMs", FLUX_MODEL, "eotTimeoutMs is for Flux models only"),
)

_ASSEMBLY_AI = (
    _when("assembly-ai", "model", "false", "assembly-ai takes speechModel, not model"),
    _when("assembly-ai", "language", "self.language in ['en', 'multi']", "assembly-ai takes en or multi"),
    _when(
        "assembly-ai",
        "wordBoost",
        f"self.wordBoost.map(word, word.size()).sum() <= {MAX_BOOSTED}",
        f"wordBoost may have {MAX_BOOSTED} characters in all",
    ),
    _when(
        "assembly-ai",
        "wordBoost",
        "!has(self.keytermsPrompt) || self.wordBoost.size() + self.keytermsPrompt.size() <= 100",
        "wordBoost is sent as keytermsPrompt is: together they may have 100 terms",
    ),
)

_OTHERS = (
    _when("azure", "model", "false", "azure has no model to choose; remove it"),
    _when(
        "azure",
        "language",
        "self.language.matches('^[a-z]{2,3}(-[A-Za-z0-9]{2,8})+$')",
        "azure takes a language with its region, such as en-US",
    ),
    _model("gladia", "gladia's model is solaria-1, which also answers to fast and accurate"),
    _when(
        "gladia",
        "language",
        "(self.language == 'multi' || self.language.matches('^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$'))",
        "gladia takes a language such as en, or multi for several",
    ),
    _when("gladia", "region", "self.region in ['us-west', 'eu-west']", "gladia's regions are us-west and eu-west"),
    _when(
        "gladia",
        "customVocabularyConfig",
        "(has(self.customVocabularyEnabled) && self.customVocabularyEnabled)",
        "customVocabularyConfig needs customVocabularyEnabled: true",
    ),
    _model("google", "google's models begin with gemini-"),
    _when(
        "google",
        "language",
        f"(self.language.matches('^[a-z]{{2,3}}(-[A-Za-z0-9]{{2,8}})*$') || self.language in {list(GOOGLE_LANGUAGES)})",
        "google takes an English name such as English or Multilingual, or a tag such as en-US",
    ),
    _model("speechmatics", "speechmatics' only model is default"),
    _when("speechmatics", "region", "self.region in ['eu', 'us']", "speechmatics' regions are eu and us"),
    _model("11labs", "11labs' model is scribe_v2_realtime, which also answers to scribe_v1"),
    _when("11labs", "language", "self.language.matches('^[a-z]{2}$')", "11labs takes a two-letter language"),
    _model("cartesia", "cartesia's models are ink-whisper and ink-2"),
    _when("cartesia", "language", "self.language.matches('^[a-z]{2}$')", "cartesia takes a two-letter language"),
    _when(
        "cartesia",
        "language",
        "!has(self.model) || self.model != 'ink-2' || self.language == 'en'",
        "ink-2 hears English; for other languages write ink-whisper",
    ),
    Rule(
        "self.provider != 'openai' || has(self.model)",
        "openai needs a model",
        at=".model",
        reason="FieldValueRequired",
    ),
    _when("openai", "language", "self.language.matches('^[a-z]{2}$')", "openai takes a two-letter language"),
)

TRANSCRIBER_RULES: tuple[Rule, ...] = _DEEPGRAM + _ASSEMBLY_AI + _OTHERS
"""Rules of a transcriber, whether the first or a fallback."""

TURN_RULES: tuple[Rule, ...] = (
    Rule(
        f"!has(self.turnDetection) || self.turnDetection == 'Agent' || (self.provider == 'deepgram' && {FLUX_MODEL})",
        "turnDetection: Provider needs a model that finds the end of a turn: deepgram's flux-general-en or "
        "flux-general-multi",
        at=".turnDetection",
    ),
)
"""Rules of the first transcriber only."""
