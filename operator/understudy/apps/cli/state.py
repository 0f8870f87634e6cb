"""What `status` shows, as data: one assistant, its rollout, and what each of its proxies says."""

from pydantic import BaseModel, ConfigDict

from understudy.domain.routing.pool.view import PoolsView


class Answer(BaseModel):
    """What one proxy pod said.

    Attributes:
        pod: its name.
        pools: its answer; None: there was none.
        error: why not.
    """

    model_config = ConfigDict(frozen=True)

    pod: str
    pools: PoolsView | None = None
    error: str = ""


class State(BaseModel):
    """One assistant at one moment.

    Attributes:
        namespace: where it is.
        name: what it is called.
        phase: of its rollout.
        step: step under way of how many.
        stable: name of the revision that serves; empty before the first.
        canary: name of the revision on trial; empty without one.
        weight: percent of new calls that go to the canary.
        verdict: what is known about the canary; empty without one.
        message: why it is not Ready; empty when it is.
        proxies: answers of the ready proxies, by name.
        starting: proxies that are not ready.
    """

    model_config = ConfigDict(frozen=True)

    namespace: str
    name: str
    phase: str = ""
    step: str = ""
    stable: str = ""
    canary: str = ""
    weight: int = 0
    verdict: str = ""
    message: str = ""
    proxies: tuple[Answer, ...] = ()
    starting: int = 0
