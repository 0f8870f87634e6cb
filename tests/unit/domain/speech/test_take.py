"""What of a voice's audio may be handed over, so that another can go on at any instant."""

from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.speech.pace import Tempo
from understudy.domain.speech.take import Piece, Take, Unsound
from understudy.domain.speech.voice_codec import Words

RATE = 8000
WORD_S = 0.2
TEXT = "one two three four five six seven eight nine ten"
COUNT = len(TEXT.split())


def sound(number: int, seconds: float = WORD_S) -> bytes:
    """A word: samples of its own level, so that a listener can tell it, and half of it from the whole."""
    return np.full(round(seconds * RATE), 1000 * (number + 1), dtype="<i2").tobytes()


AUDIO = b"".join(sound(number) for number in range(COUNT))


@dataclass
class Ear:
    """Samples of each word that were handed over, and the words told with them."""

    samples: dict[int, int] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)

    def hear(self, pieces: list[Piece]) -> None:
        for piece in pieces:
            for level in np.frombuffer(piece.audio, dtype="<i2") // 1000 - 1:
                self.samples[int(level)] = self.samples.get(int(level), 0) + 1
            self.words += [TEXT[word.begin : word.end].strip() for word in piece.words]

    @property
    def whole(self) -> list[int]:
        return sorted(number for number, size in self.samples.items() if size == round(WORD_S * RATE))

    @property
    def broken(self) -> list[int]:
        return sorted(number for number, size in self.samples.items() if size != round(WORD_S * RATE))


def times(begin: int, end: int, offset: int = 0) -> Words:
    words = TEXT.split()[begin:end]
    starts = tuple((number - offset) * WORD_S for number in range(begin, end))
    return Words(tuple(words), starts, tuple(start + WORD_S for start in starts))


def known() -> Tempo:
    """Of a voice that was heard a few times."""
    tempo = Tempo()
    for _ in range(8):
        tempo.learn(TEXT, COUNT * WORD_S)
    return tempo


def take(tempo: Tempo | None = None, begin: int = 0) -> Take:
    """A voice that begins with character `begin`, in one context."""
    made = Take(begin, RATE, tempo or Tempo())
    made.context(begin, len(TEXT))
    return made


@given(cut=st.integers(0, len(AUDIO)), chunk=st.integers(40, 1600), told=st.integers(0, COUNT), late=st.booleans())
def test_at_any_cut_another_voice_goes_on_with_the_first_word_not_heard(
    *, cut: int, chunk: int, told: int, late: bool
) -> None:
    """Whenever the audio stops, and however many words were reported before or after it, none is lost or doubled."""
    voice, ear = take(), Ear()
    if not late:
        voice.words(TEXT, times(0, told))
    for at in range(0, cut, chunk):
        voice.audio(TEXT, AUDIO[at : min(at + chunk, cut)])
        if not late:
            ear.hear(voice.ready())
    if late:
        voice.words(TEXT, times(0, told))
        ear.hear(voice.ready())
    if voice.reports:
        ear.hear(voice.abandon(TEXT))
    assert ear.broken == []
    assert ear.whole == list(range(len(ear.whole)))
    assert ear.words == TEXT.split()[: len(ear.whole)]
    assert TEXT[: voice.position].split() == ear.words
    successor = take(begin=voice.position)
    said = len(ear.whole)
    successor.words(TEXT, times(said, COUNT, offset=said))
    successor.audio(TEXT, AUDIO[said * 2 * round(WORD_S * RATE) :])
    ear.hear(successor.ready())
    ear.hear(successor.done(TEXT))
    assert ear.whole == list(range(COUNT))
    assert ear.broken == []
    assert ear.words == TEXT.split()


@given(st.integers(0, len(AUDIO) - 2))
def test_without_word_times_nothing_leaves_before_its_end(cut: int) -> None:
    """A clause of a voice without times is heard whole or not at all."""
    voice = take()
    voice.audio(TEXT, AUDIO[:cut])
    assert voice.ready() == []
    assert voice.abandon(TEXT) == []
    assert voice.position == 0
    assert voice.exact


def test_without_word_times_a_complete_clause_leaves_word_by_word() -> None:
    voice, ear = take(), Ear()
    voice.audio(TEXT, AUDIO)
    ear.hear(voice.done(TEXT))
    assert ear.whole == list(range(COUNT))
    assert ear.words == TEXT.split()
    assert voice.position == len(TEXT)


def test_a_word_leaves_as_soon_as_it_is_complete() -> None:
    """No more is held back than the word that is being spoken, and pauses before the next one are not."""
    voice = take()
    voice.words(TEXT, Words(("one", "two"), (0.0, 0.5), (0.2, 0.7)))
    voice.audio(TEXT, sound(0) + bytes(2 * round(0.2 * RATE)))
    pieces = voice.ready()
    assert sum(len(piece.audio) for piece in pieces) == 2 * round(0.4 * RATE)
    assert [len(piece.words) for piece in pieces] == [1, 0]


def test_a_part_that_could_not_be_waited_for_is_reckoned_by_its_length() -> None:
    """The third of a clause that was heard is not said again, and it is known that this is no exact place."""
    voice, ear = take(known()), Ear()
    voice.audio(TEXT, AUDIO[: len(AUDIO) // 2])
    ear.hear(voice.early(0.4))
    ear.hear(voice.abandon(TEXT))
    assert not voice.exact
    assert len(ear.words) in (2, 3)
    assert TEXT[: voice.position].split() == ear.words


def test_silence_in_a_part_that_could_not_be_waited_for_is_not_handed_over() -> None:
    """One word sounded, then silence came: it alone is heard, and the next voice says all others."""
    voice, ear = take(known()), Ear()
    voice.audio(TEXT, sound(0) + bytes(2 * round(0.6 * RATE)))
    ear.hear(voice.early(0.7))
    ear.hear(voice.abandon(TEXT))
    assert ear.whole == [0]
    assert ear.words == ["one"]
    assert TEXT[: voice.position] == "one"


@pytest.mark.parametrize("silent", range(COUNT))
@pytest.mark.parametrize("reports", [True, False])
def test_silence_in_place_of_speech_is_a_failure_of_which_nothing_was_heard(silent: int, *, reports: bool) -> None:
    """However late the sound stops, what was handed over is whole words that sounded."""
    voice, ear = take(known()), Ear()
    audio = AUDIO[: silent * 2 * round(WORD_S * RATE)]
    if reports:
        voice.words(TEXT, times(0, COUNT))

    def speak() -> None:
        for at in range(0, len(AUDIO), 320):
            voice.audio(TEXT, audio[at : at + 320] or bytes(320))
            ear.hear(voice.ready())
        ear.hear(voice.done(TEXT))

    with pytest.raises(Unsound):
        speak()
    assert ear.broken == []
    assert ear.words == TEXT.split()[: silent if reports else 0]


@pytest.mark.parametrize("reports", [True, False])
def test_an_end_before_the_end_of_the_text_is_a_failure(*, reports: bool) -> None:
    voice = take(known())
    if reports:
        voice.words(TEXT, times(0, 3))
    voice.audio(TEXT, AUDIO[: 3 * 2 * round(WORD_S * RATE)])
    voice.ready()
    with pytest.raises(Unsound, match="before its text"):
        voice.done(TEXT)
    assert TEXT[: voice.position].split() == TEXT.split()[: 3 if reports else 0]


def test_an_end_before_an_announced_word_is_a_failure() -> None:
    """All words were announced, and the audio of the last ones did not come."""
    voice = take()
    voice.words(TEXT, times(0, COUNT))
    voice.audio(TEXT, AUDIO[: 8 * 2 * round(WORD_S * RATE)])
    voice.ready()
    with pytest.raises(Unsound, match="last word"):
        voice.done(TEXT)
    assert TEXT[: voice.position].split() == TEXT.split()[:8]


def test_a_voice_unlike_the_others_is_taken_as_it_is_after_a_few_texts() -> None:
    """It ends in mid-sound, where all others die away: doubted while another could go on, and learned all the same."""
    others = Tempo()
    for _ in range(8):
        others.learn(TEXT, COUNT * WORD_S, soft=True, tail=0.03)
    tempo = Tempo(others)
    doubted = 0
    for _ in range(8):
        voice = take(tempo)
        voice.audio(TEXT, AUDIO)
        try:
            voice.done(TEXT)
        except Unsound:
            doubted += 1
    assert 1 <= doubted <= 4


def test_a_voice_that_nobody_could_follow_is_not_given_up_for_a_doubt() -> None:
    others = Tempo()
    for _ in range(8):
        others.learn(TEXT, COUNT * WORD_S, soft=True, tail=0.03)
    voice, ear = Take(0, RATE, Tempo(others), strict=False), Ear()
    voice.context(0, len(TEXT))
    voice.audio(TEXT, AUDIO)
    ear.hear(voice.done(TEXT))
    assert ear.whole == list(range(COUNT))


def test_no_audio_at_all_is_a_failure() -> None:
    with pytest.raises(Unsound, match="without audio"):
        take().done(TEXT)


def test_a_pause_that_the_text_asks_for_is_none() -> None:
    text = 'one <break time="3s"/> two'
    voice = Take(0, RATE, Tempo())
    voice.context(0, len(text))
    voice.audio(text, sound(0) + bytes(2 * RATE * 3) + sound(1))


def test_contexts_follow_each_other() -> None:
    """Times of the second context count from its own first audio."""
    voice, ear = Take(0, RATE, Tempo()), Ear()
    half = len("one two three four five")
    for begin, end, first in ((0, half, 0), (half, len(TEXT), 5)):
        voice.context(begin, end)
        voice.words(TEXT, times(first, first + 5, offset=first))
        voice.audio(TEXT, AUDIO[first * 2 * round(WORD_S * RATE) :][: 5 * 2 * round(WORD_S * RATE)])
        ear.hear(voice.ready())
        assert not voice.owes(TEXT)
        ear.hear(voice.done(TEXT))
    assert ear.whole == list(range(COUNT))
    assert ear.words == TEXT.split()


def test_what_is_owed() -> None:
    """Audio of announced words, and words of given text."""
    voice = take()
    assert voice.owes(TEXT)
    voice.words(TEXT, times(0, COUNT))
    voice.audio(TEXT, AUDIO[:-2])
    voice.ready()
    assert voice.owes(TEXT)
    voice.audio(TEXT, AUDIO[-2:])
    voice.ready()
    assert not voice.owes(TEXT)
    voice.extend(len(TEXT) + 5)
    assert voice.owes(f"{TEXT} more")


@given(cut=st.integers(0, len(AUDIO)), chunk=st.integers(40, 1600), told=st.integers(0, COUNT), late=st.booleans())
def test_what_left_early_costs_a_word_at_most(*, cut: int, chunk: int, told: int, late: bool) -> None:
    """Of a voice with word times another goes on so that one word is repeated, or its end left out, and no more."""
    voice, ear = take(), Ear()
    if not late:
        voice.words(TEXT, times(0, told))
    for at in range(0, cut, chunk):
        voice.audio(TEXT, AUDIO[at : min(at + chunk, cut)])
        ear.hear(voice.ready())
        ear.hear(voice.early(voice.received))
    if late:
        voice.words(TEXT, times(0, told))
        ear.hear(voice.ready())
    assert sum(ear.samples.values()) == len(AUDIO[:cut]) // 2
    heard = len(ear.whole)
    if not voice.reports or told < heard:
        return  # without their times words are reckoned by length
    ear.hear(voice.abandon(TEXT))
    assert ear.words == TEXT[: voice.position].split()
    assert heard <= len(ear.words) <= heard + len(ear.broken)


def test_what_left_early_leaves_only_once() -> None:
    voice, ear = take(), Ear()
    voice.words(TEXT, times(0, COUNT))
    for at in range(0, len(AUDIO), 500):
        voice.audio(TEXT, AUDIO[at : at + 500])
        ear.hear(voice.ready())
        ear.hear(voice.early(voice.received))
        assert voice.handed == voice.received
    ear.hear(voice.done(TEXT))
    assert ear.whole == list(range(COUNT))
    assert ear.words == TEXT.split()


def test_without_word_times_the_place_of_what_left_early_is_reckoned_from_where_it_sounds() -> None:
    """Silence before the first word is no speech, and neither is what follows the last."""
    voice, ear = take(known()), Ear()
    voice.audio(TEXT, bytes(2 * RATE // 2) + AUDIO[: len(AUDIO) // 2] + bytes(2 * RATE // 2))
    ear.hear(voice.early(voice.received, quiet=True))
    left = voice.abandon(TEXT)
    ear.hear(left)
    assert {type(at) for piece in left for word in piece.words for at in (word.start, word.stop)} == {
        float
    }  # go to JSON
    assert not voice.exact
    assert len(TEXT[: voice.position].split()) in (4, 5, 6)


def test_words_that_left_early_as_silence_were_not_heard() -> None:
    voice, ear = take(), Ear()
    voice.words(TEXT, times(0, COUNT))

    def speak(data: bytes) -> None:
        voice.audio(TEXT, data)
        ear.hear(voice.ready())
        ear.hear(voice.early(voice.received, quiet=True))

    speak(AUDIO[: len(AUDIO) // 2])
    with pytest.raises(Unsound):
        speak(bytes(2 * RATE))
    ear.hear(voice.abandon(TEXT))
    assert TEXT[: voice.position].split() == ear.words == TEXT.split()[: COUNT // 2]
