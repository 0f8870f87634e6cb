"""Speechmatics' own SDK, unmodified, against the simulated real-time API, with real speech."""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator
from typing import Any

import pytest
from speechmatics.rt import (
    AsyncClient,
    AudioEncoding,
    AudioFormat,
    ConversationConfig,
    ServerMessageType,
    TranscriptionConfig,
    TranscriptionError,
    TranscriptResult,
)
from speechmatics.rt import ConnectionError as Refused

from tests.contracts.simulator.conftest import Serve, until
from tests.contracts.speech.driver import KEY, speech
from understudy.apps.simulator.server import Simulator

SENTENCE = "do you have vegetarian food"
RATE = 16_000
PIECE = RATE // 10 * 2
"""100 ms."""
RAW = AudioFormat(encoding=AudioEncoding.PCM_S16LE, sample_rate=RATE, chunk_size=PIECE)


class Sdk:
    """The vendor's client, and what it has received."""

    def __init__(self, client: AsyncClient) -> None:
        self.client = client
        self.said: dict[ServerMessageType, list[dict[str, Any]]] = {kind: [] for kind in ServerMessageType}
        for kind in ServerMessageType:
            client.on(kind, self.said[kind].append)

    @property
    def finals(self) -> list[dict[str, Any]]:
        return self.said[ServerMessageType.ADD_TRANSCRIPT]

    async def speak(self, sound: bytes) -> None:
        for at in range(0, len(sound), PIECE):
            await self.client.send_audio(sound[at : at + PIECE])
            await asyncio.sleep(PIECE / 2 / RATE)


@contextlib.asynccontextmanager
async def sdk_on(simulator: Simulator, key: str = KEY) -> AsyncIterator[Sdk]:
    async with AsyncClient(api_key=key, url=f"{simulator.url('acme', 'ws')}/v2") as client:
        yield Sdk(client)


async def test_a_forced_end_of_utterance_is_a_marked_final_and_its_end(serve: Serve) -> None:
    """The transcript with its words and times, then the end of the utterance, both because they were asked for."""
    async with serve(acme={"apiKeys": [KEY]}) as simulator, sdk_on(simulator) as sdk:
        config = TranscriptionConfig(language="en", enable_partials=True)
        await sdk.client.start_session(transcription_config=config, audio_format=RAW)
        await sdk.speak(await speech(SENTENCE, RATE))
        await sdk.client.force_end_of_utterance()
        ends = sdk.said[ServerMessageType.END_OF_UTTERANCE]
        await until(lambda: bool(ends))
        await sdk.client.stop_session()
    (final,) = sdk.finals
    result = TranscriptResult.from_message(final)
    assert result.metadata.transcript.strip() == SENTENCE
    assert [word.alternatives[0].content for word in result.results if word.alternatives] == SENTENCE.split()
    assert 0 <= result.results[0].start_time < result.results[-1].end_time <= result.metadata.end_time + 0.05
    assert (final["forced"], ends[0]["forced"]) == (True, True)
    assert len(sdk.said[ServerMessageType.ADD_PARTIAL_TRANSCRIPT]) >= 2
    assert len(sdk.said[ServerMessageType.END_OF_TRANSCRIPT]) == 1
    added = [message["seq_no"] for message in sdk.said[ServerMessageType.AUDIO_ADDED]]
    assert added == list(range(1, len(added) + 1))


async def test_a_recording_sent_at_once_is_transcribed_to_its_end(serve: Serve) -> None:
    """`transcribe` sends as fast as it may: the last final comes before `EndOfTranscript`; no partials unasked."""
    async with serve() as simulator, sdk_on(simulator) as sdk:
        sound = io.BytesIO(await speech(SENTENCE, RATE))
        await sdk.client.transcribe(sound, transcription_config=TranscriptionConfig(language="en"), audio_format=RAW)
    assert "".join(message["metadata"]["transcript"] for message in sdk.finals).strip() == SENTENCE
    assert sdk.said[ServerMessageType.ADD_PARTIAL_TRANSCRIPT] == []


async def test_silence_ends_an_utterance_where_the_client_asks_for_that(serve: Serve) -> None:
    """`end_of_utterance_silence_trigger`: a final and an end that nobody forced."""
    async with serve() as simulator, sdk_on(simulator) as sdk:
        trigger = ConversationConfig(end_of_utterance_silence_trigger=0.4)
        config = TranscriptionConfig(language="en", conversation_config=trigger)
        await sdk.client.start_session(transcription_config=config, audio_format=RAW)
        await sdk.speak(await speech(SENTENCE, RATE) + bytes(RATE * 2))
        ends = sdk.said[ServerMessageType.END_OF_UTTERANCE]
        await until(lambda: bool(ends))
        await sdk.client.close()
    assert [message["metadata"]["transcript"].strip() for message in sdk.finals] == [SENTENCE]
    assert "forced" not in ends[0]


async def test_a_wrong_key_is_refused(serve: Serve) -> None:
    """With 401, before the socket is open."""
    async with serve(acme={"apiKeys": ["another"]}) as simulator, sdk_on(simulator) as sdk:
        with pytest.raises(Refused, match="401"):
            await sdk.client.start_session(audio_format=RAW)


async def test_a_wrong_config_is_an_error_that_says_why(serve: Serve) -> None:
    """In place of `RecognitionStarted`."""
    async with serve() as simulator, sdk_on(simulator) as sdk:
        config = TranscriptionConfig(language="en", max_delay=0.1)
        with pytest.raises(TranscriptionError, match="max_delay"):
            await sdk.client.start_session(transcription_config=config, audio_format=RAW)
    assert sdk.said[ServerMessageType.ERROR][0]["type"] == "invalid_config"
