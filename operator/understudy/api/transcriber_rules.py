"""Conditions between the fields of a transcriber that its types cannot say."""

from understudy.api.markers import Rule


def _when(provider: str, field: str, holds: str, message: str) -> Rule:
    """With `provider`, and where `field` is given, `holds` must be true."""
    return Rule(f"self.provider != '{provider}' || !has(self.{field}) || {holds}", message, at=f".{field}")


_NOVA_3 = "(!has(self.model) || self.model.startsWith('nova-3'))"

_FLUX = "(has(self.model) && self.model.startsWith('flux-'))"

_DEEPGRAM = (
    Rule(
        "self.provider != 'deepgram' || !has(self.model) || !self.model.startsWith('flux-')",
        "Flux models are not built yet; use nova-3",
        at=".model",
        reason="FieldValueForbidden",
    ),
    _when(
        "deepgram",
        "model",
        "self.model.startsWith('nova-') || self.model.startsWith('flux-')",
        "deepgram's models begin with nova- or flux-, such as nova-3",
    ),
    _when(
        "deepgram",
        "keywords",
        f"!({_NOVA_3} || {_FLUX})",
        "keywords are for nova-2 and older; with nova-3 and Flux write keyterm",
    ),
    _when(
        "deepgram",
        "keyterm",
        f"({_NOVA_3} || {_FLUX})",
        "keyterm is for nova-3 and Flux; with older models write keywords",
    ),
    _when("deepgram", "eotThreshold", _FLUX, "eotThreshold is for Flux models only"),
    _when("deepgram", "eotTimeoutMs", _FLUX, "eotTimeoutMs is for Flux models only"),
)

_OTHERS = (
    _when("assembly-ai", "model", "false", "assembly-ai takes speechModel, not model"),
    _when("assembly-ai", "language", "self.language in ['en', 'multi']", "assembly-ai takes en or multi"),
    _when(
        "assembly-ai",
        "wordBoost",
        "self.wordBoost.map(word, word.size()).sum() <= 2500",
        "wordBoost may have 2500 characters in all",
    ),
    _when("azure", "model", "false", "azure has no model to choose; remove it"),
    _when(
        "azure",
        "language",
        "self.language.matches('^[a-z]{2,3}(-[A-Za-z0-9]{2,8})+$')",
        "azure takes a language with its region, such as en-US",
    ),
    _when(
        "gladia",
        "model",
        "self.model in ['fast', 'accurate', 'solaria-1']",
        "gladia's models are fast, accurate and solaria-1",
    ),
    _when("gladia", "region", "self.region in ['us-west', 'eu-west']", "gladia's regions are us-west and eu-west"),
    _when(
        "gladia",
        "customVocabularyConfig",
        "(has(self.customVocabularyEnabled) && self.customVocabularyEnabled)",
        "customVocabularyConfig needs customVocabularyEnabled: true",
    ),
    _when("speechmatics", "model", "self.model == 'default'", "speechmatics' only model is default"),
    _when("speechmatics", "region", "self.region in ['eu', 'us']", "speechmatics' regions are eu and us"),
    _when("11labs", "model", "self.model == 'scribe_v1'", "11labs' only model is scribe_v1"),
    _when("11labs", "language", "self.language.matches('^[a-z]{2}$')", "11labs takes a two-letter language"),
    _when("cartesia", "model", "self.model == 'ink-whisper'", "cartesia's only model is ink-whisper"),
    _when("cartesia", "language", "self.language.matches('^[a-z]{2}$')", "cartesia takes a two-letter language"),
    Rule(
        "self.provider != 'openai' || has(self.model)",
        "openai needs a model",
        at=".model",
        reason="FieldValueRequired",
    ),
)

TRANSCRIBER_RULES = _DEEPGRAM + _OTHERS
"""Rules of a transcriber, whether the first or a fallback."""
