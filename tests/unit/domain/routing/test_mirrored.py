"""Which calls are mirrored."""

import pytest

from understudy.domain.routing.arm import choose_arm, effective_shadow, is_mirrored
from understudy.domain.routing.document import Arm, RevisionRef, RoutingDocument

STABLE, CANARY, NEXT = (
    RevisionRef(name=name, object_name=f"desk-{name}", agent_service="agents") for name in ("aaaa", "bbbb", "cccc")
)
CALLS = [f"CA{number}" for number in range(4000)]
NOW = 100.0


def document(**changes: object) -> RoutingDocument:
    base = {"namespace": "ns", "assistant": "desk", "generation": 3, "stable": STABLE, "canary": CANARY}
    return RoutingDocument.model_validate({**base, "shadow_percent": 25, "lease_expires_at": NOW + 1, **changes})


CASES: dict[str, tuple[dict[str, object], int]] = {
    "under a lease": ({}, 25),
    "lease over": ({"lease_expires_at": NOW}, 0),
    "no canary": ({"canary": None}, 0),
    "no stable": ({"stable": None}, 0),
    "rolled back": ({"rejected": (CANARY.name,)}, 0),
    "no such step": ({"shadow_percent": 0}, 0),
}


@pytest.mark.parametrize("case", CASES)
def test_percent(case: str) -> None:
    changes, percent = CASES[case]
    assert effective_shadow(document(**changes), NOW) == percent
    assert any(is_mirrored(document(**changes), call, NOW) for call in CALLS) == (percent > 0)


def test_as_many_as_were_asked_for() -> None:
    count = sum(is_mirrored(document(), call, NOW) for call in CALLS)
    assert count == pytest.approx(1000, abs=100)


def test_the_same_on_every_proxy_and_others_for_the_next_canary() -> None:
    first = [is_mirrored(document(), call, NOW) for call in CALLS]
    assert first == [is_mirrored(document(generation=9), call, NOW) for call in CALLS]
    assert first != [is_mirrored(document(canary=NEXT), call, NOW) for call in CALLS]


def test_who_is_mirrored_says_nothing_about_who_meets_the_canary() -> None:
    at_half = document(canary_weight=50, shadow_percent=50)
    of_canary = [call for call in CALLS if choose_arm(at_half, call, NOW) == (Arm.CANARY, CANARY)]
    share = sum(is_mirrored(at_half, call, NOW) for call in of_canary) / len(of_canary)
    assert share == pytest.approx(0.5, abs=0.06)
