"""`WS /tts/websocket`: Cartesia's protocol towards the agent, the revision's voices in order behind it."""

import asyncio
import logging
from typing import Any

import orjson
from aiohttp import WSMsgType, web

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.egress import upstream
from understudy.apps.proxy.egress.auth import authenticate
from understudy.apps.proxy.egress.parts import AgentGone, Egress, ends_with
from understudy.apps.proxy.egress.rehearsal import rehearse
from understudy.apps.proxy.egress.voice import PART, Speech
from understudy.apps.proxy.egress.voice_link import VoiceLinks
from understudy.apps.proxy.egress.voice_probe import probe
from understudy.base.errors import AllFailed
from understudy.domain.speech import cartesia
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.utterance import Utterance
from understudy.domain.speech.voice_codec import Words

log = logging.getLogger(__name__)

MAX_CONTEXTS = 32
"""Contexts at once on one socket: an agent speaks one, and cancels the last."""

USUAL = SpeechFormat("pcm_s16le", 8000)
"""What agents ask for: telephone audio. Sockets are opened for it before they do."""

BAD_REQUEST = 400
"""HTTP status in our own errors: the agent's message makes no sense."""


class CartesiaFace:
    """The facade."""

    def __init__(self, egress: Egress) -> None:
        self._egress = egress

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """One agent's socket, for the length of its call."""
        call = authenticate(request, self._egress.context.registry)
        agent = web.WebSocketResponse(compress=False, timeout=upstream.CLOSE_S)
        await agent.prepare(request)
        with ends_with(call, request):
            await CartesiaSocket(self._egress, call, agent).run()
        return agent


class CartesiaSocket:
    """One agent's socket and its contexts."""

    def __init__(self, egress: Egress, call: Call, agent: web.WebSocketResponse) -> None:
        self._egress = egress
        self._call = call
        self._agent = agent
        self._links = VoiceLinks(egress, call)
        self._warmings: list[asyncio.Task[None]] = []
        self._speaking: dict[str, tuple[Speech, asyncio.Task[None]]] = {}

    async def run(self) -> None:
        """Serve until the agent goes."""
        self._warm(USUAL)
        try:
            async for message in self._agent:
                if message.type is WSMsgType.TEXT:
                    await self._take(message.data)
        finally:
            tasks = [*self._warmings, *(task for _, task in self._speaking.values())]
            for task in tasks:
                task.cancel()
            try:
                await asyncio.gather(*tasks, return_exceptions=True)
            finally:  # a server that stops does not wait for us
                await self._links.close()
            await self._agent.close()

    def _warm(self, wanted: SpeechFormat) -> None:
        """Open sockets before they are needed, and look for voices that are back."""
        self._warmings.append(asyncio.create_task(self._links.warm(wanted)))
        probe(self._links, wanted)

    async def _take(self, text: str) -> None:
        try:
            message = orjson.loads(text)
            context_id = str(message.get("context_id") or "")
        except (ValueError, AttributeError):
            await self._agent.send_str(cartesia.error("", "a message that is not a JSON object", BAD_REQUEST))
            return
        if message.get("cancel"):
            self._cancel(context_id)
        elif context_id in self._speaking:
            self._speaking[context_id][0].add(message)
        else:
            await self._begin(context_id, message)

    async def _begin(self, context_id: str, message: dict[str, Any]) -> None:
        try:
            if len(self._speaking) >= MAX_CONTEXTS:
                raise ValueError(f"more than {MAX_CONTEXTS} contexts at once")  # noqa: TRY301 - told like the others
            utterance = Utterance(message)
        except (ValueError, TypeError) as error:
            await self._agent.send_str(cartesia.error(context_id, str(error), BAD_REQUEST))
            return
        rehearse(self._egress, self._call, utterance.format)
        speech = Speech(self._links, utterance, ContextSink(self._agent, context_id))
        speech.add(message)
        task = asyncio.create_task(self._speak(context_id, speech))
        self._speaking[context_id] = (speech, task)
        task.add_done_callback(lambda _: self._forget(context_id, task))

    async def _speak(self, context_id: str, speech: Speech) -> None:
        try:
            await speech.run()
        except AllFailed as error:
            self._egress.unavailable(PART, self._call, error)
            await self._agent.send_str(cartesia.error(context_id, str(error)))
        except (AgentGone, ConnectionError):
            return
        except Exception:
            log.exception("a context ended by an error of ours")
            await self._agent.send_str(cartesia.error(context_id, "an error of the proxy"))
        await self._agent.send_str(cartesia.done(context_id))

    def _cancel(self, context_id: str) -> None:
        if context_id in self._speaking:
            self._speaking.pop(context_id)[1].cancel()
            self._links.playout.cleared(asyncio.get_running_loop().time())

    def _forget(self, context_id: str, task: asyncio.Task[None]) -> None:
        if context_id in self._speaking and self._speaking[context_id][1] is task:
            del self._speaking[context_id]


class ContextSink:
    """Writes a context's speech to the agent."""

    def __init__(self, agent: web.WebSocketResponse, context_id: str) -> None:
        self._agent = agent
        self._context_id = context_id

    async def audio(self, data: bytes) -> None:
        """The next audio."""
        await self._agent.send_str(cartesia.chunk(self._context_id, data))

    async def words(self, words: Words) -> None:
        """When words are heard."""
        await self._agent.send_str(cartesia.timestamps(self._context_id, words))
