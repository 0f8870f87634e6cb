"""When the caller speaks: by energy over a floor that follows the line's noise.

One detector serves every provider, so that what an agent learns of the caller does not change at a failover. It costs
two microseconds a frame. It errs towards speech: noise taken for speech costs a needless `finalize`; speech taken for
noise could be missing from a replay.
"""

from understudy.domain.speech.agent_audio import Power
from understudy.domain.speech.codec import AudioFormat
from understudy.domain.speech.speech_spans import SpeechSpans

FRAME_S = 0.02
"""Seconds of audio judged at a time: a telephone frame."""

OVER_FLOOR = 8.0
"""Times the floor's power from which a frame is speech: 9 dB, over what noise of a line varies within a frame."""

QUIETEST = 10**-5.2
"""Power of full scale under which nothing is speech: -52 dB, below the softest caller, above comfort noise."""

LOUDEST_FLOOR = 10**-4.0
"""Highest floor, -40 dB: anything 9 dB over that is speech, however steady; tones and music do not become silence."""

FLOOR_FRAMES = 75
"""Frames (1.5 s) of which the quietest counts; the floor is that of two such stretches, since speech pauses within."""

ONSET_FRAMES = 3
"""Loud frames, less the quiet ones between them, that begin speech: 60 ms; one alone is a click."""

MOST_ONSET = 5
"""Onset frames that are remembered."""

HANGOVER_S = 0.2
"""Seconds of quiet that end a stretch of speech: pauses within words are shorter."""

PREROLL_S = 0.1
"""Seconds before the first loud frame that count as speech: consonants begin softly."""


class VoiceActivity:
    """Feeds on one stream's audio.

    Attributes:
        heard: samples so far.
        speaking: whether speech goes on.
        onset: sample at which the latest stretch of speech began; 0 before any.
        spoke_until: sample behind the last loud frame of speech; 0 before any.
        spans: where speech was.
    """

    def __init__(self, audio: AudioFormat) -> None:
        self.heard = 0
        self.speaking = False
        self.onset = self.spoke_until = 0
        self.spans = SpeechSpans()
        self._power = Power(audio)
        self._frame = int(audio.sample_rate * FRAME_S)
        self._frame_bytes = self._frame * audio.step
        self._hangover = int(audio.sample_rate * HANGOVER_S)
        self._preroll = int(audio.sample_rate * PREROLL_S)
        self._rest = b""
        self._loud = 0
        self._floor = _Floor()

    def feed(self, data: bytes) -> bool:
        """More audio, of any length; whether speech began in it."""
        if self._rest:
            data = self._rest + data
        size = self._frame_bytes
        whole = len(data) // size * size
        began = False
        for at in range(0, whole, size):
            began |= self._judge(self._power.of(data[at : at + size]))
        self._rest = data[whole:]
        return began

    def _judge(self, power: float) -> bool:
        self.heard += self._frame
        loud = power > max(QUIETEST, self._floor.follow(power) * OVER_FLOOR)
        self._loud = min(self._loud + 1, MOST_ONSET) if loud else max(self._loud - 1, 0)
        if self.speaking:
            self._go_on(loud=loud)
            return False
        if not loud or self._loud < ONSET_FRAMES:
            return False
        self.speaking, self.spoke_until = True, self.heard
        self.onset = max(0, self.heard - self._loud * self._frame - self._preroll)
        self.spans.add(self.onset, self.heard)
        return True

    def _go_on(self, *, loud: bool) -> None:
        if loud:
            self.spans.add(self.spoke_until, self.heard)
            self.spoke_until = self.heard
        elif self.heard - self.spoke_until >= self._hangover:
            self.speaking, self._loud = False, 0


class _Floor:
    """The power of the line when nobody speaks: the least of the last 1.5 to 3 s, smoothed over three frames."""

    def __init__(self) -> None:
        self._last = self._last_but_one = float("inf")
        self._before = self._now = float("inf")
        self._frames = 0

    def follow(self, power: float) -> float:
        """The floor, given the next frame's power."""
        smooth = (power + self._last + self._last_but_one) / 3
        self._last_but_one, self._last = self._last, power
        self._now = min(self._now, smooth)
        self._frames += 1
        if self._frames == FLOOR_FRAMES:
            self._before, self._now, self._frames = self._now, float("inf"), 0
        return min(self._before, self._now, LOUDEST_FLOOR)
