"""A small assistant's snapshot and owner, for the tables."""

from typing import Any

from understudy.domain import naming
from understudy.domain.desired.owner import Owner
from understudy.domain.desired.plan import Wanted
from understudy.domain.desired.revisions import StoredRevision
from understudy.domain.revision.snapshot import Account, Agent, Model, ModelTarget, Snapshot, Transcriber, Voice

OWNER = Owner("shop", "front-desk", "uid-1")


def snapshot(*, model: str = "good", agent_image: str = "agent:1", key: str = "openai", **more: Any) -> Snapshot:
    return Snapshot(
        accounts={"openai": Account(name="openai", provider="openai", base_url="https://api", secret=key)},
        model=Model(targets=(ModelTarget(name="a", account="openai", model=model),), system_prompt="Be kind."),
        transcribers=(Transcriber(account="openai", provider="deepgram"),),
        voices=(Voice(account="openai", provider="openai", voice_id="shimmer"),),
        agent=Agent(image=agent_image),
        **more,
    )


def stored(content: Snapshot, number: int = 1) -> StoredRevision:
    return StoredRevision(naming.revision(OWNER.name, content.digest()), number, content)


def wanted(*revisions: StoredRevision, **more: Any) -> Wanted:
    values = {"in_play": revisions, "history": revisions, "proxy_image": "understudy:1", **more}
    return Wanted(owner=OWNER, **values)
