"""Azure's recognition: turns, what they cover, and what waits for them."""

from typing import Any

import orjson
import pytest

from tests.unit.domain.speech.transcribers.wire import account, query, transcriber
from understudy.base.clock import ManualClock
from understudy.domain.speech import azure
from understudy.domain.speech.codec import (
    Ack,
    Alive,
    AudioFormat,
    Event,
    Failure,
    Flushed,
    Frame,
    Reply,
    Result,
    Word,
)
from understudy.domain.speech.transcribers.azure import MAX_AUDIO, TAIL_S, AzureCodec

SECOND = bytes(16_000)
"""Of 8 kHz."""
TICKS = 10_000_000


def made(**fields: Any) -> AzureCodec:
    codec = AzureCodec(transcriber("azure", **fields), account("azure", "wss://host"), ManualClock())
    codec.open(AudioFormat("linear16", 8000), {}, None)
    return codec


def read(frames: list[Frame] | tuple[Frame, ...]) -> list[azure.Message]:
    return [azure.parse(frame) for frame in frames]


def turn_of(frames: list[Frame] | tuple[Frame, ...]) -> str:
    """The request id of the last of them."""
    return read(frames)[-1].request_id


def paths(frames: list[Frame] | tuple[Frame, ...]) -> list[str]:
    """Paths, with the size of audio."""
    return [f"audio {len(m.body)}" if m.path == "audio" else m.path for m in read(frames)]


def told(turn: str, path: str, body: dict[str, Any] | None = None) -> str:
    return azure.text(path, turn, orjson.dumps(body or {}).decode(), 0.0)


def phrase(turn: str, text: str, begin: float, seconds: float, **fields: Any) -> str:
    best = {"Display": text, "Confidence": 0.9, **fields}
    said = {"RecognitionStatus": "Success", "NBest": [best], "Offset": int(begin * TICKS)}
    return told(turn, "speech.phrase", said | {"Duration": int(seconds * TICKS)})


def status(turn: str, name: str) -> str:
    return told(turn, "speech.phrase", {"RecognitionStatus": name, "Offset": 0, "Duration": TICKS})


def test_a_phrase_says_what_it_covers() -> None:
    """So audio is acknowledged by time; and it may come twice as fast as real time."""
    assert AzureCodec.traits.ack is Ack.WORD
    assert (AzureCodec.traits.replay_rate, AzureCodec.traits.replay_burst_s) == (2.0, 5.0)


@pytest.mark.parametrize(
    ("agent", "taken"),
    [
        (AudioFormat("linear16", 16_000), AudioFormat("linear16", 16_000)),
        (AudioFormat("linear16", 8000), AudioFormat("linear16", 8000)),
        (AudioFormat("mulaw", 8000), AudioFormat("mulaw", 8000)),
        (AudioFormat("alaw", 8000), AudioFormat("alaw", 8000)),
        (AudioFormat("linear16", 48_000), AudioFormat("linear16", 16_000)),
        (AudioFormat("mulaw", 16_000), AudioFormat("linear16", 16_000)),
        (AudioFormat("linear16", 16_000, 2), AudioFormat("linear16", 16_000)),
        (AudioFormat("linear32", 8000), AudioFormat("linear16", 16_000)),
    ],
)
def test_the_telephones_formats_are_taken_as_they_are(agent: AudioFormat, taken: AudioFormat) -> None:
    assert made().takes(agent) == taken


def test_on_a_regions_host_the_query_says_what_the_context_says_too() -> None:
    """As Microsoft's SDKs do there; a resource's own host gets it in the context alone."""
    codec = AzureCodec(transcriber("azure", language="de-DE"), account("azure", "wss://a.stt.speech.microsoft.com"))
    connect = codec.open(AudioFormat(), {}, "k")
    assert query(connect) == {"language": ["de-DE"], "format": ["detailed"], "wordLevelTimestamps": ["true"]}
    assert connect.headers[azure.KEY_HEADER] == "k"
    assert "?" not in AzureCodec(transcriber("azure"), account("azure", "wss://host")).open(AudioFormat(), {}, "k").url


@pytest.mark.parametrize(
    ("language", "asked"), [(None, "en-US"), ("de-CH", "de-CH"), ("en", "en-US"), ("multi", "en-US"), ("xx", "en-US")]
)
def test_the_language_has_a_region(language: str | None, asked: str) -> None:
    """Azure refuses one without."""
    context = orjson.loads(read(made(language=language).send(SECOND))[0].body)
    assert context["phraseDetection"]["language"] == asked


def test_the_first_audio_begins_a_turn() -> None:
    """Context, RIFF header, audio, all with one id; the language is Azure's own default."""
    codec = made()
    assert paths(codec.greet()) == ["speech.config"]
    frames = codec.send(SECOND[:320])
    assert paths(frames) == ["speech.context", "audio 44", "audio 320"]
    assert len({message.request_id for message in read(frames)}) == 1
    context = orjson.loads(read(frames)[0].body)
    assert context["phraseDetection"] == {"language": "en-US", "mode": "Conversation"}
    assert context["phraseOutput"]["format"] == "Detailed"
    assert paths(codec.send(SECOND[:320])) == ["audio 320"]


@pytest.mark.parametrize(
    ("audio", "layout"),
    [
        (AudioFormat("linear16", 16_000), (1, 1, 16_000, 32_000, 2, 16)),
        (AudioFormat("mulaw", 8000), (7, 1, 8000, 8000, 1, 8)),
        (AudioFormat("alaw", 8000), (6, 1, 8000, 8000, 1, 8)),
    ],
    ids=str,
)
def test_the_header_says_what_the_audio_is(audio: AudioFormat, layout: tuple[int, ...]) -> None:
    codec = made()
    codec.open(audio, {}, None)
    header = read(codec.send(b"\0\0"))[1].body
    sizes = (2, 2, 4, 4, 2, 2)
    starts = [20 + sum(sizes[:index]) for index in range(len(sizes))]
    found = tuple(int.from_bytes(header[at : at + size], "little") for at, size in zip(starts, sizes, strict=True))
    assert (header[:4], header[8:16], header[36:40], found) == (b"RIFF", b"WAVEfmt ", b"data", layout)


def test_no_message_holds_more_audio_than_azure_takes() -> None:
    assert paths(made().send(bytes(MAX_AUDIO + 100)))[2:] == [f"audio {MAX_AUDIO}", "audio 100"]


def test_hypotheses_and_phrases_are_timed_on_the_connections_clock() -> None:
    """Offsets restart with each turn; words are told with theirs."""
    codec = made()
    codec.send(SECOND * 2)
    first = turn_of(codec.finalize())
    codec.receive(told(first, "turn.end"))
    turn = turn_of(codec.send(SECOND * 3))
    word = {"Word": "hello", "Offset": TICKS, "Duration": TICKS // 2, "Confidence": 0.8}
    assert codec.receive(told(turn, "turn.start")) == [Alive()]
    assert codec.receive(told(turn, "speech.startDetected", {"Offset": 0})) == [Alive()]
    assert codec.receive(told(turn, "speech.hypothesis", {"Text": "hell", "Offset": TICKS, "Duration": TICKS})) == [
        Result("hell", final=False, start=3.0, end=4.0)
    ]
    assert codec.receive(phrase(turn, "Hello.", 1.0, 1.0, Words=[word])) == [
        Result("Hello.", final=True, start=3.0, end=4.0, words=(Word("hello", 3.0, 3.5, 0.8),), confidence=0.9)
    ]


def ended(codec: AzureCodec, turn: str, *phrases: str) -> list[Event]:
    """What a turn that ends with these phrases means."""
    return [event for message in (*phrases, told(turn, "turn.end")) for event in codec.receive(message)]


def test_the_last_phrase_of_a_turn_that_was_ended_answers() -> None:
    """It covers all that was sent; those before it are finals like any other."""
    codec = made()
    codec.send(SECOND * 4)
    turn = turn_of(codec.finalize())
    events = ended(
        codec, turn, phrase(turn, "One.", 0.0, 1.0), phrase(turn, "Two.", 2.0, 1.0), status(turn, "EndOfDictation")
    )
    finals = [event for event in events if isinstance(event, Result)]
    assert [(final.text, final.from_finalize, final.end) for final in finals] == [
        ("One.", False, 1.0),
        ("Two.", True, 4.0),
    ]
    assert not any(isinstance(event, Flushed) for event in events)


@pytest.mark.parametrize("phrases", [(), ("NoMatch",), ("InitialSilenceTimeout", "EndOfDictation")])
def test_a_turn_without_words_is_flushed(phrases: tuple[str, ...]) -> None:
    codec = made()
    codec.send(SECOND)
    turn = turn_of(codec.finalize())
    events = ended(codec, turn, *(status(turn, name) for name in phrases))
    assert events[-1] == Flushed()
    assert not any(isinstance(event, Result) and event.text for event in events)


def test_a_finalize_with_nothing_sent_still_gets_an_answer() -> None:
    """By a turn that holds nothing."""
    assert paths(made().finalize()) == ["speech.context", "audio 44", "audio 0"]


def test_what_comes_while_a_turn_ends_waits_for_its_end() -> None:
    """Audio, and `finalize`s in it, in their order, one turn after the other."""
    codec = made()
    codec.send(SECOND)
    first = turn_of(codec.finalize())
    assert codec.send(SECOND) == []
    assert codec.finalize() == []
    assert codec.send(SECOND[:320]) == []
    events = ended(codec, first, phrase(first, "One.", 0.0, 1.0))
    reply = events[-1]
    assert isinstance(reply, Reply)
    assert paths(reply.frames) == ["speech.context", "audio 44", "audio 8192", "audio 7808", "audio 0"]
    second = turn_of(reply.frames)
    assert second != first
    events = ended(codec, second, phrase(second, "Two.", 0.5, 0.5))
    answers = [event for event in events if isinstance(event, Result)]
    assert [(answer.text, answer.from_finalize, answer.start, answer.end) for answer in answers] == [
        ("Two.", True, 1.5, 2.0)
    ]
    assert isinstance(events[-1], Reply)
    assert paths(events[-1].frames) == ["speech.context", "audio 44", "audio 320"]


def test_finishing_waits_too_and_answers_nothing() -> None:
    """What is said last is a final, not an answer; an empty connection has nothing to finish."""
    codec = made()
    assert codec.finish() == []
    codec.send(SECOND)
    first = turn_of(codec.finalize())
    codec.send(SECOND[:320])
    assert codec.finish() == []
    events = ended(codec, first)
    assert events[0] == Flushed()
    assert isinstance(events[-1], Reply)
    assert paths(events[-1].frames) == ["speech.context", "audio 44", "audio 320", "audio 0"]
    last = turn_of(events[-1].frames)
    events = ended(codec, last, phrase(last, "Bye.", 0.0, 0.02))
    assert [event.from_finalize for event in events if isinstance(event, Result)] == [False]
    assert not any(isinstance(event, Flushed | Reply) for event in events)


def test_messages_of_another_turn_mean_nothing() -> None:
    codec = made()
    turn = turn_of(codec.send(SECOND))
    assert codec.receive(phrase("f" * 32, "Old.", 0.0, 1.0)) == [Alive()]
    assert codec.receive(told(turn, "something.new")) == [Alive()]


@pytest.mark.parametrize(
    ("name", "reason", "transient"),
    [
        ("Error", "the provider reported Error", True),
        ("TooManyRequests", "the provider reported TooManyRequests", True),
        ("Forbidden", "the provider reported Forbidden", False),
        ("BadRequest", "the provider reported BadRequest", False),
        ("Was soll das? <caller's words>", "the provider reported an error", False),
    ],
)
def test_other_statuses_are_failures(name: str, reason: str, *, transient: bool) -> None:
    """With the status as the reason, unless it may hold anything."""
    codec = made()
    turn = turn_of(codec.send(SECOND))
    assert codec.receive(status(turn, name)) == [Failure(reason, transient=transient)]


def test_a_turn_that_azure_ends_by_itself_is_followed_by_another() -> None:
    """What it may have missed is sent once more: what no phrase covered, two seconds at most."""
    codec = made()
    turn = turn_of(codec.send(SECOND * 10))
    codec.receive(phrase(turn, "One.", 0.0, 9.5))
    [reply] = codec.receive(told(turn, "turn.end"))
    assert isinstance(reply, Reply)
    assert paths(reply.frames) == ["speech.context", "audio 44", "audio 8000"]
    turn = turn_of(reply.frames)
    [again] = codec.receive(phrase(turn, "Two.", 0.0, 0.5))
    assert isinstance(again, Result)
    assert (again.start, again.end) == (9.5, 10.0)
    codec.send(SECOND * 30)
    [reply] = codec.receive(told(turn, "turn.end"))
    assert isinstance(reply, Reply)
    assert sum(len(message.body) for message in read(reply.frames)[2:]) == TAIL_S * 16_000


def test_a_turn_that_azure_ends_within_a_phrase_is_a_failure() -> None:
    """The phrase would be lost; another connection gets its audio."""
    codec = made()
    turn = turn_of(codec.send(SECOND))
    codec.receive(told(turn, "speech.hypothesis", {"Text": "hel", "Offset": 0, "Duration": 100}))
    [failure] = codec.receive(told(turn, "turn.end"))
    assert isinstance(failure, Failure)
    assert failure.transient


@pytest.mark.parametrize(
    "message", ["nonsense", b"\x00", told("x", "speech.phrase").replace("{}", "[]"), told("x", "speech.phrase") + "{"]
)
def test_what_is_not_of_the_protocol_is_an_error(message: Frame) -> None:
    codec = made()
    turn = turn_of(codec.send(SECOND))
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's own words, or ours
        codec.receive(
            message.replace("X-RequestId: x", f"X-RequestId: {turn}") if isinstance(message, str) else message
        )


def test_idle_connections_are_kept_by_a_message_that_belongs_to_no_turn() -> None:
    codec = made()
    turn = turn_of(codec.send(SECOND))
    assert paths(codec.keep_alive()) == ["speech.config"]
    assert turn_of(codec.send(SECOND)) == turn
