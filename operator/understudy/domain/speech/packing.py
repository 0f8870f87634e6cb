"""Audio as a provider takes it: in its format, in messages that are neither too short nor too long."""

from understudy.domain.speech.agent_audio import Encoder
from understudy.domain.speech.codec import AudioFormat, Traits
from understudy.domain.speech.transcribers.common import silence


class Packing:
    """Converts, gathers and splits the audio of one connection.

    Args:
        traits: the provider's.
        agent: what comes in, whole samples.
        provider: what goes out.
    """

    def __init__(self, traits: Traits, agent: AudioFormat, provider: AudioFormat) -> None:
        self._encoder = Encoder(agent, provider)
        self._provider = provider
        self._least = round(traits.chunk_min_s * provider.sample_rate) * provider.step
        self._most = max(round(traits.chunk_max_s * provider.sample_rate), 1) * provider.step
        self._finalize_least = traits.finalize_min_s
        self._rest = b""
        self._packed = 0.0

    def pack(self, audio: bytes) -> list[bytes]:
        """The messages that `audio` completes; what is too short for one waits."""
        if self._encoder.same and not self._rest and self._least <= len(audio) <= self._most:
            self._packed += len(audio) / self._provider.bytes_per_second
            return [audio]
        return self._split(self._encoder.encode(audio), least=self._least)

    def flush(self, *, finalize: bool) -> tuple[list[bytes], float]:
        """What still waits, with as much silence behind it as a message, or a `finalize`, needs; seconds of that."""
        rest = self._encoder.encode(b"", last=True)
        held = len(self._rest) + len(rest)
        short = max(0, self._least - held) if held else 0
        seconds = short / self._provider.bytes_per_second
        if finalize:
            whole = self._packed + held / self._provider.bytes_per_second
            seconds = max(seconds, self._finalize_least - whole)
            seconds = max(seconds, self._least / self._provider.bytes_per_second if seconds > 0 and not held else 0.0)
        packed = self._split(rest + silence(self._provider, seconds) if seconds > 0 else rest, least=0)
        self._packed = 0.0 if finalize else self._packed
        return packed, max(seconds, 0.0)

    def silence(self, seconds: float) -> list[bytes]:
        """Messages of silence that the agent did not send; the stream must have been flushed."""
        return self._split(silence(self._provider, seconds), least=0)

    def _split(self, audio: bytes, *, least: int) -> list[bytes]:
        audio = self._rest + audio
        packed = []
        while len(audio) >= max(least, 1):
            packed.append(audio[: self._most])
            audio = audio[self._most :]
        self._rest = audio
        self._packed += sum(map(len, packed)) / self._provider.bytes_per_second
        return packed
