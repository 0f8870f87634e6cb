"""The deployments of a world at work in one run: limits that fill, prompts that are cached."""

from collections import deque
from dataclasses import dataclass

from tests.bench.routing.draws import bits, outcome
from tests.bench.routing.requests import Request
from tests.bench.routing.world import World

MINUTE_S = 60.0

REFUSED_AFTER_S = 0.05
"""A 429 is a round trip."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What comes of one request at one deployment.

    Attributes:
        after_s: seconds from now until its first clause, or until it has failed.
        answers: whether it is an answer.
        retry_after_s: with a 429, what the provider asks for.
    """

    after_s: float
    answers: bool
    retry_after_s: float | None = None


class Window:
    """Requests that one account let through within the last minute."""

    def __init__(self) -> None:
        self._taken: deque[float] = deque()

    def left(self, rpm: float, now: float) -> float:
        """How many more it would let through now."""
        while self._taken and self._taken[0] <= now - MINUTE_S:
            self._taken.popleft()
        return rpm - len(self._taken)

    def take(self, rpm: float, now: float) -> float | None:
        """Let one through; or seconds until there is room for one."""
        left = self.left(rpm, now)
        if left >= 1:
            self._taken.append(now)
            return None
        over = int(min(len(self._taken), 1 - left)) - 1
        return self._taken[over] + MINUTE_S - now if self._taken else MINUTE_S


class Providers:
    """All deployments of `world`; what they do to a request does not depend on the policy, only their state does."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._windows = [Window() for _ in world.deployments]
        self._served: dict[int, set[int]] = {}

    def fire(self, deployment: int, request: Request, now: float, nth: int) -> Reply:
        """Send `request` there, the `nth` time in its turn, from 0."""
        world = self.world
        segment = world.deployments[deployment].at(now)
        if segment.rpm is not None:
            wait = self._windows[deployment].take(segment.rpm, now)
            if wait is not None:
                return Reply(REFUSED_AFTER_S, answers=False, retry_after_s=wait)
        warm = 1.0 - world.cache if world.cache and self.warm(deployment, request.call) else 1.0
        answers, after_s = outcome(bits(world.seed, deployment, request.id, nth), segment, world.hang_s, warm)
        return Reply(after_s, answers)

    def probe(self, deployment: int, number: int, now: float) -> float | None:
        """A request of one token, outside of all limits: seconds to its answer; None when it fails."""
        segment = self.world.deployments[deployment].at(now)
        answers, after_s = outcome(bits(self.world.seed, deployment, -1 - number, 0), segment, self.world.hang_s)
        return after_s if answers else None

    def answered(self, deployment: int, call: int) -> None:
        """The prompt of `call` is cached there from now on."""
        if self.world.cache:
            self._served.setdefault(call, set()).add(deployment)

    def warm(self, deployment: int, call: int) -> bool:
        """Whether the prompt of `call` is cached there."""
        return deployment in self._served.get(call, ())

    def warm_ones(self, call: int) -> set[int]:
        """Where the prompt of `call` is cached."""
        return self._served.get(call, set())

    def room(self, deployment: int, now: float) -> bool:
        """Whether the account lets another request through."""
        rpm = self.world.deployments[deployment].at(now).rpm
        return rpm is None or self._windows[deployment].left(rpm, now) >= 1

    def headers(self, deployment: int, now: float) -> dict[str, str]:
        """What an answer says of its account's limit; nothing when it has none."""
        rpm = self.world.deployments[deployment].at(now).rpm
        if rpm is None:
            return {}
        left = max(0.0, self._windows[deployment].left(rpm, now))
        return {"x-ratelimit-limit-requests": f"{rpm:.0f}", "x-ratelimit-remaining-requests": f"{left:.0f}"}
