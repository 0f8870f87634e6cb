"""What a proxy remembers of its voices: timing, loudness, and which one each call is spoken in."""

from weakref import WeakKeyDictionary

from understudy.apps.proxy.calls import Call
from understudy.domain.revision.snapshot import Voice
from understudy.domain.speech.levels import Levels
from understudy.domain.speech.pace import ENOUGH, Onset, Tempo
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
    """One proxy's.

    What is not known of a voice is taken from the same voice of other accounts, its provider's others, and all.
    """

    def __init__(self) -> None:
        self.health = ProviderHealth()
        """Which voices new calls should not begin with."""
        self.levels = Levels()
        """How loud each voice is."""
        self._onsets: dict[tuple[str, ...], Onset] = {}
        self._tempos: dict[tuple[str, ...], Tempo] = {}
        self._speaking: WeakKeyDictionary[Call, Voice] = WeakKeyDictionary()

    def onset(self, namespace: str, voice: Voice, what: str = "audio") -> Onset:
        """How soon `voice` begins, or its connection opens."""
        own = self._onsets.get((what, *voice_key(namespace, voice)), Onset())
        return own if own.seen >= ENOUGH else self._onsets.get((what, voice.provider), own)

    def began(self, namespace: str, voice: Voice, seconds: float, what: str = "audio") -> None:
        """`voice` took so long from a text to its first audio, or to open its connection."""
        for key in ((what, *voice_key(namespace, voice)), (what, voice.provider)):
            self._onsets[key] = self._onsets.get(key, Onset()).learn(seconds)
        while len(self._onsets) > MOST_VOICES:
            self._onsets.pop(next(iter(self._onsets)))

    def tempo(self, namespace: str, voice: Voice) -> Tempo:
        """How long `voice` takes for a text; the caller teaches it."""
        every = self._tempo(("",), None, 1.0)
        alike = self._tempo((voice.provider, voice.voice_id, voice.model or ""), every, 1.0)
        return self._tempo(voice_key(namespace, voice), alike, speed_of(voice))

    def _tempo(self, key: tuple[str, ...], others: Tempo | None, speed: float) -> Tempo:
        if key not in self._tempos and len(self._tempos) >= MOST_VOICES:
            self._tempos.pop(next(iter(self._tempos)))
        return self._tempos.setdefault(key, Tempo(others, speed))

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
