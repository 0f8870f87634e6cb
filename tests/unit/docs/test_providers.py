"""The pages about providers: what is built, what it was held to, and the versions that it was tried with."""

import re
from typing import get_args

import pytest

from tests.tools import speech_page
from tests.unit.docs.pages import ROOT
from understudy.api.transcriber import SETTINGS, TranscriberProvider
from understudy.api.transcriber_names import NAMES
from understudy.api.voice import VoiceProvider
from understudy.domain.revision import defaults
from understudy.domain.revision.directory import RETIRED
from understudy.domain.speech.codec import AudioFormat, TranscriberCodec

PAGE = (ROOT / "docs/reference/providers.md").read_text()
SPEECH = (ROOT / "docs/reference/speech-providers.md").read_text()
LOCK = (ROOT / "operator/requirements/dev.lock").read_text()


def section(heading: str) -> str:
    """What stands under a heading of the page about speech."""
    return SPEECH.partition(f"{heading}\n")[2].partition("\n## ")[0]


def cells(heading: str) -> list[list[str]]:
    """The table under a heading, a list a row."""
    rows = re.findall(r"^\| (`.*) \|$", section(heading), flags=re.MULTILINE)
    return [row.split(" | ") for row in rows]


def test_models_that_are_built_are_listed() -> None:
    """Every provider of models."""
    built = PAGE.partition("## Built")[2].lower()
    assert [each for each in defaults.MODEL_PROVIDERS if f"\n| {each}" not in built] == []


def test_the_page_about_speech_is_what_api_codecs_and_tests_say() -> None:
    """`make generate` brings it up to date."""
    assert speech_page.page() == SPEECH


def test_every_provider_of_speech_has_its_row() -> None:
    assert [row[0] for row in cells("## Transcribers")] == [f"`{name}`" for name in get_args(TranscriberProvider)]
    assert [row[0] for row in cells("## Voices")] == [f"`{name}`" for name in sorted(get_args(VoiceProvider))]


@pytest.mark.parametrize("provider", get_args(TranscriberProvider))
def test_every_setting_has_its_row(provider: str) -> None:
    """With range, default, class and what is sent or done."""
    rows = cells("## Settings of transcribers\n")  # the heading's own blank line
    assert rows
    own = SPEECH.partition(f"\n### `{provider}`\n")[2].partition("\n#")[0]
    found = re.findall(
        r"^\| `(\w+)` \| (.+?) \| (.+?) \| .*? \| (wire|mapped|proxy) \| (.+) \|$", own, flags=re.MULTILINE
    )
    assert len(found) == len(SETTINGS[provider])


@pytest.mark.parametrize(
    "row",
    [
        "| `eotThreshold` | number, 0.5 to 0.9 | 0.7 | with Flux models | wire | `eot_threshold` |",
        "| `eotTimeoutMs` | whole number, 500 to 10000 | 5000 | with Flux models | wire | `eot_timeout_ms` |",
        "| `endpointing` | number, 0.01 to 10 | 0.05 |  | wire | `endpointing` |",
        "| `operatingPoint` | one of `standard`, `enhanced` | `enhanced` |  | wire | `operating_point` |",
        "| `disablePartialTranscripts` | true or false | `false` |  | proxy |",
        "`fast` → `solaria-1`",
        "`scribe_v1` → `scribe_v2_realtime`",
    ],
)
def test_a_setting_is_shown_with_range_default_condition_and_class(row: str) -> None:
    assert row in SPEECH


def said_at_first(codec: TranscriberCodec) -> str:
    """All that a codec says before there is audio."""
    audio = codec.takes(AudioFormat("mulaw", 8000))
    post = codec.before(audio, {}, "key")
    if post:
        return post.body.decode()
    return "".join((codec.open(audio, {}, "key").url, *map(str, codec.greet())))


def test_the_models_that_are_sent_are_those_that_the_page_tells() -> None:
    """Older names become today's in the codec, so the page must not tell another story."""
    for provider, names in NAMES.items():
        for old, new in names.renamed.items():
            if " " not in old:
                assert new in said_at_first(speech_page.transcriber_codec(provider, old)), (provider, old)


def test_every_protocol_is_held_to_something() -> None:
    """And each file that is about one is on the page."""
    held = {
        (row[0].strip("`").replace("`, Flux", ", flux"), row[1]): row[3]
        for row in cells("## Written from, and held to")
    }
    missing = sorted(key for key, tests in held.items() if tests == speech_page.NOBODY and key[0] not in RETIRED)
    assert missing == []
    kinds = [(name, kind) for name in (*NAMES, "flux", *get_args(VoiceProvider)) for kind in ("transcriber", "voice")]
    named = {path for name, kind in kinds for path in speech_page.held_to(name, kind)}
    there = {f"speech/{path.name}" for path in (speech_page.CONTRACTS / "speech").glob("test_*.py")}
    assert sorted(there - named - speech_page.OF_ALL) == []


@pytest.mark.parametrize("package", ["openai", "deepgram-sdk", "pipecat-ai"])
def test_the_versions_are_those_of_the_tests(package: str) -> None:
    """As locked."""
    (version,) = re.findall(rf"^{package}==(\S+)", LOCK, re.MULTILINE)
    assert f"{package} {version}" in PAGE


@pytest.mark.parametrize("page", [PAGE, SPEECH], ids=["models", "speech"])
def test_it_says_what_was_not_done(page: str) -> None:
    """Nobody should believe that a live service was called."""
    assert "Nothing here was run against the live services" in page
