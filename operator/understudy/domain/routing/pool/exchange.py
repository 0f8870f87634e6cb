"""Samples on their way between replicas: a batch as JSON.

Ages travel instead of times, so that no two machines' clocks have to agree: whoever keeps the batch says how old it
is, and each sample was so much older.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from understudy.base.errors import InvalidInput
from understudy.domain.routing.pool.step import Failure, Sample

MOST_SAMPLES = 256
"""In a batch: a quarter of a second of a thousand requests a second; some 20 kB."""

LONGEST_KEY = 512
"""Characters of a deployment's key: four Kubernetes names and words, and room."""

LONGEST_S = 600.0
"""No answer is waited for as long; what is said to have taken longer is a mistake."""

OLDEST_S = 3600.0
"""Within a batch: a replica that was cut off forgets earlier samples itself."""

UNSHARED = frozenset({Failure.AUTH, Failure.REQUEST})
"""What other replicas are not told: a refused key may be refreshed there already, a refused request is the agent's."""

_Row = tuple[
    Annotated[str, Field(min_length=1, max_length=LONGEST_KEY)],  # key
    Annotated[FiniteFloat, Field(ge=0, le=OLDEST_S)],  # age
    Annotated[FiniteFloat, Field(ge=0, le=LONGEST_S)] | None,  # seconds
    bool,  # censored
    Annotated[int, Field(ge=0, le=10**9)],  # cold tokens
    Failure | None,
    Annotated[FiniteFloat, Field(ge=0, le=OLDEST_S)] | None,  # retry after
]


class Batch(BaseModel):
    """What one replica learned within a moment.

    Attributes:
        version: of this format.
        replica: who says so.
        rows: samples in the order in which they were known: key, age in seconds when the batch left, then as in
            `Sample`.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    version: Literal[1] = 1
    replica: Annotated[str, Field(min_length=1, max_length=128)]
    rows: Annotated[tuple[_Row, ...], Field(max_length=MOST_SAMPLES)]

    def samples(self, now: float) -> list[Sample]:
        """The samples; `now` is when the batch left, on the clock of the answer, seconds."""
        return [
            Sample(key, now - age, seconds, censored, cold, failure, retry)
            for key, age, seconds, censored, cold, failure, retry in self.rows
        ]


def shareable(sample: Sample) -> bool:
    """Whether other replicas can learn from it."""
    return sample.failure not in UNSHARED and len(sample.key) <= LONGEST_KEY


def pack(replica: str, samples: list[Sample], now: float) -> bytes:
    """A batch of at most `MOST_SAMPLES` shareable samples; `now` on their clock."""
    rows = tuple(
        (
            each.key,
            min(OLDEST_S, max(0.0, now - each.at)),
            None if each.seconds is None else min(LONGEST_S, max(0.0, each.seconds)),
            each.censored,
            each.cold_tokens,
            each.failure,
            None if each.retry_after_s is None else min(OLDEST_S, max(0.0, each.retry_after_s)),
        )
        for each in samples
    )
    return Batch(replica=replica, rows=rows).model_dump_json().encode()


def unpack(body: bytes) -> Batch:
    """The batch in `body`.

    Raises:
        InvalidInput: it is none, or of another version.
    """
    try:
        return Batch.model_validate_json(body)
    except ValidationError as error:
        raise InvalidInput("batch", f"{error.error_count()} values are not as they should be") from error
