"""One line a record on standard output, and nothing that a caller said.

Pipecat logs through loguru and puts transcripts, prompts and tool arguments into its messages, so of its records only
errors are kept, and of those only where they happened. It calls errors also what an ordinary hang-up causes, so they
show as information; what ends a call is reported by the call. Its text is shown at DEBUG, for a developer's machine.
"""

import logging
import sys
from typing import TYPE_CHECKING

from loguru import logger as library_logger

if TYPE_CHECKING:
    from loguru import Message

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"

log = logging.getLogger("understudy.agent")
_library = logging.getLogger("pipecat")


def configure(level: str) -> None:
    """Send our records and the library's to standard output.

    Args:
        level: name of the lowest level of ours that is shown.
    """
    logging.basicConfig(stream=sys.stdout, format=FORMAT, level=logging.WARNING, force=True)
    log.setLevel(level)
    _library.setLevel(level)
    library_logger.remove()
    if level == "DEBUG":
        library_logger.add(_whole, level="DEBUG", format="{message}")
    else:
        library_logger.add(_place_only, level="ERROR", format="{message}")


def _whole(message: "Message") -> None:
    _library.log(message.record["level"].no, "%s", message.record["message"])


def _place_only(message: "Message") -> None:
    record = message.record
    cause = record["exception"].type if record["exception"] else None
    _library.info("%s:%s line %d%s", record["name"], record["function"], record["line"], _named(cause))


def _named(cause: type[BaseException] | None) -> str:
    return f" {cause.__name__}" if cause else ""
