"""The library deprecates classes of its own while it is imported; the first import happens here, with that unheard."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    from pipecat.services import tts_service as _  # noqa: F401
