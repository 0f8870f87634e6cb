"""The work queue: each key once, never twice at a time, and again when it is due."""

import asyncio

from understudy.apps.controller.metrics import Metrics
from understudy.apps.controller.ports import Key
from understudy.apps.controller.queue import FIRST_RETRY_S, LONGEST_RETRY_S, WorkQueue
from understudy.apps.controller.workers import run_workers
from understudy.base.clock import ManualClock

A, B = Key("n", "a"), Key("n", "b")


def make() -> tuple[WorkQueue, ManualClock]:
    clock = ManualClock()
    return WorkQueue(clock), clock


async def test_keys_come_in_the_order_they_were_added_and_once() -> None:
    queue, _ = make()
    for key in (A, B, A, A):
        queue.add(key)
    assert [await queue.get(), await queue.get()] == [A, B]
    assert queue.depth() == 0


async def test_a_key_added_while_it_is_worked_on_comes_again_afterwards() -> None:
    """Two workers never reconcile one assistant at a time, and no news is lost."""
    queue, _ = make()
    queue.add(A)
    assert await queue.get() == A
    queue.add(A)
    assert queue.depth() == 0
    queue.done(A)
    assert await queue.get() == A


async def test_a_key_that_is_due_later_comes_when_it_is_due() -> None:
    queue, _ = make()
    queue.add_after(A, 0.01)
    assert queue.depth() == 0
    assert await queue.get() == A


async def test_the_earlier_of_two_times_counts() -> None:
    queue, _ = make()
    queue.add_after(A, 3600)
    queue.add_after(A, 0)
    queue.add_after(A, 3600)
    assert await asyncio.wait_for(queue.get(), 5) == A
    queue.done(A)
    assert queue.depth() == 0


async def test_pauses_double_up_to_a_limit_and_start_again_after_success() -> None:
    queue, _ = make()
    pauses = [queue.retry(A) for _ in range(12)]
    assert pauses[:3] == [FIRST_RETRY_S, 2 * FIRST_RETRY_S, 4 * FIRST_RETRY_S]
    assert pauses[-1] == LONGEST_RETRY_S
    queue.succeeded(A)
    assert queue.retry(A) == FIRST_RETRY_S
    queue.forget(A)


async def test_a_forgotten_key_leaves_nothing() -> None:
    queue, _ = make()
    queue.add(A)
    queue.add_after(B, 3600)
    queue.retry(B)
    queue.forget(A)
    queue.forget(B)
    assert (queue.depth(), queue.oldest_s()) == (0, 0.0)
    assert queue.retry(B) == FIRST_RETRY_S
    queue.forget(B)


async def test_the_age_of_the_oldest_key_counts_those_being_worked_on() -> None:
    """A reconciliation that hangs is noticed."""
    queue, clock = make()
    queue.add(A)
    await queue.get()
    clock.advance(200)
    queue.add(B)
    assert queue.oldest_s() == 200.0


async def test_no_error_of_one_assistant_stops_the_others() -> None:
    """Whatever a pass raises, the worker lives, the key comes again and the next one is served."""
    queue, clock = make()
    served: list[Key] = []
    enough = asyncio.Event()

    class Faulty:
        async def reconcile(self, key: Key) -> float | None:
            served.append(key)
            if key == A and served.count(A) == 1:
                msg = "a bug"
                raise ZeroDivisionError(msg)
            if {A, B} <= set(served) and served.count(A) > 1:
                enough.set()
            return None

    queue.add(A)
    queue.add(B)
    workers = asyncio.create_task(run_workers(queue, Faulty(), Metrics(), clock, count=1))
    await asyncio.wait_for(enough.wait(), 10)
    workers.cancel()
    await asyncio.gather(workers, return_exceptions=True)
    assert served == [A, B, A]
