"""Who may come in."""

import asyncio

import pytest

from understudy.apps.agent.admission import Admission


def door(*, capacity: int = 2, ready: bool = True, draining: bool = False, live: int = 0) -> Admission:
    admission = Admission(capacity)
    admission.ready = ready
    admission.draining = draining
    admission.live = live
    return admission


@pytest.mark.parametrize(
    ("admission", "reason"),
    [
        (door(), None),
        (door(live=1), None),
        (door(live=2), "full"),
        (door(ready=False), "starting"),
        (door(draining=True), "draining"),
        (door(draining=True, live=2), "draining"),
    ],
)
def test_a_call_is_refused_with_the_reason(admission: Admission, reason: str | None) -> None:
    """Starting, draining, full: in this order."""
    assert admission.refusal() == reason


def test_a_call_that_fails_frees_its_place() -> None:
    """However a call ends, it is no longer live."""
    admission = door(capacity=1)
    full = None

    def fail() -> None:
        nonlocal full
        with admission.call():
            full = admission.refusal()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert full == "full"
    assert admission.refusal() is None


async def test_drained_waits_for_the_last_call() -> None:
    """One of two calls ending is not enough."""
    admission = door()
    with admission.call():
        with admission.call():
            waiting = asyncio.ensure_future(admission.drained())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert not waiting.done()
    await waiting


def test_capacity_is_what_proxies_read() -> None:
    """The contract of `GET /capacity`."""
    with (admission := door(capacity=3)).call():
        assert admission.to_json() == {"live": 1, "capacity": 3, "draining": False}
