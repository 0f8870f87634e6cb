"""Transcribers: every provider-specific setting with its range and condition, in the three places they stand."""

from collections.abc import Iterator
from typing import Any, get_args

from tests.api.cases.case import Case, accepted, plan_accepted, plan_refused, refused
from tests.api.manifests import Manifest, account, assistant, plan
from understudy.api.transcriber import Standby, TranscriberProvider

PLACES = (
    ("assistant", assistant, "spec.transcriber"),
    ("assistant's fallback", assistant, "spec.transcriber.fallbackPlan.transcribers[0]"),
    ("plan", plan, "spec.transcribers[0]"),
)

FLUX_MODELS = ("flux-general-en", "flux-general-multi")
FLUX = {"model": "flux-general-en"}
NOVA_2 = {"model": "nova-2"}
CUSTOM = {"customVocabularyEnabled": True}

GOOD: tuple[tuple[str, str, tuple[Any, ...], dict[str, Any]], ...] = (
    ("deepgram", "model", ("nova-3", "nova-3-general", "nova-3-medical", "nova-2", *FLUX_MODELS), {}),
    ("deepgram", "language", ("en", "en-US", "multi"), {}),
    ("deepgram", "language", ("en", "en-GB"), FLUX),
    ("deepgram", "language", ("multi", "es"), {"model": "flux-general-multi"}),
    ("deepgram", "keywords", ([], ["companyname", "productname:2"]), NOVA_2),
    ("deepgram", "keyterm", ([], ["tiramisu", "two words"]), {}),
    ("deepgram", "keyterm", (["tiramisu"],), {"model": "nova-3-medical"}),
    ("deepgram", "keyterm", (["tiramisu"],), FLUX),
    ("deepgram", "smartFormat", (True, False), {}),
    ("deepgram", "eotThreshold", (0.5, 0.7, 0.9), FLUX),
    ("deepgram", "eotTimeoutMs", (500, 5000, 10000), FLUX),
    ("assembly-ai", "language", ("multi", "en"), {}),
    ("assembly-ai", "speechModel", ("universal-streaming-english", "u3-rt-pro", "universal-3-6-pro"), {}),
    ("assembly-ai", "wordBoost", (["x" * 25] * 100,), {}),
    ("assembly-ai", "keytermsPrompt", (["x" * 50] * 100,), {}),
    ("assembly-ai", "wordBoost", (["x"] * 50,), {"keytermsPrompt": ["y"] * 50}),
    ("assembly-ai", "endUtteranceSilenceThreshold", (0, 700), {}),
    ("assembly-ai", "disablePartialTranscripts", (True, False), {}),
    ("assembly-ai", "confidenceThreshold", (0, 0.4, 1), {}),
    ("assembly-ai", "vadAssistedEndpointingEnabled", (True, False), {}),
    ("azure", "language", ("en-US", "es-MX", "fr-FR"), {}),
    ("azure", "segmentationSilenceTimeoutMs", (100, 5000), {}),
    ("azure", "segmentationMaximumTimeMs", (20000, 70000), {}),
    ("azure", "segmentationStrategy", ("Default", "Time", "Semantic"), {}),
    ("gladia", "model", ("fast", "accurate", "solaria-1"), {}),
    ("gladia", "language", ("en", "en-US", "multi"), {}),
    ("gladia", "confidenceThreshold", (0, 0.4, 1), {}),
    ("gladia", "endpointing", (0.01, 10), {}),
    ("gladia", "speechThreshold", (0, 1), {}),
    ("gladia", "prosody", (True, False), {}),
    ("gladia", "audioEnhancer", (True, False), {}),
    ("gladia", "transcriptionHint", ("a restaurant",), {}),
    ("gladia", "customVocabularyEnabled", (True, False), {}),
    ("gladia", "customVocabularyConfig", ({"vocabulary": ["gnocchi"], "defaultIntensity": 0.5},), CUSTOM),
    ("gladia", "region", ("us-west", "eu-west"), {}),
    ("gladia", "receivePartialTranscripts", (True, False), {}),
    ("speechmatics", "model", ("default",), {}),
    ("speechmatics", "language", ("en", "de"), {}),
    ("speechmatics", "operatingPoint", ("standard", "enhanced"), {}),
    ("speechmatics", "region", ("eu", "us"), {}),
    ("speechmatics", "enableDiarization", (True, False), {}),
    ("speechmatics", "maxDelayMs", (700, 4000), {}),
    ("google", "model", ("gemini-2.5-flash",), {}),
    ("google", "language", ("Multilingual", "English", "Spanish", "French", "en-US", "de"), {}),
    ("openai", "model", ("gpt-4o-transcribe", "gpt-4o-mini-transcribe", "whisper-1"), {}),
    ("openai", "language", ("en",), {"model": "gpt-4o-transcribe"}),
    ("11labs", "model", ("scribe_v1", "scribe_v2_realtime"), {}),
    ("11labs", "language", ("en",), {}),
    ("cartesia", "model", ("ink-whisper", "ink-2"), {}),
    ("cartesia", "language", ("en", "de"), {}),
    ("cartesia", "language", ("en",), {"model": "ink-2"}),
)
"""Provider, setting, values that are fine, and what else the transcriber needs for them to be."""

BAD: tuple[tuple[str, str, Any, dict[str, Any], str], ...] = (
    ("deepgram", "model", "whisper", {}, "deepgram's models begin with nova-, such as nova-3, or are flux-general-en"),
    ("deepgram", "model", "flux-general-de", {}, "deepgram's models begin with nova-, such as nova-3, or are flux-"),
    ("deepgram", "language", "es", FLUX, "flux-general-en hears English; for other languages write flux-general-multi"),
    ("deepgram", "language", "English (US)", {}, "write a language such as en, en-US or multi"),
    ("deepgram", "keywords", ["word"], {}, "with nova-3 and Flux write keyterm"),
    ("deepgram", "keywords", ["word"], FLUX, "with nova-3 and Flux write keyterm"),
    ("deepgram", "keywords", ["x" * 51], NOVA_2, "may not be more than 50 bytes"),
    ("deepgram", "keyterm", ["word"], NOVA_2, "with older models write keywords"),
    ("deepgram", "keyterm", ["word"] * 101, {}, "must have at most 100 items"),
    ("deepgram", "smartFormat", "yes", {}, "must be of type boolean"),
    ("deepgram", "eotThreshold", 0.7, {}, "eotThreshold is for Flux models only"),
    ("deepgram", "eotThreshold", 0.49, FLUX, "should be greater than or equal to 0.5"),
    ("deepgram", "eotThreshold", 0, FLUX, "should be greater than or equal to 0.5"),
    ("deepgram", "eotThreshold", 0.91, FLUX, "should be less than or equal to 0.9"),
    ("deepgram", "eotTimeoutMs", 5000, {}, "eotTimeoutMs is for Flux models only"),
    ("deepgram", "eotTimeoutMs", 499, FLUX, "should be greater than or equal to 500"),
    ("deepgram", "eotTimeoutMs", 10001, FLUX, "should be less than or equal to 10000"),
    ("assembly-ai", "model", "universal", {}, "assembly-ai takes speechModel, not model"),
    ("assembly-ai", "language", "de", {}, "assembly-ai takes en or multi"),
    ("assembly-ai", "speechModel", "slam-1", {}, "Unsupported value"),
    ("assembly-ai", "wordBoost", [*["x" * 25] * 99, "x" * 26], {}, "may have 2500 characters in all"),
    ("assembly-ai", "wordBoost", ["x"] * 51, {"keytermsPrompt": ["y"] * 50}, "together they may have 100 terms"),
    ("assembly-ai", "keytermsPrompt", ["word"] * 101, {}, "must have at most 100 items"),
    ("assembly-ai", "keytermsPrompt", ["x" * 51], {}, "may not be more than 50 bytes"),
    ("assembly-ai", "endUtteranceSilenceThreshold", -1, {}, "should be greater than or equal to 0"),
    ("assembly-ai", "confidenceThreshold", 1.1, {}, "should be less than or equal to 1"),
    ("azure", "model", "latest", {}, "azure has no model to choose"),
    ("azure", "language", "en", {}, "azure takes a language with its region, such as en-US"),
    ("azure", "segmentationSilenceTimeoutMs", 99, {}, "should be greater than or equal to 100"),
    ("azure", "segmentationSilenceTimeoutMs", 5001, {}, "should be less than or equal to 5000"),
    ("azure", "segmentationMaximumTimeMs", 19999, {}, "should be greater than or equal to 20000"),
    ("azure", "segmentationMaximumTimeMs", 70001, {}, "should be less than or equal to 70000"),
    ("azure", "segmentationStrategy", "Pause", {}, "Unsupported value"),
    ("gladia", "model", "solaria-2", {}, "gladia's model is solaria-1, which also answers to"),
    ("gladia", "language", "English", {}, "gladia takes a language such as en, or multi for several"),
    ("gladia", "confidenceThreshold", -0.1, {}, "should be greater than or equal to 0"),
    ("gladia", "endpointing", 0.009, {}, "should be greater than or equal to 0.01"),
    ("gladia", "endpointing", 0, {}, "should be greater than or equal to 0.01"),
    ("gladia", "endpointing", 10.1, {}, "should be less than or equal to 10"),
    ("gladia", "speechThreshold", 1.1, {}, "should be less than or equal to 1"),
    ("gladia", "transcriptionHint", "x" * 601, {}, "may not be more than 600 bytes"),
    ("gladia", "customVocabularyConfig", {"vocabulary": ["x"]}, {}, "needs customVocabularyEnabled: true"),
    ("gladia", "region", "eu", {}, "gladia's regions are us-west and eu-west"),
    ("speechmatics", "model", "enhanced", {}, "speechmatics' only model is default"),
    ("speechmatics", "region", "eu-west", {}, "speechmatics' regions are eu and us"),
    ("speechmatics", "region", "asia", {}, "Unsupported value"),
    ("speechmatics", "operatingPoint", "best", {}, "Unsupported value"),
    ("speechmatics", "maxDelayMs", 699, {}, "should be greater than or equal to 700"),
    ("speechmatics", "maxDelayMs", 4001, {}, "should be less than or equal to 4000"),
    ("google", "model", "chirp", {}, "google's models begin with gemini-"),
    ("google", "language", "Klingon", {}, "google takes an English name such as English or Multilingual, or a tag"),
    ("openai", "model", None, {}, "openai needs a model"),
    ("openai", "language", "en-US", {"model": "gpt-4o-transcribe"}, "openai takes a two-letter language"),
    ("11labs", "model", "scribe_v2", {}, "11labs' model is scribe_v2_realtime, which also answers to scribe_v1"),
    ("11labs", "language", "eng", {}, "11labs takes a two-letter language"),
    ("cartesia", "model", "ink", {}, "cartesia's models are ink-whisper and ink-2"),
    ("cartesia", "language", "de", {"model": "ink-2"}, "ink-2 hears English; for other languages write ink-whisper"),
    ("cartesia", "language", "en-US", {}, "cartesia takes a two-letter language"),
)
"""Provider, setting, value, what else is given, and the complaint. None: the setting is left out."""

SHARED_SETTINGS = frozenset({"model", "language"})


TURNS = "turnDetection: Provider needs a model that finds the end of a turn"


def cases() -> Iterator[Case]:
    """Every setting in every place."""
    for place, make, path in PLACES:
        yield from _providers(place, make, path)
        yield from _good(place, make, path)
        yield from _bad(place, make, path)
        yield from _foreign(place, make, path)
    yield from _turns()
    yield from _standby()


def transcriber(make: Any, path: str, provider: str, **settings: Any) -> Manifest:
    """A manifest with this transcriber at `path`, and with an account for it where accounts are."""
    extra = {"model": "gpt-4o-transcribe"} if provider == "openai" else {}
    changes: dict[str, Any] = {path: {"provider": provider, **extra, **settings}}
    if make is assistant and provider not in ("openai", "deepgram", "cartesia"):
        region = {"region": "eastus"} if provider == "azure" else {}
        changes["spec.accounts[3]"] = account(provider) | region
    return Manifest(make(changes))


def _providers(place: str, make: Any, path: str) -> Iterator[Case]:
    for provider in get_args(TranscriberProvider):
        yield Case(f"accepted: {place}: {provider}", transcriber(make, path, provider))
    unknown = make({path: {"provider": "whisper"}})
    yield Case(f"refused: {place}: unknown provider", unknown, ((f"{path}.provider", 'Unsupported value: "whisper"'),))
    bare = make({path: "deepgram"})
    yield Case(f"refused: {place}: a string for a transcriber", bare, ((path, "must be of type object"),))


def _good(place: str, make: Any, path: str) -> Iterator[Case]:
    for provider, setting, values, extra in GOOD:
        for value in values:
            manifest = transcriber(make, path, provider, **{setting: value}, **extra)
            name = (
                f"accepted: {place}: {provider} {setting} {str(value)[:30]} {' '.join(map(str, extra.values()))[:30]}"
            )
            yield Case(name, manifest)


def _bad(place: str, make: Any, path: str) -> Iterator[Case]:
    for provider, setting, value, extra, complaint in BAD:
        given = {} if value is None else {setting: value}
        manifest = make({path: {"provider": provider, **given, **extra}})
        field = f"{path}.{setting}[0]" if "50 bytes" in complaint else f"{path}.{setting}"
        name = f"refused: {place}: {provider} {setting} {str(value)[:30]} {' '.join(map(str, extra.values()))[:30]}"
        yield Case(name, manifest, ((field, complaint),))


def _foreign(place: str, make: Any, path: str) -> Iterator[Case]:
    """A setting of one provider with another."""
    for setting, (provider, value) in {s: (p, v[0]) for p, s, v, _ in GOOD if s not in SHARED_SETTINGS}.items():
        other = "azure" if provider == "deepgram" else "deepgram"
        manifest = make({path: {"provider": other, setting: value}})
        complaint = (f"{path}.{setting}", f"{setting} is a setting of ")
        yield Case(f"refused: {place}: {setting} with {other}", manifest, (complaint,))


def _turns() -> Iterator[Case]:
    """Who finds the end of a turn: only the first transcriber says, and only Flux can."""
    field = "spec.transcriber.turnDetection"
    yield accepted("the agent finds the end of a turn", {field: "Agent"})
    for model in FLUX_MODELS:
        yield accepted(f"{model} finds the end of a turn", {field: "Provider", "spec.transcriber.model": model})
    yield refused("nova finds the end of a turn", {field: "Provider"}, (field, TURNS))
    yield refused("nobody finds the end of a turn", {field: "Nobody"}, (field, "Unsupported value"))


def _standby() -> Iterator[Case]:
    for value in get_args(Standby):
        yield accepted(f"standby {value}", {"spec.transcriber.fallbackPlan.standby": value})
        yield plan_accepted(f"standby {value}", {"spec.standby": value})
    field = "spec.transcriber.fallbackPlan.standby"
    yield refused("standby Warm", {field: "Warm"}, (field, "Unsupported value"))
    yield plan_refused("standby Warm", {"spec.standby": "Warm"}, ("spec.standby", "Unsupported value"))
