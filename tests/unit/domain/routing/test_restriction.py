"""Under HIPAA or PCI a proxy leaves out transcribers that may not take over, of whatever revision (T4)."""

import pytest

from understudy.domain.revision.snapshot import Agent, Model, Snapshot, Transcriber
from understudy.domain.routing.restriction import Restricted

FIT = ("deepgram", "azure")


def snapshot(*providers: str) -> Snapshot:
    chain = tuple(Transcriber(account=name, provider=name) for name in providers)
    model = Model(targets=(), system_prompt="")
    return Snapshot(accounts={}, model=model, transcribers=chain, voices=(), agent=Agent(image="i"))


@pytest.mark.parametrize(
    ("chain", "kept"),
    [
        (("deepgram", "gladia", "azure"), ("deepgram", "azure")),
        (("gladia", "google", "azure", "deepgram"), ("gladia", "azure", "deepgram")),
        (("gladia",), ("gladia",)),
        ((), ()),
    ],
)
def test_only_those_that_fit_take_over(chain: tuple[str, ...], kept: tuple[str, ...]) -> None:
    """The first is the user's own choice."""
    found = Restricted()(snapshot(*chain), FIT)
    assert tuple(each.provider for each in found.transcribers) == kept


def test_without_a_restriction_the_revision_is_as_it_is() -> None:
    whole = snapshot("deepgram", "gladia")
    assert Restricted()(whole, None) is whole


def test_it_follows_the_document_and_the_revision() -> None:
    """A call may be rescued, and the restriction may come and go while it lasts."""
    restricted, one, two = Restricted(), snapshot("deepgram", "gladia"), snapshot("deepgram", "google", "azure")
    first = restricted(one, FIT)
    assert restricted(one, FIT) is first
    assert [each.provider for each in restricted(two, FIT).transcribers] == ["deepgram", "azure"]
    assert [each.provider for each in restricted(two, ("google",)).transcribers] == ["deepgram", "google"]
    assert restricted(two, None) is two
