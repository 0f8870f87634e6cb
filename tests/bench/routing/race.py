"""`race`: every request to all deployments, the first answer wins. It decides nothing, so it needs no events."""

from tests.bench.routing.engine import Tally
from tests.bench.routing.providers import Providers
from tests.bench.routing.requests import requests
from tests.bench.routing.world import World

MOST_FIRED = 1_500_000
"""Requests that are drawn at most; of longer races every n-th turn is run, since none depends on another."""


def race(world: World) -> Tally:
    """All of it, or every n-th turn; limits and caches included."""
    providers, tally = Providers(world), Tally()
    every = len(world.deployments)
    step = 1 if world.limited else max(1, round(world.rate_per_s * world.duration_s * every / MOST_FIRED))
    for request in requests(world):
        if request.id % step:
            continue
        replies = [(index, providers.fire(index, request, request.at, 0)) for index in range(every)]
        answers = [(reply.after_s, index) for index, reply in replies if reply.answers]
        tally.fired += every
        tally.refused += sum(reply.retry_after_s is not None for _, reply in replies)
        tally.unanswered += not answers
        best, winner = min(answers, default=(world.hang_s, -1))
        tally.taken_s.append(best)
        providers.answered(winner, request.call)
    return tally
