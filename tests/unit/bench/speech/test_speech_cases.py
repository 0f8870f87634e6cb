"""Which failures the speech benchmark plays."""

import itertools

from tests.bench.speech import cases
from tests.bench.speech.cases import NONE, Case

EARS = {"transcriber": ["deepgram", "google", "gladia"], "voice": []}
BOTH = {"transcriber": ["deepgram", "google"], "voice": ["cartesia", "openai"]}


def test_every_kind_meets_every_ordered_pair_before_one_comes_again() -> None:
    """One round of kinds and pairs, and a healthy call of each provider."""
    number = len(cases.TRANSCRIBER_KINDS) * 6
    plan = cases.plan(number, ["transcriber"], EARS)
    failing = {(case.kind, case.primary, case.fallback) for case in plan if case.kind != NONE}
    pairs = itertools.permutations(EARS["transcriber"], 2)
    assert failing == {(kind, *pair) for kind, pair in itertools.product(cases.TRANSCRIBER_KINDS, pairs)}
    assert sorted(case.primary for case in plan if case.kind == NONE) == sorted(EARS["transcriber"])


def test_a_case_is_the_same_whenever_it_is_played() -> None:
    """Plan, faults, text: all from the seed, so that `--case` plays what failed."""
    once, again = (cases.plan(50, ["transcriber", "voice"], BOTH) for _ in range(2))
    assert once == again
    assert [case.faults() for case in once] == [case.faults() for case in again]
    assert [case.number for case in once] == list(range(len(once)))


def test_a_primary_that_does_not_recover_refuses_from_then_on() -> None:
    """One failure, then refusals; or the failure alone."""
    both = {case.recovers: case.faults() for case in cases.plan(40, ["transcriber"], EARS) if case.kind == "drop"}
    assert [fault["kind"] for fault in both[False]] == ["drop", "status"]
    assert [fault["kind"] for fault in both[True]] == ["drop"]
    assert Case(0, "transcriber", NONE, "deepgram", "deepgram").faults() == []
