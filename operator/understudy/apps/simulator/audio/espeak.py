"""Speech by espeak-ng, kept once made."""

import asyncio
import hashlib
from collections import OrderedDict
from pathlib import Path

from understudy.apps.simulator.audio import pcm
from understudy.base.digest import digest
from understudy.base.errors import UnderstudyError

MAX_KEPT = 2000
"""Utterances kept in memory: at 100 kB each, 200 MB when every one is long and different."""

MAX_RUNNING = 2
"""espeak-ng processes at a time: more would only take the cores from the calls."""

_DATA_HEADER = 8


class SynthesisFailed(UnderstudyError):
    """espeak-ng is missing or made no sound."""


class Speech:
    """Text to speech with a memory.

    Args:
        directory: where recordings are also kept between runs; None keeps them in memory only.
    """

    def __init__(self, directory: Path | None = None) -> None:
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._directory = directory
        self._running = asyncio.Semaphore(MAX_RUNNING)
        if directory:
            directory.mkdir(parents=True, exist_ok=True)

    async def speak(self, text: str, voice: str, words_per_minute: int, rate: int) -> bytes:
        """PCM of `text` at `rate` samples a second, loudness normalised, silence around it trimmed.

        Raises:
            SynthesisFailed: espeak-ng is not installed or refused.
        """
        name = digest([text, voice, words_per_minute, rate])[:32]
        sound = self._kept.get(name)
        if sound is None:
            sound = await self._make(name, text, voice, words_per_minute, rate)
            self._keep(name, sound)
        self._kept.move_to_end(name)
        return sound

    def _keep(self, name: str, sound: bytes) -> None:
        self._kept[name] = sound
        while len(self._kept) > MAX_KEPT:
            self._kept.popitem(last=False)

    async def _make(self, name: str, text: str, voice: str, words_per_minute: int, rate: int) -> bytes:
        path = self._directory / f"{name}.pcm" if self._directory else None
        if path and path.exists():
            return path.read_bytes()
        async with self._running:
            recorded, source_hz = await _run_espeak(text, voice, words_per_minute)
        sound = pcm.trim(pcm.normalise(pcm.resample(recorded, source_hz, rate)), rate)
        if path:
            part = path.with_suffix(f".{hashlib.sha256(text.encode()).hexdigest()[:8]}.part")
            part.write_bytes(sound)
            part.replace(path)
        return sound


async def _run_espeak(text: str, voice: str, words_per_minute: int) -> tuple[bytes, int]:
    """PCM and its sample rate, as espeak-ng made it. The text goes through stdin: it may start with a dash."""
    command = ["espeak-ng", "-v", voice, "-s", str(words_per_minute), "--stdin", "--stdout"]
    try:
        process = await asyncio.create_subprocess_exec(
            *command, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
    except FileNotFoundError as cause:
        raise SynthesisFailed("espeak-ng is not installed: apt-get install espeak-ng") from cause
    wav, complaint = await process.communicate(text.encode())
    if process.returncode or len(wav) <= _DATA_HEADER:
        raise SynthesisFailed(f"espeak-ng failed: {complaint.decode(errors='replace').strip()}")
    return wav[wav.index(b"data") + _DATA_HEADER :], int.from_bytes(wav[24:28], "little")
