"""Flipping faults while the simulator runs."""

import aiohttp

from tests.contracts.simulator.conftest import Serve

ASK = {"model": "maitre", "messages": [{"role": "user", "content": "goodbye"}]}


async def test_faults_come_and_go_at_run_time_and_are_counted(serve: Serve) -> None:
    """PUT brings a fault for one request, DELETE the script back; the stats say what happened; keys stay secret."""
    quick = {"apiKeys": ["k"], "models": {"maitre": {"firstMs": 0, "tokenMs": 0}}}
    async with serve(acme=quick) as simulator, aiohttp.ClientSession() as http:
        root = f"http://127.0.0.1:{simulator.port}"

        async def ask(key: str = "k") -> int:
            headers = {"Authorization": f"Bearer {key}"}
            async with http.post(f"{root}/acme/v1/chat/completions", json=ASK, headers=headers) as response:
                return response.status

        change = {"faults": [{"kind": "status", "status": 503, "count": 1}]}
        async with http.put(f"{root}/control/acme", json=change) as response:
            settings = await response.json()
        assert settings["faults"][0]["status"] == 503
        assert "apiKeys" not in settings
        assert [await ask(), await ask(), await ask("wrong")] == [503, 200, 401]
        async with http.delete(f"{root}/control/acme") as response:
            assert (await response.json())["faults"] == []
        async with http.get(f"{root}/control/stats") as response:
            stats = (await response.json())["acme"]
    assert (stats["requests"], stats["completed"], stats["unauthorized"]) == (2, 2, 1)
    assert stats["faults"] == {"status": 1}
    assert stats["models"] == {"maitre": 2}


async def test_a_change_that_is_none_is_refused_and_changes_nothing(serve: Serve) -> None:
    """400 with the reason; an unknown deployment is 404 to read, and made by PUT."""
    async with serve(acme={}) as simulator, aiohttp.ClientSession() as http:
        root = f"http://127.0.0.1:{simulator.port}"
        for body in (b"no json", b"[]", b'{"colour": "red"}'):
            async with http.put(f"{root}/control/acme", data=body) as response:
                assert response.status == 400
        async with http.get(f"{root}/control/new") as response:
            assert response.status == 404
        async with http.put(f"{root}/control/new", json={}) as response:
            assert response.status == 200
        async with http.get(f"{root}/new/v1/models") as response:
            assert next(model["id"] for model in (await response.json())["data"]) == "maitre"
        async with http.get(f"{root}/healthz") as response:
            assert response.status == 200


async def test_the_latest_dialogues_can_be_read_with_their_answers(serve: Serve) -> None:
    """What the model was told, and its answer last; nothing is kept of requests that were refused."""
    quick = {"apiKeys": ["k"], "models": {"maitre": {"firstMs": 0, "tokenMs": 0}}}
    async with serve(acme=quick) as simulator, aiohttp.ClientSession() as http:
        root = f"http://127.0.0.1:{simulator.port}"
        for key in ("k", "wrong"):
            headers = {"Authorization": f"Bearer {key}"}
            async with http.post(f"{root}/acme/v1/chat/completions", json=ASK, headers=headers) as response:
                answer = await response.json()
            if key == "k":
                said = answer["choices"][0]["message"]["content"]
        async with http.get(f"{root}/control/acme/dialogues") as response:
            dialogues = await response.json()
        async with http.get(f"{root}/control/nobody/dialogues") as response:
            assert response.status == 404
    assert dialogues == [[*ASK["messages"], {"role": "assistant", "content": said, "model": "maitre"}]]


async def test_the_latest_dialogues_can_be_read_back_with_what_was_answered(serve: Serve) -> None:
    """The messages as the model saw them and its answer, oldest first."""
    async with serve(acme={"models": {"maitre": {"firstMs": 0}}}) as simulator, aiohttp.ClientSession() as http:
        async with http.post(simulator.url("acme") + "/v1/chat/completions", json=ASK):
            pass
        async with http.get(f"http://127.0.0.1:{simulator.port}/control/acme/dialogues") as response:
            (dialogue,) = await response.json()
    assert [message["role"] for message in dialogue] == ["user", "assistant"]
    assert dialogue[0] == ASK["messages"][0]
    assert dialogue[1]["content"] == "Thank you for calling. Goodbye."


async def test_what_transcribers_were_asked_for_can_be_read_without_keys(serve: Serve) -> None:
    """Their parameters as they came, newest last."""
    async with serve(acme={}) as simulator, aiohttp.ClientSession() as http:
        for model in ("universal-streaming-english", "universal-streaming-multilingual"):
            asked = {"sample_rate": "8000", "speech_model": model, "token": "secret"}
            async with http.ws_connect(f"{simulator.url('acme')}/v3/ws", params=asked):
                pass
        root = f"http://127.0.0.1:{simulator.port}"
        async with http.get(f"{root}/control/acme/asked") as response:
            found = await response.json()
        async with http.get(f"{root}/control/nobody-at-all/asked") as response:
            assert response.status == 404
    assert [each["speech_model"] for each in found] == [
        "universal-streaming-english",
        "universal-streaming-multilingual",
    ]
    assert found[0] == {"sample_rate": "8000", "speech_model": "universal-streaming-english"}
