"""The transcribers that are built. A provider is one codec file here and one line below."""

from collections.abc import Callable

from understudy.domain.revision.snapshot import Account, Transcriber
from understudy.domain.speech.codec import TranscriberCodec
from understudy.domain.speech.deepgram import DeepgramCodec

CODECS: dict[str, Callable[[Transcriber, Account], TranscriberCodec]] = {
    "deepgram": DeepgramCodec,
}
"""By `Transcriber.provider`; each call makes the codec of one connection."""
