"""A world as a sequence of states: between two changes, every deployment's distribution stands still."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tests.bench.routing.draws import ERROR_AFTER
from tests.bench.routing.world import World

LEAST_SIGMA = 1e-3
"""A spread of zero would divide by it."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class States:
    """What each deployment is like in each state; arrays of states by deployments.

    Attributes:
        starts: seconds at which each state begins.
        weight: share of the requests that arrive in each.
        hang_s: longest hang.
    """

    starts: list[float]
    weight: Floats
    median: Floats
    sigma: Floats
    hang: Floats
    error: Floats
    hang_s: float

    def only(self, rows: NDArray[np.intp]) -> "States":
        """These states only, weighted as if they were all."""
        weight = self.weight[rows] / self.weight[rows].sum()
        parts = (self.median[rows], self.sigma[rows], self.hang[rows], self.error[rows])
        return States([self.starts[row] for row in rows], weight, *parts, self.hang_s)

    def pick(self, chosen: NDArray[np.intp]) -> "States":
        """The chosen deployments of each state; `chosen` is states by how many."""
        parts = (np.take_along_axis(each, chosen, 1) for each in (self.median, self.sigma, self.hang, self.error))
        return States(self.starts, self.weight, *parts, self.hang_s)

    def distinct(self) -> tuple["States", NDArray[np.intp]]:
        """Each state once, with the weight of all that are like it; and where each state of ours went."""
        table = np.concatenate([self.median, self.sigma, self.hang, self.error], axis=1)
        _, first, where = np.unique(table, axis=0, return_index=True, return_inverse=True)
        where = where.reshape(-1)
        once = self.only(first)
        weight = np.bincount(where, weights=self.weight, minlength=len(first))
        return replace(once, weight=weight), where

    def deployments(self, row: int, scale: float) -> "States":
        """One state with a row for each deployment, all medians times `scale`."""
        parts = [each[row][:, None] for each in (self.median * scale, self.sigma, self.hang, self.error)]
        return States([], np.ones(len(parts[0])), *parts, self.hang_s)

    def answered(self, seconds: Floats | float) -> Floats:
        """Probability that a request has answered `seconds` after it was fired; shapes broadcast."""
        time = np.maximum(seconds, 1e-9)
        own = normal(np.log(time / self.median) / self.sigma)
        return own * (1.0 - self.hang - self.error + self.hang * np.minimum(1.0, time / self.hang_s))

    @property
    def fails_after(self) -> Floats:
        """Seconds after which a request that fails says so."""
        return ERROR_AFTER * self.median


def states(world: World) -> States:
    """All states between the first request and the last."""
    changes = {start for each in world.deployments for start in each.starts if 0 < start < world.duration_s}
    starts = [0.0, *sorted(changes)]
    lengths = np.diff([*starts, world.duration_s])
    columns = []
    for each in world.deployments:
        values = np.array(
            [(part.median_s, max(part.sigma, LEAST_SIGMA), part.hang, part.error) for part in each.segments]
        )
        columns.append(values[np.maximum(0, np.searchsorted(each.starts, starts, side="right") - 1)])
    parts = np.moveaxis(np.array(columns), (0, 1, 2), (2, 1, 0))
    return States(starts, lengths / lengths.sum(), *parts, world.hang_s)


def normal(z: Floats) -> Floats:
    """The standard normal distribution function, to 1e-7 (Abramowitz and Stegun, 7.1.26)."""
    x = np.abs(z) / np.sqrt(2.0)
    t = 1.0 / (1.0 + 0.3275911 * x)
    series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    tail = 0.5 * series * np.exp(-x * x)
    return np.where(z > 0, 1.0 - tail, tail)
