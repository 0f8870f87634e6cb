"""Egress: the only way from an agent to a provider. Each facade speaks a protocol that voice frameworks know."""

from aiohttp import web

from understudy.apps.proxy.context import ProxyContext
from understudy.apps.proxy.egress.cartesia import CartesiaFace
from understudy.apps.proxy.egress.chat import Chat
from understudy.apps.proxy.egress.dialect import RESPONSES
from understudy.apps.proxy.egress.listen import Listen
from understudy.apps.proxy.egress.metrics import EgressMetrics
from understudy.apps.proxy.egress.parts import Egress
from understudy.apps.proxy.egress.shadow import Shadow
from understudy.apps.proxy.egress.speech import SpeechFace
from understudy.apps.proxy.egress.webhook import Webhooks
from understudy.apps.proxy.http.routes import HotRoute


def routes(context: ProxyContext) -> list[web.AbstractRouteDef]:
    """The facades' routes; call once per context, since it registers the egress's metrics."""
    egress = Egress(context, EgressMetrics(context.metrics.registry))
    shadow = Shadow(egress)
    context.registry.finishers.insert(0, shadow.finish)
    chat, responses = Chat(egress, shadow), Chat(egress, shadow, RESPONSES)
    listen = Listen(egress)
    return [
        HotRoute("/v1/chat/completions", chat.handle, chat.serve),
        HotRoute("/v1/responses", responses.handle, responses.serve),
        web.get("/v1/listen", listen.handle),
        web.get("/v2/listen", listen.handle_turns),
        web.get("/tts/websocket", CartesiaFace(egress).handle),
        web.post("/v1/audio/speech", SpeechFace(egress).handle),
        web.post("/v1/webhook", Webhooks(egress).handle),
    ]
