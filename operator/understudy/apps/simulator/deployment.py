"""A simulated account at run time: its settings, its request counter, what happened to its requests."""

import asyncio
import random
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from understudy.apps.simulator import chance
from understudy.apps.simulator.model.cache import PromptCache
from understudy.apps.simulator.model.limits import Meter
from understudy.apps.simulator.script import DeploymentSettings, Fault, FaultKind, Script, merged
from understudy.apps.simulator.watch import Blind, Watch
from understudy.base.clock import Clock, SystemClock

CONNECTION_FAULTS = frozenset({FaultKind.HANG, FaultKind.STATUS, FaultKind.REFUSE, FaultKind.RESET, FaultKind.DROP})
"""What happens to a WebSocket as a whole; the other faults strike the single utterance on it."""

MAX_ASKED = 200
"""Requests of transcribers and voices kept: a test looks at the last, a bench at its latest calls."""

MAX_DIALOGUES = 50
"""Dialogues kept for each deployment: enough to find a call that has just ended."""

UTTERANCE_FAULTS = frozenset(FaultKind) - CONNECTION_FAULTS


@dataclass(frozen=True)
class Exchange:
    """One request: its index in the deployment, its chance, and the fault that strikes it.

    Attributes:
        elapsed_s: seconds since the settings began.
        watch: whoever looks on.
    """

    index: int
    draw: random.Random
    settings: DeploymentSettings
    fault: Fault | None
    elapsed_s: float = 0.0
    watch: Watch = field(default_factory=Blind)

    def has(self, *kinds: FaultKind) -> bool:
        """Whether the fault is one of these kinds."""
        return self.fault is not None and self.fault.kind in kinds

    def strikes(self, kind: FaultKind, sent: int) -> bool:
        """Whether a fault of that kind strikes after `sent` tokens or chunks."""
        return self.fault is not None and self.fault.kind is kind and self.fault.at == sent


@dataclass
class Stats:
    """Counts since the start."""

    requests: int = 0
    """Chat completions, utterances, transcriber streams."""
    connections: int = 0
    """WebSockets of the voice; each carries many requests."""
    completed: int = 0
    aborted: int = 0
    """The client went away before the answer was complete."""
    unauthorized: int = 0
    limited: int = 0
    """Answered with 429 because of the limits."""
    cached: int = 0
    """Model requests whose prompt was partly cached."""
    live: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    models: Counter[str] = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """As `/control/stats` shows it."""
        return vars(self) | {"faults": dict(self.faults), "models": dict(self.models)}


class Deployment:
    """One account. Requests are numbered in the order they arrive."""

    def __init__(self, name: str, seed: int, settings: DeploymentSettings, clock: Clock | None = None) -> None:
        self.name = name
        self.settings = settings
        self.stats = Stats()
        self.watch: Watch = Blind()
        self.cache = PromptCache()
        self._clock = clock or SystemClock()
        self._began = self._clock.monotonic()
        self.meter = Meter(settings.limits, self._began)
        self._tokens: dict[str, float] = {}
        """Entra tokens given out, with the monotonic time at which each expires."""
        self.dialogues: deque[list[Any]] = deque(maxlen=MAX_DIALOGUES)
        """What the model was told and what it answered, newest last: as a provider's own log would have it."""
        self.asked: deque[dict[str, Any]] = deque(maxlen=MAX_ASKED)
        """What transcribers and voices were asked for: their parameters as they came, without keys, newest last."""
        self._scripted = settings
        self._seed = seed
        self._struck: Counter[int] = Counter()
        """How often each fault struck, by its identity."""

    def change(self, change: Any) -> None:
        """Lay `change` over the settings; None goes back to the script. Faults start counting anew.

        Raises:
            InvalidInput: the change is not one.
        """
        before = self.settings
        self.settings = self._scripted if change is None else merged(before, change)
        self._struck.clear()
        self._began = self._clock.monotonic()
        if self.settings.limits != before.limits:
            self.meter = Meter(self.settings.limits, self._began)

    def accepts(self, key: str | None) -> bool:
        """Whether a request with this API key or token is let in; counts those that are not."""
        anybody = not self.settings.api_keys and not self.settings.entra
        accepted = anybody or key in self.settings.api_keys or self._known(key)
        self.stats.unauthorized += not accepted
        return accepted

    def give_token(self, token: str) -> None:
        """Accept this Entra token until it expires."""
        lives_s = self.settings.entra.expires_s if self.settings.entra else 0
        self._tokens[token] = self._clock.monotonic() + lives_s

    def _known(self, token: str | None) -> bool:
        return token is not None and self._clock.monotonic() < self._tokens.get(token, 0.0)

    def admit(self, tokens: int) -> tuple[bool, float]:
        """Whether the limits let a model request of so many tokens in now, and the seconds to wait where not."""
        wait_s = self.meter.spend(tokens, self._clock.monotonic())
        self.stats.limited += wait_s > 0
        return wait_s <= 0, wait_s

    @contextmanager
    def exchange(self, model: str | None, kinds: frozenset[FaultKind] = frozenset(FaultKind)) -> Iterator[Exchange]:
        """Count one request from here to its end; only faults of these kinds can strike it."""
        index = self.stats.requests
        self.stats.requests += 1
        self.stats.live += 1
        if model is not None:
            self.stats.models[model] += 1
        try:
            yield self._begin(index, model, kinds)
        except (asyncio.CancelledError, ConnectionError):
            self.stats.aborted += 1
            raise
        else:
            self.stats.completed += 1
        finally:
            self.stats.live -= 1

    def connection(self, kinds: frozenset[FaultKind] = CONNECTION_FAULTS) -> Exchange:
        """Count one WebSocket that will carry many requests; only faults of these kinds can strike it."""
        index = self.stats.connections
        self.stats.connections += 1
        return self._begin(index, None, kinds)

    def _begin(self, index: int, model: str | None, kinds: frozenset[FaultKind]) -> Exchange:
        draw = chance.stream(self._seed, self.name, index)
        faults = [fault for fault in self.settings.faults if fault.kind in kinds]
        struck = [self._struck[id(fault)] for fault in faults]
        elapsed_s = self._clock.monotonic() - self._began
        position = chance.choose(faults, struck, chance.Moment(index, model, elapsed_s), draw)
        fault = faults[position] if position >= 0 else None
        if fault is not None:
            self._struck[id(fault)] += 1
            self.stats.faults[fault.kind.value] += 1
        return Exchange(index, draw, self.settings, fault, elapsed_s, self.watch)


class Deployments:
    """All accounts of a script."""

    def __init__(self, script: Script, clock: Clock | None = None) -> None:
        self._seed = script.seed
        self._clock = clock or SystemClock()
        self._open = not script.deployments
        self._by_name = {
            name: Deployment(name, script.seed, settings, self._clock) for name, settings in script.deployments.items()
        }

    def find(self, name: str) -> Deployment | None:
        """The deployment of that name; one is made up when the script lists none at all."""
        if name not in self._by_name and self._open:
            return self.create(name)
        return self._by_name.get(name)

    def create(self, name: str) -> Deployment:
        """The deployment of that name, with the default settings where it is new."""
        if name not in self._by_name:
            self._by_name[name] = Deployment(name, self._seed, DeploymentSettings(), self._clock)
        return self._by_name[name]

    def stats(self) -> dict[str, Any]:
        """Counts by deployment."""
        return {name: deployment.stats.to_json() for name, deployment in sorted(self._by_name.items())}
