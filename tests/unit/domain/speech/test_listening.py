"""Every sample in one final, one answer a `Finalize`, whoever is listening, whenever it fails."""

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.domain.speech.answers import FINALIZE_WAIT_S, HOLD_S
from understudy.domain.speech.codec import Ack, Notice, Result
from understudy.domain.speech.deepgram import Asked
from understudy.domain.speech.listening import UNSURE_S
from understudy.domain.speech.seam import MOST_WORDS, SEAM_S

from .listening_world import FRAME_S, RATE, World

BOTH = pytest.mark.parametrize("ack", list(Ack))


@settings(max_examples=80, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(5, 60), st.sampled_from(list(Ack)))
def test_every_frame_of_speech_is_in_one_final(random: Random, events: int, ack: Ack) -> None:
    """Whatever happens: no word lost, none doubled, all in order; as many answers as `Finalize`s."""
    world = World(ack)
    for _ in range(events):
        world.happen(random)
    world.end()
    assert world.final_numbers() == world.spoken
    assert sum(answer for _, answer in world.finals()) == world.asked
    assert sum(bool(item.final_text) for item in world.told) == sum(bool(text) for text, _ in world.finals())


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(5, 60), st.sampled_from(list(Ack)))
def test_what_finals_cover_never_overlaps(random: Random, events: int, ack: Ack) -> None:
    """Nor does an interim cover again what a final covers."""
    world = World(ack)
    for _ in range(events):
        world.happen(random)
    world.end()
    covered = 0
    for item in (item for item in world.told if item.final_text):
        assert item.covers[0] >= covered
        assert item.message["start"] >= round(covered / RATE, 3)
        covered = item.covers[1]
        assert item.message["start"] + item.message["duration"] <= covered / RATE + 0.001


@BOTH
def test_failure_in_mid_utterance(ack: Ack) -> None:
    """The next transcriber is sent what no final covers, and its transcript takes the place of the lost one."""
    world = World(ack)
    world.speak(50)
    world.connect(ack)
    world.speak(30)
    world.finalize()
    world.deliver()
    assert world.final_numbers() == world.spoken
    assert world.finals()[-1][1]


def test_replay_begins_behind_the_last_final() -> None:
    """To the sample, not to the piece."""
    world = World()
    world.speak(50)
    world.provider.say(33)
    world.deliver()
    world.connect(Ack.WORD)
    assert world.provider.heard[0] == 34


def test_replay_leaves_old_silence_out() -> None:
    """A caller who said nothing for long is not waited through; a second of it may hold what nobody noticed."""
    world = World()
    world.pause(500)
    world.connect(Ack.WORD)
    assert len(world.provider.heard) == round(1.0 / FRAME_S)


@pytest.mark.parametrize("ack", list(Ack))
def test_replay_leaves_out_the_silence_between_what_was_said(ack: Ack) -> None:
    """Four times as long as the backlog would be needed to catch up otherwise; times and words stay right."""
    world = World(ack)
    world.speak(50)
    world.pause(300)
    world.speak(50)
    world.pause(300)
    world.connect(ack)
    assert len(world.provider.heard) < 300
    world.end()
    assert world.final_numbers() == world.spoken
    if ack is Ack.WORD:
        assert world.provider.heard.count(None) < 200
        last = [item.message for item in world.told if item.message.get("is_final") and item.final_text][-1]
        assert last["channel"]["alternatives"][0]["words"][-1]["end"] == pytest.approx(8.0, abs=0.05)


def test_unanswered_finalize_is_asked_again() -> None:
    world = World()
    world.speak(20)
    world.finalize()
    world.connect(Ack.UTTERANCE)
    assert world.provider.finalizes == 1
    world.deliver()
    assert world.finals() == [(" ".join(map(str, world.spoken)), True)]


def test_times_run_on_over_a_change() -> None:
    """A new connection counts from zero; the agent's times do not."""
    world = World()
    world.speak(50)
    world.provider.say(30)
    world.deliver()
    world.connect(Ack.WORD)
    world.finalize()
    world.deliver()
    words = world.told[-1].message["channel"]["alternatives"][0]["words"]
    assert [round(word["start"] / FRAME_S) + 1 for word in words] == list(range(31, 51))


def test_held_final_answers_a_finalize_at_once() -> None:
    """The provider ended the utterance just before the agent did: nobody has to be asked."""
    world = World()
    world.speak(20)
    world.pause(10)
    world.provider.say(30)
    world.deliver()
    assert world.finals() == []
    world.finalize()
    assert world.finals() == [(" ".join(map(str, world.spoken)), True)]
    assert world.provider.finalizes == 0


def test_held_final_is_known_as_an_interim_meanwhile() -> None:
    world = World()
    world.speak(20)
    world.provider.say(20)
    world.deliver()
    assert world.interims()[-1]["channel"]["alternatives"][0]["transcript"] == " ".join(map(str, world.spoken))


def test_held_final_comes_before_more_text() -> None:
    world = World()
    world.speak(20)
    world.provider.say(20)
    world.deliver()
    world.speak(20)
    world.finalize()
    world.deliver()
    assert [answer for _, answer in world.finals()] == [False, True]
    assert world.final_numbers() == world.spoken


def test_held_final_is_let_go_when_no_finalize_comes() -> None:
    world = World()
    world.speak(20)
    world.provider.say(20)
    world.deliver()
    world.wait(HOLD_S)
    assert [answer for _, answer in world.finals()] == [False]


def test_provider_turns_are_not_held() -> None:
    """A client that leaves turns to the provider gets its finals at once."""
    world = World(asked=Asked(agent_turns=False))
    world.speak(20)
    world.provider.say(20)
    world.deliver()
    assert len(world.finals()) == 1


@BOTH
def test_late_answer_is_not_a_second_one(ack: Ack) -> None:
    """The agent waits for a bounded time; what comes later comes as a final, at once."""
    world = World(ack)
    world.speak(20)
    world.finalize()
    world.wait(FINALIZE_WAIT_S)
    assert world.finals() == [("", True)]
    world.deliver()
    assert world.finals()[1] == (" ".join(map(str, world.spoken)), False)


def test_finalize_without_speech_is_answered_at_once() -> None:
    """A provider that cannot be asked to finalise nothing is not asked."""
    world = World(Ack.UTTERANCE)
    world.pause(20)
    world.finalize()
    assert world.finals() == [("", True)]
    assert world.provider.finalizes == 0


def test_finalize_shares_the_answer_that_is_under_way() -> None:
    """The caller paused, a final was asked for, and then the agent asked: one request, one answer with the text."""
    world = World(Ack.UTTERANCE)
    world.speak(30)
    world.pause(26)
    assert world.provider.finalizes == 1
    world.finalize()
    world.deliver()
    assert world.provider.finalizes == 1
    assert world.finals() == [(" ".join(map(str, world.spoken)), True)]


@BOTH
def test_pause_of_the_caller_brings_a_final(ack: Ack) -> None:
    """Also of a provider that ends no utterance by itself, for an agent that never asks."""
    world = World(ack)
    world.speak(30)
    world.pause(30)
    world.deliver()
    world.wait(HOLD_S)
    assert world.finals() == [(" ".join(map(str, world.spoken)), False)]


def test_finals_between_cuts_are_joined() -> None:
    """What a final without times covers is known only once it was asked for: until then it may change."""
    world = World(Ack.UTTERANCE)
    world.speak(30)
    world.provider.say(30)
    world.deliver()
    assert world.finals() == []
    world.speak(30)
    world.finalize()
    world.deliver()
    assert world.finals() == [(" ".join(map(str, world.spoken)), True)]


def test_own_notices_take_the_place_of_the_providers() -> None:
    """So that they are the same whoever is listening."""
    world = World(asked=Asked(speech_started=True, utterance_end_s=1.0, agent_turns=False))
    world.told += world.socket.received(Notice({"type": "SpeechStarted", "timestamp": 9.0}), world.now)
    world.pause(50)
    world.speak(50)
    world.provider.say(100)
    world.deliver()
    world.pause(60)
    kinds = [item.message["type"] for item in world.told if item.message["type"] != "Results"]
    assert kinds == ["SpeechStarted", "UtteranceEnd"]
    assert world.told[0].message["timestamp"] == pytest.approx(1.0, abs=0.12)


def test_no_interims_for_an_agent_that_wants_none() -> None:
    """They are asked for all the same, since they show that the transcriber is alive."""
    world = World(asked=Asked(interims=False))
    world.speak(20)
    world.provider.say(20, final=False)
    world.provider.say(20)
    world.deliver()
    assert world.interims() == []


def test_disable_partial_transcripts() -> None:
    world = World()
    world.socket.settings({"disablePartialTranscripts": True})
    world.speak(20)
    world.provider.say(20, final=False)
    world.deliver()
    assert world.interims() == []


def test_confidence_threshold_leaves_doubtful_words_out_and_counts_them() -> None:
    world = World(asked=Asked(agent_turns=False))
    world.socket.settings({"confidenceThreshold": 0.5})
    world.speak(20)
    world.told += world.socket.received(Result("mumble mumble", final=True, end=0.4, confidence=0.3), world.now)
    assert (world.finals(), world.socket.doubtful) == ([], 2)


def test_dead_connection_is_told_by_unanswered_finalizes() -> None:
    world = World()
    for _ in range(2):
        world.pause(20)
        world.finalize()
    world.wait(5.0)
    assert world.socket.feed
    assert world.socket.feed.watch.verdict(world.now) == "says nothing"


def leave_out(world: World, words: int) -> None:
    """The transcriber gives a final for all that it has, without the last `words` frames of it."""
    heard = len(world.provider.heard)
    world.provider.say(heard - words)
    said = world.provider.events.pop()
    assert isinstance(said, Result)
    world.provider.events.append(replace(said, end=heard * FRAME_S))
    world.provider.said = heard
    world.deliver()


SLIVER = 9
"""Frames of speech at the end that are less than would be asked for again, and more than voice detection may miss."""


def test_a_word_left_out_at_the_end_is_heard_by_the_next_transcriber() -> None:
    """The one that left it out may hear nothing from there on: that shows only later."""
    world = World()
    world.speak(50)
    leave_out(world, SLIVER)
    world.pause(40)
    world.speak(20)
    world.connect(Ack.WORD)
    assert world.provider.heard[0] == 50 - SLIVER + 1
    world.end()
    assert world.final_numbers() == world.spoken


def test_what_was_left_out_was_nothing_when_the_next_final_has_words() -> None:
    world = World()
    world.speak(50)
    leave_out(world, SLIVER)
    world.pause(40)
    world.speak(20)
    world.provider.say(len(world.provider.heard))
    world.deliver()
    world.connect(Ack.WORD)
    assert [number for number in world.provider.heard if number] == []


def test_a_transcriber_left_in_good_order_left_nothing_out() -> None:
    """Its provider is about to close the connection, or another revision serves the call."""
    world = World()
    world.speak(50)
    leave_out(world, SLIVER)
    world.pause(40)
    world.socket.trust()
    world.connect(Ack.WORD)
    assert [number for number in world.provider.heard if number] == []


def test_what_was_left_out_is_kept_for_a_while() -> None:
    world = World()
    world.speak(50)
    leave_out(world, SLIVER)
    world.pause(round(UNSURE_S / FRAME_S) + 10)
    world.wait(0.1)
    world.connect(Ack.WORD)
    assert [number for number in world.provider.heard if number] == []
    assert world.socket.log.lost == 0


def test_nobody_waits_for_what_was_left_out() -> None:
    """It is not asked for again, and a `Finalize` behind it is answered at once."""
    world = World()
    world.speak(50)
    leave_out(world, SLIVER)
    world.wait(HOLD_S)
    world.pause(2)
    assert world.socket.quiet is False  # the caller may go on
    world.pause(20)
    asked = world.provider.finalizes
    world.wait(5.0)
    assert world.provider.finalizes == asked
    assert world.socket.quiet
    assert world.socket.feed
    assert world.socket.feed.watch.verdict(world.now) == ""


def test_left_out_words_add_up_to_a_doubt() -> None:
    """Sounds without words again and again: another transcriber is asked what they are."""
    world = World(asked=Asked(agent_turns=False))
    assert world.socket.feed
    for _ in range(3):
        assert not world.socket.feed.watch.doubted
        world.speak(SLIVER)
        world.pause(20)
        world.told += world.socket.received(Result("", final=True, end=len(world.provider.heard) * FRAME_S), world.now)
    assert world.socket.feed.watch.doubted


def test_the_end_of_a_stream_leaves_no_word_out() -> None:
    """Nobody would say it later."""
    world = World()
    world.speak(50)
    leave_out(world, SLIVER + 3)
    assert world.socket.left_out


def test_a_transcriber_without_word_times_is_heard_again_where_it_may_have_stopped() -> None:
    """Its successor hears the end of what was final as well; the agent is told no word twice."""
    world = World(Ack.UTTERANCE)
    world.speak(50)
    world.finalize()
    world.deliver()
    world.speak(20)
    world.socket.hear_again()
    world.connect(Ack.WORD)
    assert world.provider.heard[0] == 50 - round(SEAM_S / FRAME_S) + 1
    world.provider.heard = [number for number in world.provider.heard if number is None or number > 50 - MOST_WORDS]
    world.end()
    assert world.final_numbers() == world.spoken
    covered = [item.covers for item in world.told if item.final_text]
    assert covered[1][0] >= covered[0][1]
