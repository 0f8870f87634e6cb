"""Pauses of the caller: where audio is cut into utterances, and what the agent is told of them."""

from typing import Any

from understudy.domain.speech.answers import ToAgent
from understudy.domain.speech.deepgram import Asked, speech_started, utterance_end
from understudy.domain.speech.voice_activity import VoiceActivity

PAUSE_S = 0.5
"""Silence after which a final is asked for: longer than pauses within a sentence, and than the agent's own voice
detection usually waits, so that its `Finalize` comes first."""

LONG_S = 12.0
"""Seconds of audio without a cut from which on a shorter pause will do, so that little has to be replayed."""

SHORT_PAUSE_S = 0.1
"""That pause: between two words rather than within one."""

LONGEST_S = 20.0
"""Seconds of audio after which it is cut even within a word: the log keeps 30."""

END_WAIT_S = 1.0
"""Longest wait for the final of an utterance before its end is told."""


class Utterances:
    """Watches the caller's voice for one agent.

    Args:
        rate: samples a second.
        asked: what the agent wants to be told.
    """

    def __init__(self, rate: int, asked: Asked) -> None:
        self._rate = rate
        self._asked = asked
        self._ended = 0
        self._last_word: float | None = None

    def pauses(self, voice: VoiceActivity, cut: int, heard: int) -> bool:
        """Whether a final is to be asked for at `heard`, `cut` being where that was done last."""
        if voice.spoke_until <= cut:
            return False
        first = voice.spans.first_after(cut)
        length = (heard - first) / self._rate if first is not None else 0.0
        quiet = (heard - voice.spoke_until) / self._rate
        return quiet >= (SHORT_PAUSE_S if length >= LONG_S else PAUSE_S) or length >= LONGEST_S

    def final(self, message: dict[str, Any], text: str) -> None:
        """The agent is told a final."""
        if not text:
            return
        words = message["channel"]["alternatives"][0].get("words")
        self._last_word = words[-1]["end"] if words else message["start"] + message["duration"]

    def notices(self, voice: VoiceActivity, *, began: bool, settled: bool) -> list[ToAgent]:
        """What the agent is told now; `settled`: finals hold all the text there is."""
        if began:
            return [ToAgent(speech_started(voice.onset / self._rate))] if self._asked.speech_started else []
        if self._asked.utterance_end_s is None or voice.spoke_until <= self._ended:
            return []
        over = (voice.heard - voice.spoke_until) / self._rate - self._asked.utterance_end_s
        if over < 0 or ((self._last_word is None or not settled) and over < END_WAIT_S):
            return []
        self._ended = voice.spoke_until
        last, self._last_word = self._last_word, None
        return [] if last is None else [ToAgent(utterance_end(last))]
