"""The short way through a WebSocket's frames finds what the long one does."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.apps.proxy.http import frames
from understudy.apps.proxy.http.frames import FrameDecoder

LONGEST = 2000


@given(st.binary(max_size=400), st.booleans(), st.sampled_from([frames.TEXT, frames.PING]), st.integers(-3, 3))
def test_a_whole_message_is_read_as_it_would_be_among_others(payload: bytes, mask: bool, kind: int, cut: int) -> None:  # noqa: FBT001
    data = frames.encode(kind, payload, mask=mask)
    data = data[:cut] if cut < 0 else data + b"\x81\0\0"[:cut]
    found = FrameDecoder(masked=mask, longest=LONGEST).message(data)
    if found is not None:
        (frame,) = FrameDecoder(masked=mask, longest=LONGEST).decode(data)
        assert (frame.payload, frame.first) == (found, frames.FIN | frames.TEXT)


@pytest.mark.parametrize("size", [126, 300, LONGEST])
@pytest.mark.parametrize("mask", [False, True])
def test_messages_of_a_calls_size_go_the_short_way(size: int, *, mask: bool) -> None:
    payload = bytes(range(256)) * 8
    data = frames.encode(frames.TEXT, payload[:size], mask=mask)
    assert FrameDecoder(masked=mask, longest=LONGEST).message(data) == payload[:size]
    assert FrameDecoder(masked=mask, longest=LONGEST).message(data[:-1]) is None
    assert FrameDecoder(masked=not mask, longest=LONGEST).message(data) is None
    assert FrameDecoder(masked=mask, longest=size - 1).message(data) is None


def test_what_was_begun_is_gone_on_with() -> None:
    data = frames.encode(frames.TEXT, b"x" * 200, mask=False)
    decoder = FrameDecoder(masked=False, longest=LONGEST)
    assert decoder.decode(data[:50]) == []
    assert decoder.message(data) is None
