"""The sharing that a proxy's settings ask for."""

from understudy.adapters.store.log import RedisLog
from understudy.apps.proxy.pools import Pools
from understudy.apps.proxy.settings import Settings
from understudy.apps.proxy.sharing import Sharing
from understudy.base.clock import Clock


def sharing_for(settings: Settings, pools: Pools, clock: Clock, replica: str) -> Sharing:
    """Through the store that is configured; through none where none is.

    Replicas share with those that serve assistants of the same namespaces: accounts belong to a namespace.
    """
    store = RedisLog(settings.shared_state_url, stream(settings)) if settings.shared_state_url else None
    return Sharing(store, pools.knowledge, pools.settings_for, clock, replica=replica)


def stream(settings: Settings) -> str:
    """Key of the stream, such as `understudy:samples:shop`."""
    namespaces = "+".join(sorted({namespace for namespace, _ in settings.assistants}))
    return f"{settings.shared_state_prefix}:samples:{namespaces}"
