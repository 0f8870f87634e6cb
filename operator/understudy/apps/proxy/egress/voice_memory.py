"""What a proxy remembers of its voices: timing, loudness, and which one each call is spoken in."""

from weakref import WeakKeyDictionary

from understudy.apps.proxy.calls import Call
from understudy.domain.revision.snapshot import Voice
from understudy.domain.speech.levels import Levels
from understudy.domain.speech.pace import Onset, Tempo
from understudy.domain.speech.provider_health import Key, ProviderHealth, preferred

VoiceKey = tuple[str, ...]

MOST_VOICES = 4096
"""Voices remembered: more than a proxy serves; names come from manifests, which change."""


def voice_key(namespace: str, voice: Voice) -> VoiceKey:
    """Names a voice among all of a proxy's."""
    return (namespace, voice.account, voice.voice_id, voice.model or "", str(speed_of(voice)))


def health_key(namespace: str, voice: Voice) -> Key:
    """Names what fails together: an account's voices."""
    return (namespace, voice.account, f"{voice.provider} voice")


def speed_of(voice: Voice) -> float:
    """How much faster than usual a voice is asked to speak, whatever its provider calls it; 1 where it does not say."""
    settings = voice.settings
    nested = settings.get("generationConfig") or settings.get("generation_config") or {}
    speed = settings.get("speed", nested.get("speed") if isinstance(nested, dict) else None)
    return float(speed) if isinstance(speed, int | float) else 1.0


class VoiceMemory:
    """One proxy's."""

    def __init__(self) -> None:
        self.health = ProviderHealth()
        """Which voices new calls should not begin with."""
        self.levels = Levels()
        """How loud each voice is."""
        self._onsets: dict[VoiceKey, Onset] = {}
        self._tempos: dict[VoiceKey, Tempo] = {}
        self._usual = Tempo()
        self._speaking: WeakKeyDictionary[Call, Voice] = WeakKeyDictionary()

    def onset(self, voice: VoiceKey) -> Onset:
        """How soon `voice` begins."""
        return self._onsets.get(voice, Onset())

    def began(self, voice: VoiceKey, seconds: float) -> None:
        """`voice` took so long from a text to its first audio."""
        self._onsets[voice] = self.onset(voice).learn(seconds)
        while len(self._onsets) > MOST_VOICES:
            self._onsets.pop(next(iter(self._onsets)))

    def tempo(self, voice: VoiceKey, speed: float = 1.0) -> Tempo:
        """How long `voice`, asked to speak at `speed`, takes for a text; the caller teaches it."""
        if voice not in self._tempos and len(self._tempos) >= MOST_VOICES:
            self._tempos.pop(next(iter(self._tempos)))
        return self._tempos.setdefault(voice, Tempo(self._usual, speed))

    def order(self, call: Call, voices: tuple[Voice, ...], now: float) -> list[Voice]:
        """The voices in the order in which `call` is to try them; `now` is seconds on a steady clock.

        The one that it is spoken in comes first: callers should not hear voices change more than they must, and a voice
        that recovered is for new calls. Those begin with the first that does not fail at present.
        """
        spoken = self._speaking.get(call)
        if spoken in voices:
            first = voices.index(spoken)
            first = 0 if first == 1 and call.better_voice else first  # the same voice, of a better model
            return [*voices[first:], *voices[:first]]
        keys = [health_key(call.namespace, voice) for voice in voices]
        return [voices[index] for index in preferred(keys, self.health, now)]

    def speaks(self, call: Call, voice: Voice) -> None:
        """`call` was answered in `voice`."""
        self._speaking[call] = voice
