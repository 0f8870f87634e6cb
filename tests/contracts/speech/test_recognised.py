"""Codecs on real sockets against the simulators, with real speech: heard, finalised, timed, ended."""

import asyncio

import aiohttp
import pytest

from tests.contracts.simulator.conftest import Serve
from tests.contracts.speech.driver import KEY, PIECE_S, codec_for, listening, speech
from understudy.domain.speech.codec import AudioFormat, Failure

FIRST, SECOND = "do you have vegetarian food", "what are your opening hours"
PROVIDERS = ("assembly-ai", "gladia", "speechmatics")
FORMATS = (AudioFormat("linear16", 16_000), AudioFormat("mulaw", 8_000))

NEVER_SILENT_S = 0.2
"""Pause before a `finalize`: shorter than what any of these providers ends an utterance with by itself."""

TOLERANCE_S = 0.25
"""Between where a word is recognised and where it was said."""


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("agent", FORMATS, ids=str)
async def test_what_was_said_is_final_once_and_each_finalize_answered(
    serve: Serve, provider: str, agent: AudioFormat
) -> None:
    """Two utterances with a request for a final after each: each final says all, answers, and covers its own time."""
    async with (
        serve(acme={"apiKeys": [KEY]}) as simulator,
        listening(codec_for(provider, simulator.url("acme")), agent) as line,
    ):
        spoken_s = 0.0
        for text in (FIRST, SECOND):
            sound = await speech(text, line.audio.sample_rate)
            await line.say(sound)
            await line.quiet(NEVER_SILENT_S)
            await line.finalize()
            spoken_s += len(sound) / 2 / line.audio.sample_rate
            assert line.finals[-1].from_finalize
            assert line.finals[-1].end == pytest.approx(spoken_s, abs=TOLERANCE_S)
            spoken_s += NEVER_SILENT_S
        await line.send(line.codec.finish())
        await line.until(lambda: line.socket.closed)
    assert [final.text for final in line.finals] == [FIRST, SECOND]
    assert line.answers() == 2
    words = [word for final in line.finals for word in final.words]
    assert " ".join(word.text for word in words) == f"{FIRST} {SECOND}"
    assert [word.start for word in words] == sorted(word.start for word in words)
    assert line.socket.close_code == aiohttp.WSCloseCode.OK


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_interims_lead_up_to_the_final_and_cover_all_since_the_last(serve: Serve, provider: str) -> None:
    """At least two guesses, and the last of them is nearly the final."""
    async with serve() as simulator, listening(codec_for(provider, simulator.url("acme"))) as line:
        await line.say(await speech(FIRST, line.audio.sample_rate))
        await line.quiet(NEVER_SILENT_S)
        await line.finalize()
    interims = [result.text for result in line.results if not result.final]
    assert len(interims) >= 2
    assert interims[-1] == FIRST
    assert line.results[-1].final


@pytest.mark.parametrize(("provider", "fields"), [("assembly-ai", {}), ("gladia", {})])
async def test_silence_ends_an_utterance_without_being_asked(
    serve: Serve, provider: str, fields: dict[str, object]
) -> None:
    """The provider's own end of an utterance gives a final that answers nothing."""
    async with serve() as simulator, listening(codec_for(provider, simulator.url("acme"), **fields)) as line:
        await line.say(await speech(FIRST, line.audio.sample_rate))
        await line.quiet(0.8)
        await line.until(lambda: bool(line.finals))
    assert [(final.text, final.from_finalize) for final in line.finals] == [(FIRST, False)]


@pytest.mark.parametrize("provider", ["gladia", "speechmatics"])
async def test_a_finalize_without_speech_is_flushed(serve: Serve, provider: str) -> None:
    """Answered, with no text."""
    async with serve() as simulator, listening(codec_for(provider, simulator.url("acme"))) as line:
        await line.quiet(0.3)
        await line.finalize()
        await line.finalize()
    assert line.answers() == 2
    assert line.text == ""


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_audio_may_come_as_fast_as_the_codec_says(serve: Serve, provider: str) -> None:
    """Replay at `replay_rate`, for longer than any network would explain, is recognised whole."""
    async with serve() as simulator, listening(codec_for(provider, simulator.url("acme"))) as line:
        quiet = bytes(line.audio.sample_rate)
        for text in (FIRST, SECOND):
            sound = await speech(text, line.audio.sample_rate)
            await line.say(quiet + sound + quiet[: len(quiet) // 2], rate=line.codec.traits.replay_rate)
            await line.finalize()
        assert not line.failed()
    assert line.text == f"{FIRST} {SECOND}"


@pytest.mark.parametrize("provider", ["assembly-ai", "gladia"])
async def test_audio_that_comes_much_too_fast_ends_the_session(serve: Serve, provider: str) -> None:
    """The simulators enforce what the codec declares."""
    async with serve() as simulator, listening(codec_for(provider, simulator.url("acme"))) as line:
        with pytest.raises((ConnectionError, TimeoutError)):  # noqa: PT012 - the socket breaks at any of the sends
            for _ in range(100):
                await line.send(line.codec.send(bytes(int(PIECE_S * line.audio.bytes_per_second))))
            await line.until(lambda: line.socket.closed)
            raise ConnectionError
        await line.until(line.failed)
    assert any(isinstance(event, Failure) for event in line.events)


async def test_speechmatics_reads_more_slowly_what_comes_too_fast(serve: Serve) -> None:
    """Not refused: the acknowledgements come at the pace that it takes, after what may come at once."""
    async with serve() as simulator, listening(codec_for("speechmatics", simulator.url("acme"))) as line:
        began, ready = asyncio.get_running_loop().time(), len(line.events)
        for _ in range(30):
            await line.send(line.codec.send(bytes(int(PIECE_S * line.audio.bytes_per_second))))
        await line.until(lambda: len(line.events) >= ready + 30)
    assert asyncio.get_running_loop().time() - began >= 1.0
    assert not any(isinstance(event, Failure) for event in line.events)


@pytest.mark.parametrize("provider", ["gladia", "speechmatics"])
async def test_a_wrong_key_is_refused_with_401(serve: Serve, provider: str) -> None:
    """Before the socket is open."""
    async with serve(acme={"apiKeys": ["another"]}) as simulator:
        with pytest.raises(aiohttp.ClientResponseError) as caught:
            async with listening(codec_for(provider, simulator.url("acme"))):
                pass
    assert caught.value.status == 401


async def test_assembly_ai_refuses_a_wrong_key_on_the_open_socket(serve: Serve) -> None:
    """As a message with the code that closes it."""
    async with (
        serve(acme={"apiKeys": ["another"]}) as simulator,
        listening(codec_for("assembly-ai", simulator.url("acme"))) as line,
    ):
        await line.until(line.failed)
    assert line.events == [Failure("the provider reported 1008")]
