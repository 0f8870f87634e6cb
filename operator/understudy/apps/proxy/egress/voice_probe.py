"""Looks, beside a call, whether a voice that failed before is back: by a connection, which costs nothing."""

import asyncio

from aiohttp import ClientTimeout

from understudy.apps.proxy.egress import upstream
from understudy.apps.proxy.egress.parts import account_of
from understudy.apps.proxy.egress.voice_link import OPEN_TIMEOUT_S, Speaker, VoiceLinks
from understudy.apps.proxy.egress.voice_memory import health_key
from understudy.apps.proxy.egress.voice_slack import in_background
from understudy.base.errors import ProviderBroke, ProviderError
from understudy.domain.revision.snapshot import Voice
from understudy.domain.speech.audio import SpeechFormat
from understudy.domain.speech.codec import Post
from understudy.domain.speech.voice_codec import HttpVoiceCodec
from understudy.domain.speech.voices.registry import on_socket

SERVER_ERROR = 500
"""HTTP status from which a provider says that it is not in order; to a GET a sound one answers 404 or 405."""


def probe(links: VoiceLinks, wanted: SpeechFormat) -> None:
    """Probe those of the revision's voices whose time has come; returns at once."""
    egress, call = links.egress, links.call
    now = asyncio.get_running_loop().time()
    for voice in call.snapshot().voices:
        if egress.voices.health.wants_probe(health_key(call.namespace, voice), now):
            in_background(egress.tasks, _probe(links, voice, wanted))


async def _probe(links: VoiceLinks, voice: Voice, wanted: SpeechFormat) -> None:
    health, key = links.egress.voices.health, health_key(links.call.namespace, voice)
    try:
        await _reach(links, voice, wanted)
    except ProviderError:
        health.failed(key, asyncio.get_running_loop().time())
    else:
        health.probed(key)


async def _reach(links: VoiceLinks, voice: Voice, wanted: SpeechFormat) -> None:
    speaker = Speaker(voice, account_of(links.call.snapshot(), voice.account))
    codec = speaker.codec()
    if on_socket(codec):
        link = await links.open(speaker, wanted)
        await link.close()
        return
    with upstream.told_as(speaker.account.name):
        await _get(links, speaker, _request(codec, wanted))


def _request(codec: object, wanted: SpeechFormat) -> Post:
    http: HttpVoiceCodec = codec  # type: ignore[assignment]
    return http.request("", http.makes(wanted), None)


async def _get(links: VoiceLinks, speaker: Speaker, post: Post) -> None:
    timeout = ClientTimeout(total=OPEN_TIMEOUT_S)
    async with links.egress.session.get(post.url, timeout=timeout, allow_redirects=False) as response:
        if response.status >= SERVER_ERROR:
            raise ProviderBroke(speaker.account.name, f"answered {response.status}")
