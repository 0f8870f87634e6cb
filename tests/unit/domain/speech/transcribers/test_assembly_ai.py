"""AssemblyAI: turns that grow, end once, and say everything in the URL."""

from typing import Any

import pytest

from tests.unit.domain.speech.transcribers.wire import account, hear, query, sent, transcriber
from understudy.domain.speech.codec import Ack, Alive, AudioFormat, Failure, Flushed, Result, Word
from understudy.domain.speech.transcribers.assembly_ai import AssemblyAiCodec

ACCOUNT = account("assembly-ai", "wss://streaming.assemblyai.com")
RATE = 16_000
MS = RATE * 2 // 1000
"""Bytes of a millisecond."""

# As in the vendor's documentation of the message sequence, shortened.
BEGIN = {"type": "Begin", "id": "de5d9927-73a6-4be8-b52d-b4c07be37e6b", "expires_at": 1759796682}
TERMINATION = {"type": "Termination", "audio_duration_seconds": 7, "session_duration_seconds": 7}


def opened(**fields: Any) -> AssemblyAiCodec:
    codec = AssemblyAiCodec(transcriber("assembly-ai", **fields), ACCOUNT)
    codec.open(AudioFormat("linear16", RATE), {}, "k")
    return codec


def turn(order: int, *words: tuple[str, int, int], end: bool = False, formatted: bool = False) -> dict[str, Any]:
    said: list[dict[str, Any]] = [
        {"text": text, "start": start, "end": until, "confidence": 0.8, "word_is_final": end or text != words[-1][0]}
        for text, start, until in words
    ]
    return {
        "type": "Turn",
        "turn_order": order,
        "turn_is_formatted": formatted,
        "end_of_turn": end,
        "transcript": " ".join(word["text"] for word in said if word["word_is_final"]),
        "utterance": "",
        "end_of_turn_confidence": 0.75,
        "words": said,
    }


HI = (("hi", 1920, 2000), ("sonny", 2800, 3100))
MORE = (("i", 5200, 5280), ("am", 5440, 5520))


def test_what_is_asked_for() -> None:
    """Everything in the query; the key is the whole header."""
    codec = AssemblyAiCodec(transcriber("assembly-ai"), ACCOUNT)
    connect = codec.open(AudioFormat("mulaw", 8000), {"interim_results": "true"}, "k")
    assert connect.url.startswith("wss://streaming.assemblyai.com/v3/ws?")
    assert query(connect) == {
        "sample_rate": ["8000"],
        "encoding": ["pcm_mulaw"],
        "format_turns": ["false"],
        "speech_model": ["universal-streaming-english"],
    }
    assert connect.headers == {"Authorization": "k"}
    assert codec.open(AudioFormat(), {}, None).headers == {}


@pytest.mark.parametrize("model", ["u3-rt-pro", "universal-3-5-pro", "universal-3-6-pro"])
def test_models_that_format_by_themselves_are_not_asked_about_it(model: str) -> None:
    asked = query(
        AssemblyAiCodec(transcriber("assembly-ai", language="multi", settings={"speechModel": model}), ACCOUNT).open(
            AudioFormat("mulaw", 8000), {}, None
        )
    )
    assert asked == {"sample_rate": ["8000"], "encoding": ["pcm_mulaw"], "speech_model": [model]}


@pytest.mark.parametrize("base", ["https://host/here", "wss://host/here/v3", "wss://host/here/v3/ws"])
def test_the_base_may_hold_the_version(base: str) -> None:
    codec = AssemblyAiCodec(transcriber("assembly-ai"), account("assembly-ai", base))
    assert codec.open(AudioFormat(), {}, None).url.startswith("wss://host/here/v3/ws?")


def test_more_terms_than_the_provider_takes_are_cut() -> None:
    """`keytermsPrompt` comes before `wordBoost`, and a term that is in both counts once."""
    settings = {"keytermsPrompt": [f"k{n}" for n in range(60)], "wordBoost": ["k0", *(f"w{n}" for n in range(60))]}
    codec = AssemblyAiCodec(transcriber("assembly-ai", settings=settings), ACCOUNT)
    (terms,) = query(codec.open(AudioFormat(), {}, None))["keyterms_prompt"]
    assert terms.count(",") == 99
    assert terms.endswith('"w38","w39"]')


@pytest.mark.parametrize(
    ("agent", "taken"),
    [
        (AudioFormat("mulaw", 8000), AudioFormat("mulaw", 8000)),
        (AudioFormat("linear16", 48_000, 2), AudioFormat("linear16", 48_000)),
        (AudioFormat("alaw", 8_000), AudioFormat("linear16", 8_000)),
        (AudioFormat("linear32", 16_000), AudioFormat("linear16", 16_000)),
    ],
)
def test_audio_that_is_taken(agent: AudioFormat, taken: AudioFormat) -> None:
    assert AssemblyAiCodec(transcriber("assembly-ai"), ACCOUNT).takes(agent) == taken


def test_traits() -> None:
    """Finals have times; a session is old after three hours; a message is 50 to 1000 ms."""
    traits = AssemblyAiCodec.traits
    assert (traits.ack, traits.replay_rate, traits.lasts_s) == (Ack.WORD, 1.25, 10_800)
    assert (traits.chunk_min_s, traits.chunk_max_s) == (0.05, 1.0)


@pytest.mark.parametrize(
    ("given_ms", "sent_ms"),
    [((100,), [100]), ((20, 20, 20), [60]), ((1020,), [1000]), ((2500,), [1000, 1000, 500]), ((49,), [])],
)
def test_messages_of_audio_are_of_a_length_that_is_taken(given_ms: tuple[int, ...], sent_ms: list[int]) -> None:
    """What is too short waits for more."""
    codec = opened()
    frames = [frame for ms in given_ms for frame in codec.send(b"\1" * ms * MS)]
    assert [len(frame) // MS for frame in frames] == sent_ms


def test_a_finalize_takes_along_what_waits_and_moves_no_time() -> None:
    """Padded to the shortest message; what is said after it is not 30 ms later for that."""
    codec = opened()
    assert codec.send(b"\1" * 20 * MS) == []
    assert sent(codec.finalize()) == [b"\1" * 20 * MS + bytes(30 * MS), {"type": "ForceEndpoint"}]
    codec.send(b"\1" * 100 * MS)
    (result,) = hear(codec, turn(0, ("hi", 60, 110), end=True))
    assert isinstance(result, Result)
    assert (result.start, result.end) == (0.03, 0.08)
    assert sent(codec.finalize()) == [{"type": "ForceEndpoint"}]


def test_a_turn_grows_and_ends_once() -> None:
    """An interim has the words that are not final yet too; the formatted end of the turn is a duplicate."""
    codec = opened()
    events = hear(
        codec,
        BEGIN,
        turn(0, HI[0]),
        turn(0, *HI),
        turn(0, *HI, end=True),
        turn(0, *HI, end=True, formatted=True),
        turn(1, *MORE),
    )
    words = (Word("hi", 1.92, 2.0, 0.8), Word("sonny", 2.8, 3.1, 0.8))
    assert events == [
        Alive(),
        Result("hi", final=False, start=1.92, end=2.0, words=words[:1], confidence=0.8),
        Result("hi sonny", final=False, start=1.92, end=3.1, words=words, confidence=0.8),
        Result("hi sonny", final=True, start=1.92, end=3.1, words=words, confidence=0.8, ends_turn=True),
        Alive(),
        Result(
            "i am",
            final=False,
            start=5.2,
            end=5.52,
            words=(Word("i", 5.2, 5.28, 0.8), Word("am", 5.44, 5.52, 0.8)),
            confidence=0.8,
        ),
    ]


def test_one_end_of_a_turn_answers_one_finalize() -> None:
    """Two requests, two answers; an end without a word in it is `Flushed`, or nothing where nobody asked."""
    codec = opened()
    codec.finalize()
    codec.finalize()
    first, second, third = hear(codec, turn(0, *HI, end=True), turn(1, end=True), turn(2, end=True))
    assert isinstance(first, Result)
    assert first.from_finalize
    assert (second, third) == (Flushed(), Alive())


@pytest.mark.parametrize(
    ("message", "failure"),
    [
        (
            {"type": "Error", "error_code": 3007, "error": "Input duration violation: 20 ms"},
            Failure("the provider reported 3007"),
        ),
        ({"error_code": 3005, "error": "Session Cancelled"}, Failure("the provider reported 3005", transient=True)),
        ({"type": "Error", "error": "what the caller said"}, Failure("the provider reported an error")),
    ],
)
def test_errors(message: dict[str, Any], failure: Failure) -> None:
    """The code, never the text; only what a new session cures is transient."""
    assert hear(opened(), message) == [failure]


@pytest.mark.parametrize("kind", ["SpeechStarted", "Heartbeat", "Warning", "SpeakerRevision", "Silence", "OfTomorrow"])
def test_other_messages_are_signs_of_life(kind: str) -> None:
    assert hear(opened(), {"type": kind, "timestamp": 1}) == [Alive()]
    assert hear(opened(), TERMINATION) == [Alive()]


@pytest.mark.parametrize("message", ["[]", "{}", "no json", '{"type":"Turn"}', '{"type":"Turn","turn_order":0}'])
def test_what_is_none_of_the_protocol(message: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        opened().receive(message)


def test_keep_alive_and_finish() -> None:
    """The session ends at once, with what waited."""
    codec = opened()
    assert sent(codec.keep_alive()) == [{"type": "KeepAlive"}]
    codec.send(b"\1" * 10 * MS)
    assert sent(codec.finish()) == [b"\1" * 10 * MS + bytes(40 * MS), {"type": "Terminate"}]
    assert codec.control({"type": "Configure"}) == []
