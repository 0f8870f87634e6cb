"""Errors that a transcriber reports in mid-stream, and what makes it report one: the same for each provider."""

import contextlib
from typing import Any

import pytest

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import codec_for, listening, speech
from understudy.domain.speech.codec import Failure, TranscriberCodec

FIRST = "is there parking nearby"

FLUX = {"model": "flux-general-en"}
RATE_LIMITED_PCM = 32_000 * 8
"""Bytes: eight seconds at 16 kHz, more than any of them takes at once."""


def codec(provider: str, url: str, fields: dict[str, Any]) -> TranscriberCodec:
    """OpenAI's base URL ends in /v1, as users write it."""
    return codec_for(provider, f"{url}/v1" if provider == "openai" else url, **fields)


@pytest.mark.parametrize(
    ("provider", "fields", "reason", "transient"),
    [
        ("11labs", {}, "transcriber_error", True),
        ("assembly-ai", {}, "3005", True),
        ("cartesia", {}, "simulated", True),
        ("deepgram", FLUX, "INTERNAL_SERVER_ERROR", True),
        ("gladia", {}, "internal_error", True),
        ("openai", {}, "server_error", True),
        ("speechmatics", {}, "job_error", False),
    ],
)
async def test_an_error_in_mid_stream_is_a_failure(
    serve: Serve, provider: str, fields: dict[str, Any], reason: str, *, transient: bool
) -> None:
    """The provider's own message, and its code in the reason."""
    async with (
        serve(acme={"faults": [{"kind": "error", "atMs": 300}]}) as simulator,
        listening(codec(provider, simulator.url("acme"), fields)) as line,
    ):
        with contextlib.suppress(ConnectionError):
            await line.quiet(1.0)
        await line.until(line.failed)
    failures = [event for event in line.events if isinstance(event, Failure)]
    assert failures == [Failure(f"the provider reported {reason}", transient=transient)]


@pytest.mark.parametrize(
    ("provider", "fields", "reason", "transient"),
    [
        ("11labs", {}, "rate_limited", True),
        ("cartesia", {}, "simulated", False),
        ("deepgram", FLUX, "", False),
        ("openai", {}, "rate_limit_exceeded", True),
    ],
)
async def test_audio_may_come_as_fast_as_the_codec_says_and_no_faster(
    serve: Serve, provider: str, fields: dict[str, Any], reason: str, *, transient: bool
) -> None:
    """Deepgram's Flux gives no reason: it closes with 1008."""
    async with serve() as simulator, listening(codec(provider, simulator.url("acme"), fields)) as line:
        await line.say(await speech(FIRST, line.audio.sample_rate), rate=line.codec.traits.replay_rate)
        await line.finalize()
        assert line.text == FIRST
        with contextlib.suppress(ConnectionError):
            await line.say(bytes(RATE_LIMITED_PCM), rate=50)
        await line.until(line.failed)
    if reason:
        assert Failure(f"the provider reported {reason}", transient=transient) in line.events
    else:
        assert line.socket.close_code == 1008
