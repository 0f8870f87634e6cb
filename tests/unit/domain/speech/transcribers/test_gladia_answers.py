"""Which final of Gladia's answers a request: sequences of what is known, and what each says."""

from collections.abc import Callable
from typing import Any

import pytest

from understudy.domain.speech.transcribers.gladia_answers import Answers

# What happens, and what it is worth: started/ended/taken at, ask from-to, final from-to → answers it, flushes so many.
CASES: dict[str, list[tuple[str, tuple[float, ...], Any]]] = {
    "the final of the speech before": [
        ("started", (1.0,), None),
        ("ask", (3.0, 3.4), None),
        ("taken", (3.4,), 0),
        ("ended", (2.9,), 0),
        ("final", (1.0, 2.8), (True, 0)),
    ],
    "a final that comes before the end of its speech": [
        ("started", (1.0,), None),
        ("ask", (3.0, 3.4), None),
        ("final", (1.0, 2.8), (False, 0)),
        ("ended", (2.9,), 0),
        ("taken", (3.4,), 1),
    ],
    "nothing was said": [("ask", (3.0, 3.4), None), ("taken", (3.1,), 0), ("taken", (3.4,), 1)],
    "the first part of a long speech answers nothing": [
        ("started", (1.0,), None),
        ("ask", (9.0, 9.4), None),
        ("final", (1.0, 6.0), (False, 0)),
        ("ended", (9.1,), 0),
        ("final", (6.0, 8.9), (True, 0)),
    ],
    "the first of two utterances answers nothing": [
        ("started", (1.0,), None),
        ("ended", (2.0,), 0),
        ("started", (2.5,), None),
        ("ended", (3.0,), 0),
        ("ask", (3.2, 3.6), None),
        ("final", (1.0, 2.0), (False, 0)),
        ("final", (2.5, 3.0), (True, 0)),
    ],
    "noise without a transcript is no reason to wait, once a later final comes": [
        ("started", (1.0,), None),
        ("ended", (1.2,), 0),
        ("started", (2.5,), None),
        ("ended", (3.0,), 0),
        ("ask", (3.2, 3.6), None),
        ("final", (2.5, 3.0), (True, 0)),
    ],
    "speech after the request does not hold its answer up": [
        ("started", (1.0,), None),
        ("ended", (2.0,), 0),
        ("ask", (2.2, 2.6), None),
        ("started", (2.8,), None),
        ("final", (1.0, 2.0), (True, 0)),
    ],
    "two requests are two answers": [
        ("started", (1.0,), None),
        ("ask", (2.2, 2.6), None),
        ("ask", (2.7, 3.1), None),
        ("taken", (3.1,), 0),
        ("ended", (2.1,), 0),
        ("final", (1.0, 2.0), (True, 1)),
    ],
    "a final that nobody asked for": [
        ("started", (1.0,), None),
        ("ended", (2.0,), 0),
        ("final", (1.0, 2.0), (False, 0)),
    ],
}


@pytest.mark.parametrize("steps", CASES.values(), ids=CASES.keys())
def test_answers(steps: list[tuple[str, tuple[float, ...], Any]]) -> None:
    """Each step gives what it says."""
    answers = Answers(slack_s=0.3)
    acts: dict[str, Callable[..., Any]] = {
        "started": answers.speech_started,
        "ended": answers.speech_ended,
        "ask": answers.ask,
        "taken": answers.taken,
        "final": answers.final,
    }
    assert [acts[name](*arguments) for name, arguments, _ in steps] == [expected for *_, expected in steps]
