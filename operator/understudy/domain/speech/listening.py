"""What the agent hears of its transcribers, whichever of them is listening: decisions only, no sockets.

Promises kept here: every sample of speech is covered by exactly one final; finals never retract, and no interim covers
again what a final covers; exactly one result `from_finalize` for each `Finalize`; times run on over a change of
connection; what the agent learns of the caller's voice does not depend on the provider.
"""

from dataclasses import replace
from typing import Any

from understudy.domain.speech.answers import Answers, ToAgent
from understudy.domain.speech.belief import UNCOVERED_S, asked_again, covers_up_to, leaves_out_much
from understudy.domain.speech.codec import Ack, AudioFormat, Event, Flushed, Notice, Result, Traits
from understudy.domain.speech.confidence import without_doubtful
from understudy.domain.speech.deepgram import Asked, empty_final, moved, results
from understudy.domain.speech.failure_watch import Habits
from understudy.domain.speech.feed import Feed, Heard, Piece
from understudy.domain.speech.marks import Mark, Marks
from understudy.domain.speech.replay import AudioLog
from understudy.domain.speech.seam import Seam
from understudy.domain.speech.utterances import Utterances
from understudy.domain.speech.voice_activity import VoiceActivity

QUIET_KEPT_S = 1.0
"""Seconds of quiet before the next speech that a replay begins with: speech too soft to notice is in them."""

BEHIND_S = 1.0
"""Seconds behind the caller from which on a connection is replaying: quiet is skipped then, or it would take four times
as long as the backlog lasts to catch up, and the next turn would be late as well."""

ENDING_S = 0.6
"""Seconds of quiet after speech that a replay keeps: providers take 0.3 s of it for the end of an utterance."""

ONSET_S = 0.4
"""Seconds of quiet before speech that a replay keeps, and at its end: speech is noticed up to 0.3 s late."""

LAST_WORD_S = 0.2
"""Seconds of speech that no final covers at the end of all, from which on another transcriber is asked: a word."""

UNSURE_S = 15.0
"""Seconds that speech which a final may have left out is kept, in case its provider turns out to hear nothing more:
half of what is kept at all."""

LEFT_S = 0.6
"""Longest stretch without speech behind a held final that may go unheard, when a `Finalize` is answered with it."""

OVERLOOKED_S = 1.0
"""Silence after which a transcript that may still change is asked to be final, if nothing else asked for that."""

OWN_NOTICES = frozenset({"SpeechStarted", "UtteranceEnd"})
"""Notices of providers that are dropped: our own voice detection gives them."""


class Listening:
    """One agent's socket, over any number of connections to transcribers.

    Args:
        audio: what the agent sends.
        asked: what it wants.
        request_id: put into messages of ours.

    Attributes:
        feed: the present connection; None between two.
        covered: position up to which finals cover the audio.
        doubtful: words left out since they were under `confidenceThreshold`.
    """

    def __init__(self, audio: AudioFormat, asked: Asked | None = None, request_id: str = "") -> None:
        self.log = AudioLog(audio)
        self.voice = VoiceActivity(audio)
        self.feed: Feed | None = None
        self.covered = 0
        self._answered = 0
        """Position up to which the present connection has said all it will."""
        self.doubtful = 0
        self.confidence_threshold = 0.0
        self.partials = True
        self._asked = asked or Asked()
        self._agent_turns = self._asked.agent_turns
        self._rate = audio.sample_rate
        self._step = audio.step
        self._request_id = request_id
        self._rest = b""
        self._closing = False
        self._interim, self._interim_end, self._interim_at = "", 0, 0.0
        self._marks = Marks()
        self._answers = Answers()
        self._seam = Seam()
        self._told = 0
        """Position up to which finals were told, where some of it is heard again."""
        self._utterances = Utterances(audio.sample_rate, self._asked)

    def settings(self, settings: dict[str, Any]) -> None:
        """The present transcriber's settings: those that have their effect here."""
        self.confidence_threshold = float(settings.get("confidenceThreshold") or 0.0)
        self.partials = not settings.get("disablePartialTranscripts")

    @property
    def owed(self) -> int:
        """`Finalize`s not yet answered."""
        return self._answers.owed

    @property
    def uncovered_speech(self) -> bool:
        """Whether the caller said something that no final covers."""
        return self._speech_between(self.covered, self.log.heard)

    @property
    def quiet(self) -> bool:
        """Whether nobody speaks and nothing is waited for: a good moment to change connections."""
        left = self._speech_between(self._settled, self.log.heard)
        return not (self.voice.speaking or left or self.owed or self._interim)

    @property
    def left_out(self) -> bool:
        """Whether the present connection, which has all audio, left out something that the caller said."""
        armed = self.feed is not None and self.feed.watch.armed
        return armed and self.voice.spans.between(self.covered, self.log.heard) >= LAST_WORD_S * self._rate

    @property
    def _settled(self) -> int:
        """Position behind what is not waited for any more: covered, or left out for good by the present connection."""
        return max(self.covered, self._answered)

    @property
    def waiting(self) -> bool:
        """Whether the present connection owes something."""
        return bool(self.owed or self._interim or (self.feed and self.feed.asked_up_to))

    @property
    def behind_s(self) -> float:
        """Seconds of audio that the present connection has not been sent."""
        return (self.log.heard - self.feed.cursor) / self._rate if self.feed else 0.0

    def audio(self, data: bytes) -> list[ToAgent]:
        """The agent sent audio; what it is told of the caller's voice."""
        if self._rest or len(data) % self._step:
            data = self._rest + data
            whole = len(data) - len(data) % self._step
            data, self._rest = data[:whole], data[whole:]
        self.log.add(data)
        began = self.voice.feed(data)
        if self._utterances.pauses(self.voice, self._marks.last, self.log.heard):
            self._marks.add(self.log.heard, agent=False)
        told = self._utterances.notices(self.voice, began=began, settled=not self._interim)
        return [*self._answers.release(), *told] if told and not began else told

    def finalize(self, now: float) -> list[ToAgent]:
        """The agent asked for a final."""
        self._agent_turns = True
        under_way = self._under_way()
        mark = under_way or self._marks.add(self.log.heard, agent=True)
        self._answers.asked(mark, now)
        if under_way:
            if self.feed and mark.position <= self.feed.asked_up_to:
                self._answers.sent(mark.number, now)
        elif self._nothing_left(mark.position):
            self._marks.drop(mark)
            return self._answers.answer_newest(self._empty())
        return []

    def closing(self) -> list[ToAgent]:
        """The agent sends no more: nothing is held for a `Finalize` from now on."""
        self._agent_turns = False
        self._closing = True
        if self.feed and self.feed.traits.ack is Ack.UTTERANCE and self.log.heard > self.covered:
            self._marks.add(self.log.heard, agent=False)
        return self._answers.release()

    def connect(self, traits: Traits, now: float, habits: Habits | None = None) -> Feed:
        """A new connection: it is sent everything that no final covers, from the first speech in it."""
        self.disconnect()
        quiet = max(0, self.log.heard - round(QUIET_KEPT_S * self._rate))
        speech = self.voice.spans.first_after(self.covered)
        begin = quiet if speech is None else min(quiet, speech - round(QUIET_KEPT_S * self._rate))
        start = max(self.covered, self.log.first, begin)
        self.feed = Feed(traits, start, self._rate, now, habits)
        return self.feed

    def trust(self) -> None:
        """The present connection is left in good order: where it heard no word there was none."""
        if self.feed:
            self._cover(self.feed, self._answered, self._answered)

    def hear_again(self) -> None:
        """The present connection hears nothing any more, and may have stopped before its latest final ended."""
        if self._seam.begin is not None and self.feed:
            self._seam.hear_again()
            self._told = max(self._told, self.covered)
            self.covered = max(self.log.first, min(self.covered, self._seam.begin))

    def disconnect(self) -> None:
        """The connection is gone."""
        self.feed = None
        self._interim, self._answered = "", 0
        self._answers.disconnected()

    def next(self, most: int, now: float) -> Piece | Mark | None:
        """The next thing to send: at most `most` samples, or a place to ask for a final; None when there is nothing."""
        feed = self.feed
        if feed is None:
            return None
        if feed.cursor < self.log.first:
            feed.time.skip_to(self.log.first)
        if self.behind_s >= BEHIND_S:
            self._skip_quiet(feed)
        mark = self._marks.next(feed.seen)
        while mark and mark.position <= feed.cursor:
            feed.seen = mark.number
            if self._wanted(feed, mark):
                feed.ask(mark, now, speech=self._speech_between(self._settled, mark.position))
                self._answers.sent(mark.number, now)
                return mark
            self._marks.drop(mark)
            mark = self._marks.next(feed.seen)
        end = min(self.log.heard, feed.cursor + most, mark.position if mark else self.log.heard)
        return self._piece(feed, end) if end > feed.cursor else None

    def received(self, event: Event, now: float) -> list[ToAgent]:
        """What the agent is told of an event of the present connection."""
        feed = self.feed
        if feed is None or feed.watch.doubted:
            return []
        if isinstance(event, Notice):
            feed.spoke = True
            feed.watch.alive()
            return [] if event.message.get("type") in OWN_NOTICES else [ToAgent(event.message)]
        if isinstance(event, Result | Flushed):
            return self._transcript(feed, event, now)
        feed.watch.alive()
        return []

    def tick(self, now: float) -> list[ToAgent]:
        """What is due: answers that waited too long, finals held for long enough."""
        self._forget_quiet()
        if self._overlooked(now):
            self._marks.add(self.log.heard, agent=False)
        return self._answers.overdue(now, self._settled, self._empty())

    def settle(self) -> list[ToAgent]:
        """Answer whatever is owed: nobody else will."""
        return [*self._answers.answer_newest(self._empty()), *self._answers.release()]

    def _piece(self, feed: Feed, end: int) -> Piece:
        start, samples = feed.cursor, end - feed.cursor
        feed.time.fed(samples)
        feed.watch.sent(self.voice.spans.between(start, end) / self._rate)
        return Piece(self.log.read(start, end), samples)

    def _skip_quiet(self, feed: Feed) -> None:
        """Leave out what a replay needs not hear: the quiet between two utterances, and behind the last."""
        spans, ending, onset = self.voice.spans, round(ENDING_S * self._rate), round(ONSET_S * self._rate)
        if feed.cursor - feed.start < ending or spans.between(feed.cursor - ending, feed.cursor):
            return
        speech = spans.first_after(feed.cursor)
        position = (self.log.heard if speech is None else speech) - onset
        if position > feed.cursor:
            feed.time.skip_to(position)

    def _wanted(self, feed: Feed, mark: Mark) -> bool:
        """Whether the provider is to be asked at `mark`."""
        if self._answers.owes_up_to(mark.number) or self._closing:
            return True
        left = bool(self._interim) or self._speech_between(max(feed.asked_up_to, self._settled), mark.position)
        return left and not (feed.traits.detects_turns and not self._agent_turns)

    def _transcript(self, feed: Feed, event: Result | Flushed, now: float) -> list[ToAgent]:
        heard = feed.take(event, self.covered, now)
        start = max(heard.start, min(self._told, heard.end))
        heard = replace(heard, result=self._seam.without(heard.result), start=start)
        if isinstance(event, Result):
            feed.watch.heard(now, text=bool(event.text))
        return self._final(feed, heard, now) if heard.result.final else self._changing(heard, now)

    def _changing(self, heard: Heard, now: float) -> list[ToAgent]:
        """A transcript that may change; what it covers is no final's yet."""
        if heard.end <= self.covered and heard.result.text:
            return []
        self._interim, self._interim_end, self._interim_at = heard.result.text, heard.end, now
        released = self._answers.release() if heard.result.text else []
        wanted = self._asked.interims and self.partials
        return [*released, self._message(heard)] if wanted else released

    def _final(self, feed: Feed, heard: Heard, now: float) -> list[ToAgent]:
        left_s, armed = self._left_s(heard), feed.watch.armed
        if armed and leaves_out_much(heard, left_s):
            feed.watch.doubt()  # the next transcriber is sent all of it again, and asked again
            return []
        believed, again = covers_up_to(heard, left_s, armed=armed), asked_again(heard, left_s)
        if self.confidence_threshold:
            sure, doubtful = without_doubtful(heard.result, self.confidence_threshold)
            self.doubtful += doubtful
            heard = replace(heard, result=sure)
        final = self._message(replace(heard, end=believed))
        self._seam.final(heard.result, heard.known, self._rate)
        self._cover(feed, believed, believed if again else heard.end)
        self._interim = ""
        self._utterances.final(final.message, final.final_text)
        mark = heard.answers
        if mark:
            self._marks.answered(mark)
            if again:
                self._marks.add(mark.position, agent=False)  # there may be a word left
            if self._answers.owes_up_to(mark.number):
                return self._answers.answer(mark.number, final)
        if not heard.result.text:
            return [final] if heard.result.message else []
        if self._agent_turns and not (mark and mark.agent):
            return [*self._answers.hold(final, now), *self._as_interim(final)]
        return [*self._answers.let_go(), final]

    def _left_s(self, heard: Heard) -> float:
        """Seconds of speech behind the last word of a final."""
        return self.voice.spans.between(heard.known, heard.end) / self._rate

    def _cover(self, feed: Feed, end: int, answered: int) -> None:
        self.covered, self._answered = max(self.covered, end), max(self._answered, answered)
        kept = min(self.covered, self._seam.begin if self._seam.begin is not None else self.covered)
        self.log.forget(kept)
        self.voice.spans.forget(kept)
        if not self._speech_between(self._settled, feed.cursor):
            feed.watch.settled()

    def _message(self, heard: Heard) -> ToAgent:
        result = heard.result
        pause = result.final and bool(heard.answers and not heard.answers.agent)
        message = self._own(heard) if heard.joined or not result.message else moved(result.message, self._at)
        if result.final:
            start = min(message["start"], round(heard.end / self._rate, 3))
            message |= {"start": start, "duration": round(heard.end / self._rate - start, 3), "from_finalize": False}
        if pause:
            message["speech_final"] = True
        if not result.final:
            return ToAgent(message)
        covers = (max(self.covered, self._told), heard.end)
        return ToAgent(message, result.text, covers=covers, ends_turn=result.ends_turn or pause)

    def _own(self, heard: Heard) -> dict[str, Any]:
        """A message of ours for what a provider of another protocol said."""
        start, end = heard.start / self._rate, heard.end / self._rate
        return results(heard.result, start, end, self._at, self._request_id)

    def _at(self, seconds: float) -> float:
        """Seconds of the present connection → seconds of the agent's audio, behind what finals cover."""
        position = self.feed.time.position(seconds) if self.feed else 0
        return round(max(position, self.covered, self._told) / self._rate, 3)

    def _as_interim(self, final: ToAgent) -> list[ToAgent]:
        """What the agent may know of a final that is held."""
        if not (self._asked.interims and self.partials):
            return []
        return [ToAgent({**final.message, "is_final": False, "speech_final": False, "from_finalize": False})]

    def _under_way(self) -> Mark | None:
        """A request behind which the caller said nothing: its answer is one to a `Finalize` that comes now."""
        newest = self._marks.newest
        if newest is None or newest.position == self.log.heard:
            return newest
        by_times = self.feed is None or self.feed.traits.ack is Ack.WORD  # then asking again costs nothing
        spoke = self._interim_after(newest) or self._speech_between(newest.position, self.log.heard)
        return None if by_times or spoke else newest

    def _overlooked(self, now: float) -> bool:
        """Whether a transcript stays open that no pause will close, since our voice detection heard no speech in it."""
        if not self._interim or self.voice.speaking or self._marks.newest:
            return False
        return now - self._interim_at >= OVERLOOKED_S

    def _interim_after(self, mark: Mark) -> bool:
        """Whether a transcript may be of audio behind `mark`."""
        return bool(self._interim) and self._interim_end > mark.position

    def _nothing_left(self, position: int) -> bool:
        """Whether a `Finalize` at `position` can be answered at once, since no transcriber has anything to add."""
        if self._interim or self._speech_between(self._settled, position):
            return False
        if self._answers.holding:
            return position - self._settled <= round(LEFT_S * self._rate)
        by_times = self.feed is None or self.feed.traits.ack is Ack.WORD
        return position == self._settled if by_times else True

    def _speech_between(self, start: int, end: int) -> bool:
        return self.voice.spans.between(start, end) > round(UNCOVERED_S * self._rate)

    def _forget_quiet(self) -> None:
        """Old silence is not replayed, so it is not kept; nor what may have been left out long ago."""
        feed, old = self.feed, self.log.heard - round(UNSURE_S * self._rate)
        if self._seam.begin is not None and self._seam.begin < old:
            self._seam.forget()
        if feed and self._answered > self.covered and self.log.heard - self.covered > UNSURE_S * self._rate:
            self._cover(feed, self._answered, self._answered)
        if feed and self.voice.spans.first_after(self.covered) is None:
            kept = min(feed.cursor, self.log.heard - round(QUIET_KEPT_S * self._rate))
            self.log.forget(kept if self._seam.begin is None else min(kept, self._seam.begin))

    def _empty(self) -> ToAgent:
        return ToAgent(empty_final(self.log.heard / self._rate, self._request_id))
