"""The agent's transcriber never drops: whoever is listening, every piece of audio comes back as text once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from aiohttp import ClientWebSocketResponse, WSMsgType

from understudy.apps.proxy.egress.listen import LOOK_S
from understudy.domain.revision.snapshot import Snapshot

from .conftest import TOKEN, Proxy, Serve, StartProxy, transcribers
from .fake_transcriber import PIECE_S, QUERY, FakeTranscriber, numbers, piece

Socket = ClientWebSocketResponse[bool]


@asynccontextmanager
async def listening(proxy: Proxy) -> AsyncIterator[Socket]:
    headers = {"Authorization": f"Token {TOKEN}"}
    async with proxy.session.ws_connect(f"{proxy.ws_url}/v1/listen?{QUERY}", headers=headers) as socket:
        yield socket


async def speak(socket: Socket, *spoken: int) -> None:
    for number in spoken:
        await socket.send_bytes(piece(number))


async def finalize(socket: Socket) -> None:
    await socket.send_str('{"type":"Finalize"}')


async def message(socket: Socket) -> dict[str, Any]:
    async with asyncio.timeout(10):
        received = await socket.receive()
    assert received.type is WSMsgType.TEXT, received
    return dict(orjson.loads(received.data))


async def until_finalized(socket: Socket) -> list[dict[str, Any]]:
    """Messages up to the answer of a `Finalize`."""
    messages = [await message(socket)]
    while not messages[-1].get("from_finalize"):
        messages.append(await message(socket))
    return messages


def final_text(messages: list[dict[str, Any]]) -> list[int]:
    """The numbers in the finals of `messages`."""
    texts = [m["channel"]["alternatives"][0]["transcript"] for m in messages if m.get("is_final")]
    return numbers(" ".join(texts))


async def test_audio_goes_there_and_text_comes_back(serve: Serve, start_proxy: StartProxy) -> None:
    """Model, language and settings are the revision's, the audio format is the agent's, the key is the account's."""
    fake = FakeTranscriber()
    proxy = await start_proxy(transcribers(await serve(fake.route()), smartFormat=True))
    async with listening(proxy) as socket:
        await speak(socket, 1, 2, 3)
        await finalize(socket)
        assert final_text(await until_finalized(socket)) == [1, 2, 3]
    query = fake.queries[0]
    assert (query["model"], query["language"], query["smart_format"]) == ("nova-3", "en", "true")
    assert (query["sample_rate"], query["interim_results"]) == ("8000", "true")
    assert fake.authorization == ["Token key-of-a0"]
    assert proxy.call.ledger.entries == [("caller_transcript", "1 2 3")]


async def test_refused_transcriber_is_replaced(serve: Serve, start_proxy: StartProxy) -> None:
    """Audio sent while the first one refuses reaches the second from its first piece on."""
    bad, good = FakeTranscriber(status=401), FakeTranscriber()
    proxy = await start_proxy(transcribers(await serve(bad.route()), await serve(good.route())))
    async with listening(proxy) as socket:
        await speak(socket, 1, 2, 3)
        await finalize(socket)
        assert final_text(await until_finalized(socket)) == [1, 2, 3]
    assert proxy.credentials.refused == ["a0"]
    assert ("failover", "transcriber") in proxy.call.ledger.entries


async def _drop_in_mid_utterance(proxy: Proxy) -> list[dict[str, Any]]:
    async with listening(proxy) as socket:
        await speak(socket, *range(1, 31))
        await finalize(socket)
        return await until_finalized(socket)


async def test_drop_in_mid_utterance_loses_nothing(serve: Serve, start_proxy: StartProxy) -> None:
    """The same provider is asked again; it is sent what was not final, and every piece comes back exactly once."""
    fake = FakeTranscriber(final_every=5, drop_after=17)
    proxy = await start_proxy(transcribers(await serve(fake.route())))
    messages = await _drop_in_mid_utterance(proxy)
    assert final_text(messages) == list(range(1, 31))
    assert len(fake.connections) == 2
    assert fake.connections[1][0] == 16


async def test_times_run_on_over_a_drop(serve: Serve, start_proxy: StartProxy) -> None:
    """A new connection counts from zero; the agent's times do not."""
    fake = FakeTranscriber(final_every=5, drop_after=17)
    proxy = await start_proxy(transcribers(await serve(fake.route())))
    messages = await _drop_in_mid_utterance(proxy)
    words = [w for m in messages if m.get("is_final") for w in m["channel"]["alternatives"][0]["words"]]
    assert [round(word["start"] / PIECE_S) + 1 for word in words] == [int(word["word"]) for word in words]


async def test_drop_before_any_final_goes_to_the_next(serve: Serve, start_proxy: StartProxy) -> None:
    """A connection that never said a word is not asked again before the others."""
    bad, good = FakeTranscriber(drop_after=8), FakeTranscriber()
    proxy = await start_proxy(transcribers(await serve(bad.route()), await serve(good.route())))
    messages = await _drop_in_mid_utterance(proxy)
    assert final_text(messages) == list(range(1, 31))
    assert good.connections[0] == list(range(1, 31))


async def test_one_answer_per_finalize(serve: Serve, start_proxy: StartProxy) -> None:
    fake = FakeTranscriber()
    proxy = await start_proxy(transcribers(await serve(fake.route())))
    async with listening(proxy) as socket:
        for number in (1, 2, 3):
            await speak(socket, number)
            await finalize(socket)
            assert final_text(await until_finalized(socket)) == [number]


async def test_finalize_is_answered_when_the_provider_does_not(serve: Serve, start_proxy: StartProxy) -> None:
    """The agent gets its answer after a bounded wait, so that the turn goes on."""
    fake = FakeTranscriber(answers=False)
    proxy = await start_proxy(transcribers(await serve(fake.route())))
    async with listening(proxy) as socket:
        await speak(socket, 1)
        await finalize(socket)
        messages = await until_finalized(socket)
    assert final_text(messages) == []
    assert fake.finalizes == 1


async def test_all_failed_closes_with_the_causes(serve: Serve, start_proxy: StartProxy) -> None:
    first, second = FakeTranscriber(status=500), FakeTranscriber(status=403)
    proxy = await start_proxy(transcribers(await serve(first.route()), await serve(second.route())))
    async with listening(proxy) as socket:
        error = await message(socket)
        closed = await socket.receive()
    assert error["type"] == "Error"
    assert "a0: answered 500" in error["description"]
    assert "a1: answered 403" in error["description"]
    assert closed.type is WSMsgType.CLOSE
    assert closed.data == 1011


async def test_close_stream_brings_the_last_results(serve: Serve, start_proxy: StartProxy) -> None:
    fake = FakeTranscriber()
    proxy = await start_proxy(transcribers(await serve(fake.route())))
    async with listening(proxy) as socket:
        await speak(socket, 1, 2)
        await socket.send_str('{"type":"CloseStream"}')
        assert final_text([await message(socket)]) == [1, 2]
        assert (await message(socket))["type"] == "Metadata"
        assert (await socket.receive()).data == 1000


async def test_rescue_changes_the_transcriber_between_utterances(serve: Serve, start_proxy: StartProxy) -> None:
    """When the call is served by another revision, its transcriber takes over after the utterance."""
    canary, stable = FakeTranscriber(), FakeTranscriber()
    proxy = await start_proxy(transcribers(await serve(canary.route())))
    other: Snapshot = transcribers("http://127.0.0.1:1", await serve(stable.route()))
    async with listening(proxy) as socket:
        await speak(socket, 1)
        await finalize(socket)
        proxy.call.serving = other.model_copy(update={"transcribers": other.transcribers[1:]})
        proxy.credentials.keys["a1"] = None
        await until_finalized(socket)
        await speak(socket, 2)
        await finalize(socket)
        assert final_text(await until_finalized(socket)) == [2]
    assert (canary.connections, stable.connections) == ([[1]], [[2]])


async def test_wrong_token_or_format_is_refused(serve: Serve, start_proxy: StartProxy) -> None:
    proxy = await start_proxy(transcribers(await serve(FakeTranscriber().route())))
    for query, headers, status in [
        (QUERY, {"Authorization": "Token other"}, 401),
        ("encoding=opus", {"Authorization": f"Token {TOKEN}"}, 400),
    ]:
        async with proxy.session.get(f"{proxy.url}/v1/listen?{query}", headers=headers) as response:
            assert response.status == status


async def test_deaf_transcriber_is_replaced(serve: Serve, start_proxy: StartProxy) -> None:
    """One that takes audio and never says a word is left after two unanswered `Finalize`s, with the audio."""
    deaf, good = FakeTranscriber(answers=False), FakeTranscriber()
    proxy = await start_proxy(transcribers(await serve(deaf.route()), await serve(good.route())))
    async with listening(proxy) as socket:
        await speak(socket, 1)
        await finalize(socket)
        await until_finalized(socket)
        await speak(socket, 2)
        await finalize(socket)
        await until_finalized(socket)
        await speak(socket, 3)
        await finalize(socket)
        assert final_text(await until_finalized(socket)) == [1, 2, 3]
    assert proxy.metric("understudy_provider_attempts_total", part="transcriber", account="a0", outcome="timeout") == 1


async def test_drop_with_a_finalize_owed_is_asked_again(serve: Serve, start_proxy: StartProxy) -> None:
    """The replay ends with the `Finalize` that the lost connection did not answer: one answer, with the text."""
    fake = FakeTranscriber(final_every=4, answers=False)
    proxy = await start_proxy(transcribers(await serve(fake.route())))
    async with listening(proxy) as socket:
        await speak(socket, *range(1, 7))
        await finalize(socket)
        async with asyncio.timeout(5):
            await fake.finalized.wait()
        fake.answers = True
        fake.drop()
        messages = await until_finalized(socket)
    assert final_text(messages) == [1, 2, 3, 4, 5, 6]
    assert [message.get("from_finalize") for message in messages].count(True) == 1


async def test_keep_alive_passes(serve: Serve, start_proxy: StartProxy) -> None:
    fake = FakeTranscriber()
    proxy = await start_proxy(transcribers(await serve(fake.route())))
    async with listening(proxy) as socket:
        await speak(socket, 1)
        async with asyncio.timeout(5):
            await fake.heard.wait()
            await socket.send_str('{"type":"KeepAlive"}')
            await fake.kept_alive.wait()


async def test_a_new_connection_is_not_kept_alive(serve: Serve, start_proxy: StartProxy) -> None:
    """Its first audio is its first sign of life: of others that is silence, which would cut the first word in two."""
    fake = FakeTranscriber()
    proxy = await start_proxy(transcribers(await serve(fake.route())))
    async with listening(proxy) as socket:
        async with asyncio.timeout(5):
            while not fake.queries:  # noqa: ASYNC110 - a fake has no event for it
                await asyncio.sleep(LOOK_S)
        await asyncio.sleep(4 * LOOK_S)
        await speak(socket, 1)
        await finalize(socket)
        assert final_text(await until_finalized(socket)) == [1]
    assert not fake.kept_alive.is_set()


async def test_end_of_call_closes_both_sockets(serve: Serve, start_proxy: StartProxy) -> None:
    fake = FakeTranscriber()
    proxy = await start_proxy(transcribers(await serve(fake.route())))
    async with listening(proxy) as socket:
        await speak(socket, 1)
        async with asyncio.timeout(5):
            await fake.heard.wait()
            for cancel in list(proxy.call.resources):
                cancel()
            assert (await socket.receive()).type in {WSMsgType.CLOSE, WSMsgType.CLOSED}
            await fake.closed.wait()
