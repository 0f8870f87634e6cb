"""Virtual time: requests arrive, policies say what to fire and to cancel, providers say what comes of it."""

import heapq
import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.bench.routing.policy import Factory, Policy, Turn
from tests.bench.routing.providers import Providers, Reply
from tests.bench.routing.requests import Request, requests
from tests.bench.routing.world import World
from understudy.domain.routing.pool.step import Failure, Shot, Step


@dataclass
class Flight:
    """One request on its way: `due` is what comes of each shot that is out, and when."""

    request: Request
    policy: Policy
    turn: Turn
    due: dict[int, tuple[float, Shot, Reply]] = field(default_factory=dict)
    shots: list[Shot] = field(default_factory=list)
    wake_at: float = math.inf
    next_at: float = math.inf
    ended_at: float | None = None
    answered: bool = False


@dataclass
class Tally:
    """What a run came to: seconds to the first clause of each turn, and what was fired."""

    taken_s: list[float] = field(default_factory=list)
    fired: int = 0
    refused: int = 0
    probes: int = 0
    unanswered: int = 0


class Engine:
    """One run of one policy through one world."""

    def __init__(self, world: World, factory: Factory, seed: int = 0) -> None:
        self.world = world
        self.providers = Providers(world)
        self.policies = factory(self.providers, seed)
        self.tally = Tally()
        self.on_end: Callable[[Flight], None] | None = None
        self._heap: list[tuple[float, int, Flight]] = []
        self._pushed = 0

    def run(self, arrivals: Iterable[Request] | None = None) -> Tally:
        """All requests of the world, or `arrivals`, to their ends."""
        for request in arrivals if arrivals is not None else requests(self.world):
            while self._heap and self._heap[0][0] <= request.at:
                self._happen()
            policy = self.policies[request.call % len(self.policies)]
            flight = Flight(request, policy, policy.turn(request, request.at))
            self._do(flight, flight.turn.start(request.at), request.at)
        while self._heap:
            self._happen()
        self.tally.probes = sum(policy.probes for policy in self.policies)
        return self.tally

    def _happen(self) -> None:
        now, _, flight = heapq.heappop(self._heap)
        if now != flight.next_at:
            return
        first = min(flight.due.values(), key=_when, default=None)
        if first is None or first[0] > now:
            self._do(flight, flight.turn.tick(now), now)
            return
        _, shot, reply = first
        del flight.due[shot.id]
        if reply.answers:
            self._answer(flight, shot, now)
        else:
            self._fail(flight, shot, reply, now)

    def _answer(self, flight: Flight, shot: Shot, now: float) -> None:
        self.providers.answered(shot.target, flight.request.call)
        self._headers(flight, shot, now)
        step = flight.turn.clause(shot.id, now)
        if flight.ended_at is None:
            flight.answered = True
            self._end(flight, now)
        # Whatever the turn does not cancel goes on, and it is told what comes of it.
        self._do(flight, step, now)

    def _fail(self, flight: Flight, shot: Shot, reply: Reply, now: float) -> None:
        self._headers(flight, shot, now)
        failure = Failure.SERVER if reply.retry_after_s is None else Failure.RATE_LIMITED
        self._do(flight, flight.turn.failed(shot.id, failure, now, reply.retry_after_s), now)

    def _headers(self, flight: Flight, shot: Shot, now: float) -> None:
        if self.world.limited and (headers := self.providers.headers(shot.target, now)):
            flight.policy.headers(shot.target, headers, now)

    def _do(self, flight: Flight, step: Step, now: float) -> None:
        for shot_id in step.cancel:
            flight.due.pop(shot_id, None)
        for shot in step.fire:
            self._fire(flight, shot, now)
        flight.wake_at = math.inf if step.wake_at is None else max(step.wake_at, now)
        flight.next_at = min((each[0] for each in flight.due.values()), default=math.inf)
        flight.next_at = min(flight.next_at, flight.wake_at)
        if step.over or flight.next_at == math.inf:
            flight.next_at = math.inf
            if flight.ended_at is None:
                self._end(flight, now)
            return
        self._pushed += 1
        heapq.heappush(self._heap, (flight.next_at, self._pushed, flight))

    def _fire(self, flight: Flight, shot: Shot, now: float) -> None:
        nth = sum(1 for each in flight.shots if each.target == shot.target)
        reply = self.providers.fire(shot.target, flight.request, now, nth)
        flight.shots.append(shot)
        self.tally.fired += 1
        flight.due[shot.id] = (now + reply.after_s, shot, reply)
        self.tally.refused += reply.retry_after_s is not None

    def _end(self, flight: Flight, now: float) -> None:
        flight.ended_at = now
        taken = now - flight.request.at
        # An agent that gets nothing has nothing to say: worth as much as the longest hang.
        self.tally.taken_s.append(taken if flight.answered else max(taken, self.world.hang_s))
        self.tally.unanswered += not flight.answered
        if self.on_end is not None:
            self.on_end(flight)


def _when(due: tuple[float, Shot, Reply]) -> float:
    return due[0]
