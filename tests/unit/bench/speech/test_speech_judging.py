"""How the speech benchmark counts."""

from typing import Any

import pytest

from tests.bench.speech import listen, real, speak, tally, wire
from tests.bench.speech.cases import NONE, Case
from tests.bench.speech.sight import Sight, Stream, live_again
from understudy.apps.simulator.audio import mulaw, numbered
from understudy.apps.simulator.caller.playback import Playback
from understudy.apps.simulator.voice import watermark

EAR = Case(3, "transcriber", "drop", "deepgram", "gladia")
VOICE = Case(4, "voice", NONE, "cartesia", "openai")
NOTHING = (Sight(), Sight())


def results(text: str, *, final: bool = True, answers: bool = False) -> dict[str, Any]:
    alternatives = [{"transcript": text}]
    return {
        "type": "Results", "is_final": final, "from_finalize": answers, "channel": {"alternatives": alternatives},
    }  # fmt: skip


def judged(*messages: dict[str, Any]) -> listen.Verdict:
    heard = listen.Heard([(float(at), message) for at, message in enumerate(messages)])
    return listen.judge(EAR, listen.speech(EAR), heard, NOTHING)


def test_all_words_once_and_every_finalize_answered_is_clean() -> None:
    """Whatever the case and the punctuation."""
    words = [word.text.upper() + "." for word in listen.speech(EAR).words]
    parts = [" ".join(words[:5]), " ".join(words[5:]), ""]
    verdict = judged(*(results(part, answers=True) for part in parts))
    assert verdict.clean
    assert verdict.words == len(words)


def test_lost_doubled_and_invented_words_are_told_apart() -> None:
    """A word left out, one that comes twice, one that nobody said; frames by the words' lengths."""
    words = [word.text for word in listen.speech(EAR).words]
    said = [*words[1:], words[3], "nobody"]
    verdict = judged(results(" ".join(said), answers=True))
    assert [numbered.text_of(number) for number in verdict.lost] == words[:1]
    assert [numbered.text_of(number) for number in verdict.doubled] == [words[3]]
    assert verdict.invented == ["nobody"]
    assert verdict.answers == 1 - listen.UTTERANCES
    assert verdict.frames_lost == round(numbered.seconds_of(verdict.lost[0]) / 0.02)
    assert not verdict.clean


def test_an_interim_that_says_again_what_is_final_is_stale() -> None:
    """Only afterwards: an interim before its final is what interims are."""
    first = listen.speech(EAR).words[0].text
    assert judged(results(first, final=False), results(first), results("", final=False)).stale == 0
    assert judged(results(first), results(first, final=False)).stale == 1


@pytest.mark.parametrize(("wanted", "heard", "errors"), [("a b c", "a b c", 0), ("a b c", "a c", 1), ("a", "b c", 2)])
def test_word_errors(wanted: str, heard: str, errors: int) -> None:
    """Left out, put in, replaced."""
    assert real.edits(wanted.split(), heard.split()) == errors


def spoken(words: list[str], *, pause_at: int = 0, pause_s: float = 0.0) -> list[Any]:
    """What the caller hears of these words, the rest of them `pause_s` too late."""
    playback, now = Playback(), 100.0
    for number, word in enumerate(words):
        now += pause_s if number and number == pause_at else 0.0
        sound = watermark.speech(word, speak.RATE, 170, -20)
        playback.receive(mulaw.encode(sound), now)
        now += len(sound) / 2 / speak.RATE
    return speak.ear(playback)


def verdict_of(words: list[str], **pause: Any) -> speak.Verdict:
    told = speak.Spoken(asked=99.8, timed=words, done=True)
    return speak.judge(VOICE, speak.text(VOICE), told, spoken(words, **pause), NOTHING)


def test_a_voice_that_says_all_words_once_is_clean() -> None:
    """No gap but the voice's own, the first word when it came."""
    verdict = verdict_of([token.strip() for token in speak.text(VOICE)])
    assert verdict.clean
    assert verdict.mistold == 0
    assert verdict.gap_s == pytest.approx(0.0, abs=0.03)
    assert verdict.first_s == pytest.approx(0.2, abs=0.03)


def test_the_ear_tells_words_lost_doubled_out_of_order_and_the_silence() -> None:
    """The second word is left out, the first comes again at the end; half a second of silence."""
    words = [token.strip() for token in speak.text(VOICE)]
    verdict = verdict_of([words[0], *words[2:], words[0]], pause_at=5, pause_s=0.5)
    assert verdict.lost == [watermark.number_of(words[1])]
    assert verdict.doubled == [watermark.number_of(words[0])]
    assert verdict.disorder == 1
    assert verdict.gap_s == pytest.approx(0.5, abs=0.04)
    assert verdict.mistold == 1


def test_a_late_first_word_is_a_gap_beyond_the_healthy_start() -> None:
    """What a healthy call of the same provider needs does not count."""
    healthy = speak.Verdict(VOICE, first_s=0.4, gap_s=0.0)
    late = speak.Verdict(Case(5, "voice", "hang", "cartesia", "openai"), struck=True, first_s=1.0, gap_s=0.1)
    counted = tally.Tally([healthy, late]).to_json()["voice"]
    assert counted["gap_ms"] == {"p50": 600.0, "p95": 600.0}
    assert counted["failovers"] == 1


def test_a_stream_is_live_when_it_has_caught_up_with_the_caller() -> None:
    """Two words two seconds late, the third nearly at once."""
    numbers, stream = [1, 2, 3], Stream(asked=0.0)
    words = numbered.timed(numbers)
    ends = {word.number: 100.0 + word.end for word in words}
    late = {1: 2.0, 2: 2.0, 3: 0.1}
    for word, piece in zip(words, [numbered.speech([number], 8000) + bytes(960) for number in numbers], strict=True):
        stream.take(piece, 8000, ends[word.number] + late[word.number] + 0.06)
    live = live_again(stream, ends.__getitem__, 0.0, last=1000.0)
    assert live == pytest.approx(ends[3] + 0.16 - wire.ONE_WAY_S, abs=0.03)


def test_a_failure_at_the_opening_finds_no_standby_ready() -> None:
    """It opens at the same time: what then passes before the first frame is a handshake."""
    cases = [
        Case(number, "transcriber", kind, "deepgram", "gladia") for number in range(8) for kind in ("drop", "status")
    ]
    found = tally.by_readiness([listen.Verdict(case) for case in cases])
    assert {verdict.case.kind for verdict in found["opening"]} == {"status"}
    assert all(verdict.case.connected for verdict in found["connected"])
    assert not any(verdict.case.connected for verdict in found["cold"])
    assert sum(map(len, found.values())) == len(cases)
