"""What `status` shows, as data: one assistant, its rollout, and what each of its proxies says."""

from pydantic import BaseModel, ConfigDict

from understudy.api.rollout import DEFAULT_SLOS, RolloutSpec, Slo
from understudy.api.status import VoiceAssistantStatus
from understudy.domain.rollout.waiting import Case
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


class Agents(BaseModel):
    """The agent pods behind one Service.

    Attributes:
        ready: that take calls.
        wanted: that its Deployment asks for; None: we may not look.
    """

    model_config = ConfigDict(frozen=True)

    ready: int = 0
    wanted: int | None = None


class Made(BaseModel):
    """When a revision was made.

    Attributes:
        number: counts the assistant's revisions.
        at: seconds since the epoch.
    """

    model_config = ConfigDict(frozen=True)

    number: int
    at: float


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
        at: when this was seen, seconds since the epoch.
        status: all that the operator says.
        policy: how changes reach callers.
        slos: what they are judged by.
        agents: agent pods by the name of their Service.
        made: when each stored revision was made, by its name; empty: we may not look.
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
    at: float = 0.0
    status: VoiceAssistantStatus = VoiceAssistantStatus()
    policy: RolloutSpec = RolloutSpec()
    slos: tuple[Slo, ...] = DEFAULT_SLOS
    agents: dict[str, Agents] = {}
    made: dict[str, Made] = {}

    @property
    def case(self) -> Case:
        """Its rollout, for what explains it."""
        return Case(self.name, self.status, self.policy, self.at)

    def live_calls(self, revision: str) -> int | None:
        """Calls in progress on `revision` over all proxies; None: no proxy told."""
        told = [answer.pools.live_calls for answer in self.proxies if answer.pools]
        known = [each for each in told if each is not None]
        return sum(each.get(revision, 0) for each in known) if known else None
