"""Whether a transcriber that keeps its connection has stopped working: by what it says, set against what it was sent.

All of it counts speech that was sent, not time alone: a caller who is silent proves nothing.
"""

from understudy.domain.speech.codec import Traits

DEAF_S = 3.0
"""Seconds of speech, and of time, without any transcript after which a provider that usually says something meanwhile
counts as deaf, while its habits are not known. Interims come every 0.1 to 1 s."""

DEAF_LEAST_S = 1.2
"""The same for a provider whose transcripts come quickly: a hiccup of the network is less."""

ANSWER_S = 2.5
"""Longest wait for the answer to a `finalize` that follows speech, while the provider's habits are not known: the
slowest published P99 is 1.8 s."""

ANSWER_LEAST_S = 1.0
"""The same for a provider that answers quickly."""

TIMES = 4.0
"""Times the longest gap, or the slowest answer, of late that a provider is given: ordinary ones vary by two."""

KNOWN = 4
"""Gaps or answers after which a provider's habits are known."""

FADE = 0.98
"""What is left of the longest gap, or slowest answer, with each that is shorter: half of it after 35."""

EMPTY_S = 6.0
"""The same for a provider that goes on sending empty transcripts: it hears, and may be right that it is noise."""

ANSWER_S = 2.5
"""Longest wait for the answer to a `finalize` that follows speech: past the slowest published P99 of 1.8 s."""

SILENT_FINALIZES = 2
"""Unanswered `finalize`s in a row, the first `ANSWER_S` old, after which a connection that says nothing at all counts
as dead, speech or not."""

DEAF = "no transcript while the caller speaks"

EMPTY = "empty transcripts while the caller speaks"
"""The verdict that another provider may refute: it may have been no speech."""


class Habit:
    """How long something usually takes: the longest of late, fading."""

    def __init__(self) -> None:
        self._longest = 0.0
        self._seen = 0

    def learn(self, seconds: float) -> None:
        """It took this long."""
        self._longest = max(seconds, self._longest * FADE)
        self._seen += 1

    def patience(self, least: float, most: float) -> float:
        """Seconds after which it has not merely taken long, from `least` to `most`."""
        return most if self._seen < KNOWN else min(most, max(least, self._longest * TIMES))


class Habits:
    """What is known of a provider's timing, over all calls.

    Attributes:
        gaps: speech between two transcripts.
        answers: `finalize` to its answer.
    """

    def __init__(self) -> None:
        self.gaps = Habit()
        self.answers = Habit()


class FailureWatch:
    """Watches one connection.

    Args:
        traits: the provider's.
        now: seconds on any steady clock.
        habits: the provider's; what is seen is added.
    """

    def __init__(self, traits: Traits, now: float, habits: Habits | None = None) -> None:
        self._habits = habits or Habits()
        self._interims = traits.interims
        self._spoke_at = now
        self._speech = 0.0
        self._empty = False
        self._asked: dict[int, tuple[float, bool]] = {}
        self.armed = True
        """Whether transcripts without words count: not once another provider heard no words in the same sound."""
        self.doubted = False
        """Whether a final left out much of what the caller said: nothing more is taken of this connection."""

    def sent(self, speech_s: float) -> None:
        """Audio was sent that holds so many seconds of speech."""
        self._speech += speech_s

    def asked(self, which: int, now: float, *, speech: bool) -> None:
        """`finalize` number `which` was sent; `speech`: there is some that no final covers."""
        self._asked[which] = (now, speech)

    def answered(self, which: int, now: float) -> None:
        """`finalize` number `which`, and with it those before, were answered."""
        at, speech = self._asked.get(which, (now, False))
        if speech:
            self._habits.answers.learn(now - at)
        self._asked = {number: asked for number, asked in self._asked.items() if number > which}

    def settled(self) -> None:
        """Finals cover all speech that was sent: nothing is waited for."""
        self._asked = {number: (at, False) for number, (at, _) in self._asked.items()}
        self._speech = 0.0

    def heard(self, now: float, *, text: bool) -> None:
        """A transcript came; `text`: with words in it."""
        self.alive()
        if not text:
            self._empty = True
            return
        if 0.0 < self._speech < DEAF_S:
            self._habits.gaps.learn(self._speech)
        self._spoke_at, self._speech, self._empty = now, 0.0, False

    def doubt(self) -> None:
        """A final left out much of what the caller said."""
        self.doubted = True

    def alive(self) -> None:
        """Something else came: the connection is there."""
        self._asked = {number: asked for number, asked in self._asked.items() if asked[1]}

    def verdict(self, now: float) -> str:
        """What is wrong, in words for an error; empty: nothing."""
        waits = self._habits.answers.patience(ANSWER_LEAST_S, ANSWER_S)
        overdue = [speech for at, speech in self._asked.values() if now - at >= (waits if speech else ANSWER_S)]
        if any(overdue):
            return "did not answer a request to finalise"
        if overdue and len(self._asked) >= SILENT_FINALIZES:
            return "says nothing"
        if self.doubted:
            return EMPTY
        deaf = self._interims and self._speech >= self.patience and now - self._spoke_at >= self.patience
        if deaf and self._empty:
            return EMPTY if self.armed else ""
        return DEAF if deaf else ""

    @property
    def patience(self) -> float:
        """Seconds of speech that may go by without a transcript."""
        if self._empty:
            return EMPTY_S
        return self._habits.gaps.patience(DEAF_LEAST_S, DEAF_S)
