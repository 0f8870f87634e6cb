"""Progress for people who wait: a line when a stage starts, one when it ends, and a heartbeat in between."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

HEARTBEAT_SECONDS = 15.0
_START = perf_counter()
_PRINTING = threading.Lock()


def say(text: str) -> None:
    """Print one line with the seconds since the program started; safe from several threads."""
    with _PRINTING:
        print(f"[{perf_counter() - _START:6.1f}s] {text}", flush=True)


@contextmanager
def stage(title: str) -> Iterator[None]:
    """Report a stage; what takes longer than the heartbeat says that it is still at work."""
    begun = perf_counter()
    ended = threading.Event()

    def beat() -> None:
        while not ended.wait(HEARTBEAT_SECONDS):
            say(f"{title}: still at it after {perf_counter() - begun:.0f} s")

    say(f"{title} …")
    threading.Thread(target=beat, daemon=True).start()
    try:
        yield
    except BaseException:
        say(f"{title}: failed after {perf_counter() - begun:.1f} s")
        raise
    finally:
        ended.set()
    say(f"{title}: done in {perf_counter() - begun:.1f} s")
