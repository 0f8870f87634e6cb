"""`WS /v1/text-to-speech/{voice_id}/multi-stream-input`, as ElevenLabs speaks it: contexts with times of characters."""

import asyncio
import contextlib
import json
from typing import Any

from aiohttp import WSMsgType, web

from understudy.apps.simulator import faults
from understudy.apps.simulator.deployment import Deployment
from understudy.apps.simulator.transcriber.elevenlabs import refused
from understudy.apps.simulator.voice.elevenlabs_context import Context, Message
from understudy.apps.simulator.voice.elevenlabs_query import Asked, asked, complaint
from understudy.apps.simulator.voice.sound import Sounds

MAX_CONTEXTS = 5
"""Contexts that one socket may have at a time."""

DEFAULT_CONTEXT = "default"
"""The context of messages that name none."""

OF_THE_FIRST = ("voice_settings", "generation_config", "pronunciation_dictionary_locators")
"""Fields that only the message that begins a context may have."""

POLICY = 1008
"""Close code after what the client did wrong."""

UNAUTHORIZED, BAD_REQUEST = 401, 400


class ElevenLabsHandler:
    """Serves every deployment."""

    def __init__(self, sounds: Sounds) -> None:
        self._sounds = sounds

    async def websocket(self, request: web.Request, deployment: Deployment) -> web.StreamResponse:
        """One connection, until one side closes it."""
        exchange = deployment.connection()
        failed = await faults.before_answer(request, exchange, refused)
        if failed is not None:
            return failed
        if not deployment.accepts(request.headers.get("xi-api-key")):
            return refused(UNAUTHORIZED, "Invalid API key")
        if (wrong := complaint(request.query)) is not None:
            return refused(BAD_REQUEST, wrong)
        deployment.asked.append({**request.query, "voice_id": request.match_info["voice_id"]})
        wanted = asked(request.match_info["voice_id"], request.query)
        socket = web.WebSocketResponse(compress=False)
        await socket.prepare(request)
        async with faults.dropping(request, exchange):
            await Connection(request, socket, deployment, self._sounds, wanted).run()
        return socket


class Connection:
    """The contexts of one WebSocket."""

    def __init__(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        deployment: Deployment,
        sounds: Sounds,
        wanted: Asked,
    ) -> None:
        self.request = request
        self.socket = socket
        self.deployment = deployment
        self.sounds = sounds
        self.wanted = wanted
        self._contexts: dict[str, Context] = {}

    async def run(self) -> None:
        """Serve until the socket closes."""
        try:
            while not self.socket.closed:
                message = await self.socket.receive(timeout=self.wanted.idle_s)
                if message.type is WSMsgType.TEXT:
                    await self._receive(message.data)
                elif message.type is WSMsgType.BINARY:
                    await self._refuse("invalid_message", "messages are text")
        except TimeoutError:
            await self._refuse("input_timeout_exceeded", "no message came in time")
        finally:
            for context in list(self._contexts.values()):
                context.cancel()

    async def send(self, document: Message) -> None:
        """A message, unless nobody listens any more."""
        if not self.socket.closed:
            await self.socket.send_json(document)

    def forget(self, context_id: str, context: Context) -> None:
        """Drop a finished context, unless its id is in use again."""
        if self._contexts.get(context_id) is context:
            del self._contexts[context_id]

    async def _receive(self, text: str) -> None:
        try:
            message = json.loads(text)
        except ValueError:
            message = None
        if not isinstance(message, dict):
            await self._refuse("invalid_message", "the message is no JSON object")
        elif message.get("close_socket"):
            await self._close()
        else:
            await self._of_context(str(message.get("context_id") or message.get("contextId") or ""), message)

    async def _of_context(self, named: str, message: Message) -> None:
        context_id = named or DEFAULT_CONTEXT
        context = self._contexts.get(context_id)
        if context is None and (message.get("close_context") or not message.get("text")):
            return None  # keeps the socket alive, or closes what is closed
        if context is None and len(self._contexts) >= MAX_CONTEXTS:
            most = f"Maximum simultaneous contexts per WebSocket connection exceeded ({MAX_CONTEXTS})."
            return await self._refuse("max_active_conversations", most)
        if context is not None and any(name in message for name in OF_THE_FIRST):
            return await self._refuse("invalid_message", "settings come with the first message of a context")
        if context is None:
            context = self._contexts[context_id] = Context(self, context_id, message.get("voice_settings") or {})
        context.take(message)
        return None

    async def _close(self) -> None:
        """Everything is spoken to its end."""
        waiting = [context.finish() for context in list(self._contexts.values())]
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(*waiting)
        await self.socket.close()

    async def _refuse(self, error: str, message: str) -> None:
        document: dict[str, Any] = {"message": message, "error": error, "code": POLICY}
        await self.send(document)
        await self.socket.close(code=POLICY, message=error.encode())
