"""How a golden call's caller takes what an assistant does; the assistant is the test."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from understudy.apps.proxy.calls import Call
from understudy.apps.proxy.frames import media
from understudy.apps.proxy.replay import conduct
from understudy.apps.proxy.replay.conduct import Conduct
from understudy.apps.proxy.replay.line import Line
from understudy.base.clock import SystemClock
from understudy.domain.calls.golden import GoldenCall
from understudy.domain.calls.golden_account import GoldenAccount
from understudy.domain.calls.ledger import Ledger
from understudy.domain.calls.loudness import RATE
from understudy.domain.calls.observation import CallEnd
from understudy.domain.routing.document import Arm

LOUD = b"\x00"
WORDS = LOUD * (RATE // 5)


class Listener:
    """The session's ear; it notices when the caller hangs up."""

    def __init__(self, over: asyncio.Future[tuple[CallEnd, str]]) -> None:
        self._over = over

    def message(self, payload: bytes, _raw: bytes) -> None:
        if b'"stop"' in payload and not self._over.done():
            self._over.set_result((CallEnd.CALLER_HUNG_UP, ""))

    def full(self, *, full: bool) -> None:
        raise AssertionError(full)

    def closed(self) -> None:
        raise AssertionError


class CallUnderTest:
    """The caller, and an assistant that does what a test says."""

    def __init__(self) -> None:
        clock = SystemClock()
        self.over: asyncio.Future[tuple[CallEnd, str]] = asyncio.get_running_loop().create_future()
        self.line, self.account = Line("golden-1", clock), GoldenAccount({})
        self.line.listen(Listener(self.over))
        now = clock.monotonic()
        self.ledger = Ledger(call_id="c", revision="r", arm=Arm.CANARY, budget_ms=1, started_at=0.0, now=now)
        call = cast("Call", self)
        self.conduct = Conduct(
            line=self.line, call=call, account=self.account, over=self.over, clock=clock, matches=self._matches
        )
        self.running = asyncio.create_task(self.line.run())

    async def play(self, *turns: dict[str, Any], greeting: dict[str, Any] | None = None) -> list[str]:
        golden = GoldenCall.model_validate({"greeting": greeting or {}, "turns": [{"say": "hi", **t} for t in turns]})
        await asyncio.wait_for(self.conduct.converse(golden, [WORDS] * len(turns)), 20)
        return self.conduct.failures

    async def caller_spoke(self) -> None:
        """Wait for the caller's next words, whole."""
        assert await self.line.ticked.until(lambda: self.line.speaking, 10)
        assert await self.line.ticked.until(lambda: not self.line.speaking, 10)

    def say(self, text: str, *tools: str, seconds: float = 0.05) -> None:
        calls = [{"function": {"name": name}} for name in tools]
        self.account.asked([])
        self.account.answered({"role": "assistant", "content": text, "tool_calls": calls})
        self.line.text(media("MZ", LOUD * round(RATE * seconds)))

    async def _matches(self, pattern: str, _text: str) -> bool:
        raise {"slow": TimeoutError, "broken": OSError}[pattern]


@pytest.fixture
async def call(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CallUnderTest]:
    for name, seconds in (("QUIET_S", 0.2), ("PATIENCE_S", 2.0), ("LONGEST_ANSWER_S", 1.0)):
        monkeypatch.setattr(conduct, name, seconds)
    call = CallUnderTest()
    yield call
    call.running.cancel()


async def test_each_answer_is_judged_by_its_own_turn(call: CallUnderTest) -> None:
    call.say("Good evening.")
    playing = asyncio.create_task(call.play({"expect": {"contains": ["one"]}}, {"expect": {"contains": ["one"]}}))
    for answer in ("One.", "Two."):
        await call.caller_spoke()
        call.say(answer)
    assert await playing == ["turn 2: 'one' is not in the answer; the assistant said 'Two.'"]
    assert call.over.result() == (CallEnd.CALLER_HUNG_UP, "")


async def test_what_is_said_around_a_tool_call_is_one_answer(call: CallUnderTest) -> None:
    """However long the tool takes, the caller does not go on in between."""
    call.say("Good evening.")
    expected = {"contains": ["one moment", "booked"], "tools": ["book"]}
    playing = asyncio.create_task(call.play({"expect": expected}))
    await call.caller_spoke()
    call.say("One moment.", "book")
    assert not await call.line.ticked.until(call.over.done, 0.5)
    call.say("Booked.")
    assert await playing == []


async def test_an_answer_that_was_cleared_is_none(call: CallUnderTest) -> None:
    """Half a sentence was answered while the caller went on; the answer to all of it is the one."""
    call.say("Good evening.")
    playing = asyncio.create_task(call.play({"expect": {"contains": ["whole"]}}))
    await call.caller_spoke()
    call.say("Half.")
    call.line.text(b'{"event": "clear"}')
    assert not await call.line.ticked.until(call.over.done, 0.5)
    call.say("The whole.")
    assert await playing == []


async def test_an_assistant_that_talks_on_is_told(call: CallUnderTest) -> None:
    call.say("Good evening.", seconds=60)
    assert await call.play({}) == ["greeting: the assistant was still talking after 1 s"]


async def test_a_tool_that_is_never_followed_by_an_answer_is_told(call: CallUnderTest) -> None:
    call.say("One moment.", "book")
    assert await call.play({}) == ["greeting: the assistant fell silent for 2 s with more to come"]


@pytest.mark.parametrize(
    ("end", "cause", "says"),
    [
        (CallEnd.ASSISTANT_ENDED, "", "the assistant ended the call"),
        (CallEnd.DROPPED, "AgentLost", "the call was dropped (AgentLost)"),
        (CallEnd.MAX_DURATION, "", "the call had reached its longest duration"),
    ],
)
async def test_a_call_that_ends_early_says_how(call: CallUnderTest, end: CallEnd, cause: str, says: str) -> None:
    """After what was wrong with the answer so far."""
    call.say("Goodbye.")
    call.over.set_result((end, cause))
    failures = await call.play({}, {}, greeting={"contains": ["evening"]})
    assert failures == [
        "greeting: 'evening' is not in the answer; the assistant said 'Goodbye.'",
        f"greeting: {says}; 2 turns were left",
    ]


async def test_an_assistant_may_hang_up_after_the_last_turn(call: CallUnderTest) -> None:
    call.say("Good evening.")
    playing = asyncio.create_task(call.play({"expect": {"tools": ["end_call"]}}))
    await call.caller_spoke()
    call.say("Goodbye.", "end_call")
    call.over.set_result((CallEnd.ASSISTANT_ENDED, ""))
    assert await playing == []


@pytest.mark.parametrize("pattern", ["slow", "broken"])
async def test_a_pattern_that_cannot_be_tried_is_a_failure(call: CallUnderTest, pattern: str) -> None:
    call.say("Good evening.")
    playing = asyncio.create_task(call.play({}, greeting={"matches": pattern}))
    await call.caller_spoke()
    call.say("Yes.")
    assert await playing == [f"greeting: whether the answer matches {pattern!r} could not be found out in time"]


async def test_the_greeting_is_timed_from_the_start_of_the_call(call: CallUnderTest) -> None:
    call.say("Good evening.")
    playing = asyncio.create_task(call.play({}, greeting={"within": "0ms"}))
    await call.caller_spoke()
    call.say("Yes.")
    (failure,) = await playing
    assert failure.startswith("greeting: the answer began after ")
