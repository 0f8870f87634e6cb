"""What agents read: Deepgram's messages, on either path."""

from typing import Any

import pytest
from deepgram.listen.v1.types import ListenV1Results
from deepgram.listen.v2.types import ListenV2TurnInfo

from understudy.domain.speech.agent_face import face_v1, face_v2
from understudy.domain.speech.answers import ToAgent
from understudy.domain.speech.codec import Result, Word
from understudy.domain.speech.confidence import without_doubtful
from understudy.domain.speech.deepgram import asked, metadata, moved, results, speech_started, utterance_end
from understudy.domain.speech.farewell import farewell

WORDS = (Word("A", 0.0, 0.1, 0.9), Word("table.", 0.2, 0.5, 0.4))
RESULT = Result("A table.", final=True, end=0.5, words=WORDS)


def message(text: str, *, final: bool) -> dict[str, Any]:
    return results(Result(text, final=final), 1.0, 2.0, round, "r")


def told(text: str, *, final: bool = True, **flags: bool) -> ToAgent:
    return ToAgent(message(text, final=final), text if final else "", **flags)


def test_other_providers_results_read_like_deepgrams() -> None:
    said = ListenV1Results.model_validate(results(RESULT, 10.0, 10.5, lambda seconds: seconds + 10, "r"))
    best = said.channel.alternatives[0]
    assert (said.start, said.duration, said.is_final, best.transcript) == (10.0, 0.5, True, "A table.")
    assert [(word.word, word.start) for word in best.words] == [("a", 10.0), ("table", 10.2)]
    assert best.confidence == pytest.approx(0.65)


def test_a_message_moves_with_all_its_times() -> None:
    own = results(RESULT, 0.0, 0.5, round, "r") | {"start": 0.2, "duration": 0.4, "extra": 1}
    there = moved(own, lambda seconds: round(seconds + 1, 3))
    assert (there["start"], there["duration"], there["extra"]) == (1.2, 0.4, 1)


def test_words_under_the_threshold_are_left_out_of_both_forms() -> None:
    said = {**results(RESULT, 0.0, 0.5, lambda seconds: seconds, "r"), "type": "Results"}
    left, count = without_doubtful(Result("A table.", final=True, words=WORDS, message=said), 0.5)
    assert (left.text, count) == ("A", 1)
    assert left.message["channel"]["alternatives"][0]["transcript"] == "A"


@pytest.mark.parametrize(("confidence", "text"), [(0.4, ""), (0.6, "mumble"), (None, "mumble")])
def test_without_words_the_whole_decides(confidence: float | None, text: str) -> None:
    left, _ = without_doubtful(Result("mumble", final=True, confidence=confidence), 0.5)
    assert left.text == text


def test_query_tells_what_is_wanted() -> None:
    wants = asked({"interim_results": "true", "vad_events": "true", "utterance_end_ms": "1200"})
    assert (wants.interims, wants.speech_started, wants.utterance_end_s, wants.agent_turns) == (True, True, 1.2, False)
    assert asked({}).agent_turns
    with pytest.raises(ValueError, match="utterance_end_ms"):
        asked({"utterance_end_ms": "soon"})


def test_interims_are_asked_for_whatever_the_agent_wants() -> None:
    """A transcriber that has died is noticed by their absence."""
    face = face_v1({"model": "m"}, "r")
    assert (face.query["interim_results"], face.asked.interims) == ("true", False)


def test_a_turn_grows_until_it_is_over() -> None:
    face = face_v2({}, "r")
    said = [
        *face.greeting(),
        *face.told(told("a", final=False)),
        *face.told(told("a table")),
        *face.told(told("for two", final=False)),
        *face.told(told("for two", ends_turn=True)),
        *face.told(told("hello")),
    ]
    infos = [ListenV2TurnInfo.model_validate(one) for one in said[1:]]
    assert [(info.event, info.turn_index, info.transcript) for info in infos] == [
        ("StartOfTurn", 0, "a"),
        ("Update", 0, "a table"),
        ("Update", 0, "a table for two"),
        ("Update", 0, "a table for two"),
        ("EndOfTurn", 0, "a table for two"),
        ("StartOfTurn", 1, "hello"),
    ]
    assert [one["sequence_id"] for one in said] == list(range(7))


@pytest.mark.parametrize(
    ("end", "trigger"),
    [
        (ToAgent(utterance_end(2.0)), "timeout"),
        (told("", finalized=True), "manual"),
        (told("", ends_turn=True), "model"),
    ],
)
def test_what_ends_a_turn(end: ToAgent, trigger: str) -> None:
    face = face_v2({}, "r")
    assert face.told(end) == []
    face.told(told("yes"))
    [over] = face.told(end)
    assert (over["event"], over["trigger"], over["transcript"]) == ("EndOfTurn", trigger, "yes")


def test_messages_of_the_other_path_stay_away() -> None:
    face = face_v2({}, "r")
    assert face.told(ToAgent(speech_started(1.0))) == []
    assert face.ending(metadata("r", "now", 1.0, 1)) == []
    assert face.error("C", "d")[0]["code"] == "C"


def test_farewell_is_in_the_callers_language() -> None:
    assert farewell("de-AT").startswith("Entschuldigung")
    assert farewell("tlh") == farewell(None)
