"""Events come out the same whatever the boundaries of the reads."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.domain.routing.sse import MAX_EVENT_BYTES, EventTooLong, SseDecoder

STREAM = b': keep-alive\n\ndata: {"a":1}\n\nevent: x\r\ndata: one\r\ndata:two\r\n\r\nid: 3\n\ndata: [DONE]\n\n'
DATA = [None, b'{"a":1}', b"one\ntwo", None, b"[DONE]"]


def test_events_and_comments() -> None:
    events = SseDecoder().decode(STREAM)
    assert [event.data for event in events] == DATA
    assert b"".join(event.raw for event in events) == STREAM


@given(st.lists(st.integers(0, len(STREAM)), max_size=20))
def test_any_boundaries(cuts: list[int]) -> None:
    """Cut anywhere, even within a line's end: the same events, and not a byte lost."""
    decoder = SseDecoder()
    marks = [0, *sorted(cuts), len(STREAM)]
    events = [e for a, b in pairwise(marks) for e in decoder.decode(STREAM[a:b])]
    assert [event.data for event in events if event.data] == [data for data in DATA if data]
    assert b"".join(event.raw for event in events) + decoder.flush() == STREAM


def test_unended_event_is_left_over() -> None:
    decoder = SseDecoder()
    assert decoder.decode(b"data: half") == []
    assert decoder.flush() == b"data: half"
    assert decoder.flush() == b""


def test_endless_event_is_refused() -> None:
    with pytest.raises(EventTooLong):
        SseDecoder().decode(b"x" * (MAX_EVENT_BYTES + 1))
