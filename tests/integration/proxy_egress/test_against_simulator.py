"""The egress in front of the demo's providers: what a voice says, the transcriber understands."""

from understudy.apps.simulator.script import parse
from understudy.apps.simulator.server import running
from understudy.domain.revision.snapshot import Account, Model, ModelTarget, Transcriber, Voice

from .conftest import StartProxy, snapshot
from .test_chat_fallback import said
from .test_listen import finalize, listening, until_finalized
from .test_voice import RATE, hear, say, speaking

QUESTION = "what are your opening hours"
SCRIPT = parse(
    {
        "recogniserProcesses": 0,
        "deployments": {
            "down": {"apiKeys": ["nobody-has-this"]},
            "good": {"apiKeys": ["key-of-sim"], "voice": {"speed": 50}},
        },
    }
)


async def test_a_turn(start_proxy: StartProxy) -> None:
    """Voice, transcriber and model each fall over from an account that refuses the key to one that works."""
    async with running(SCRIPT) as simulator:
        accounts = {
            name: Account(name=name, provider="any", base_url=simulator.url(where), default_host=False)
            for name, where in (("bad", "down"), ("sim", "good"))
        }
        targets = tuple(
            ModelTarget(
                name=name,
                account=f"{name}-model",
                model="maitre",
            )
            for name in ("bad", "sim")
        )
        accounts |= {
            f"{name}-model": accounts[name].model_copy(
                update={"name": name, "base_url": f"{accounts[name].base_url}/v1"}
            )
            for name in ("bad", "sim")
        }
        revision = snapshot(
            accounts=accounts,
            model=Model(targets=targets, system_prompt="You answer the phone for a restaurant."),
            transcribers=tuple(Transcriber(account=name, provider="deepgram") for name in ("bad", "sim")),
            voices=tuple(Voice(account=name, provider="cartesia", voice_id="v") for name in ("bad", "sim")),
        )
        proxy = await start_proxy(revision)
        proxy.credentials.keys |= {"sim": "key-of-sim", "bad": "wrong"}
        async with speaking(proxy) as voice:
            await say(voice, QUESTION, more=False)
            heard = await hear(voice)
        silence = bytes(RATE)
        async with listening(proxy) as transcriber:
            for start in range(0, len(heard.audio), 640):
                await transcriber.send_bytes(heard.audio[start : start + 640])
            await transcriber.send_bytes(silence)
            await finalize(transcriber)
            text = (await until_finalized(transcriber))[-1]["channel"]["alternatives"][0]["transcript"]
        async with await proxy.chat(stream=True, messages=[{"role": "user", "content": text}]) as response:
            answer = said(await response.text())
    assert text == QUESTION
    assert "open" in answer.lower()
    assert proxy.credentials.refused == ["bad"] * 3
