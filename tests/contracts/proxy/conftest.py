"""The same loopback proxy as the integration tests'; here unmodified clients of other people speak to it."""

import importlib
import warnings

from tests.integration.proxy_egress.conftest import serve, stack, start_proxy

__all__ = ["serve", "stack", "start_proxy"]

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # of their own parts, while they are imported
    for client in ("pipecat.services.cartesia.tts", "pipecat.services.deepgram.stt", "pipecat.services.openai.llm"):
        importlib.import_module(client)
