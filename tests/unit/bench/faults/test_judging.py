"""How a turn at the wall of faults is judged."""

import pytest

from tests.bench.faults_kinds import KINDS
from tests.bench.faults_stage import deployment, pool
from tests.bench.faults_tally import Tally, table
from tests.bench.faults_text import ANSWER_WORDS, Outcome, answer, has_clause, judge

WHOLE = answer(ANSWER_WORDS)
WORDS = WHOLE.split()
SENTENCE = " ".join(WORDS[:9])


def test_the_answer_has_no_word_twice_and_clauses_to_wait_for() -> None:
    """So that a repeated word is the system's doing; the first clause ends with the third word."""
    assert len({word.strip(".,").lower() for word in WORDS}) == ANSWER_WORDS
    assert not has_clause(" ".join(WORDS[:2]))
    assert has_clause(" ".join(WORDS[:3]))
    assert WHOLE.endswith(".")
    assert WHOLE.startswith(answer(ANSWER_WORDS - 1)[:-1])


@pytest.mark.parametrize(
    ("outcome", "answered", "seam", "duplicates"),
    [
        (Outcome(WHOLE, "stop", 0.5), True, False, 0),
        (Outcome(WHOLE, "", 0.5), False, False, 0),
        (Outcome(WHOLE, "stop", 0.5, "APIError"), False, False, 0),
        (Outcome("", "", None, "silence"), False, False, 0),
        (Outcome(SENTENCE, "stop", 0.5), False, False, 0),
        (Outcome(f"{SENTENCE} ", "stop", 0.5), False, False, 0),
        (Outcome(" ".join(WORDS[:12]), "stop", 0.5), False, True, 0),
        (Outcome(" ".join(WORDS[:12]) + " ".join(WORDS[12:]), "stop", 0.5), False, True, 0),
        (Outcome(" ".join(WORDS[:12] + WORDS[10:]), "stop", 0.5), False, True, 2),
        (Outcome(" ".join(WORDS[:12] + WORDS[13:]), "stop", 0.5), False, True, 0),
        (Outcome(f"{WHOLE} {WHOLE}", "stop", 0.5), False, True, ANSWER_WORDS),
    ],
    ids=[
        "whole", "no-end", "error-after-it", "nothing", "ends-with-a-sentence", "and-a-space", "unfinished",
        "glued-without-a-space", "words-repeated", "word-missing", "said-twice",
    ],
)  # fmt: skip
def test_only_the_whole_answer_once_is_one(outcome: Outcome, *, answered: bool, seam: bool, duplicates: int) -> None:
    """A sentence left unfinished or glued wrongly is a seam; what ends with a sentence is only not answered."""
    verdict = judge(outcome, WHOLE, 1.2)
    assert (verdict.answered, verdict.seam, verdict.duplicates) == (answered, seam, duplicates)


@pytest.mark.parametrize(("clause_s", "within"), [(None, False), (1.2, True), (1.21, False)])
def test_the_budget_is_for_the_first_clause(clause_s: float | None, *, within: bool) -> None:
    """A turn that broke later was in time all the same."""
    assert judge(Outcome(SENTENCE, "", clause_s, "cut"), WHOLE, 1.2).within_budget is within


def test_turns_are_counted_as_the_result_names_them() -> None:
    """Errors by their beginning, clauses of the turns that had one."""
    tally = Tally()
    for outcome in (Outcome(WHOLE, "stop", 0.4), Outcome(SENTENCE, "", 1.5, "x" * 500), Outcome(error="x" * 500)):
        tally.add(judge(outcome, WHOLE, 1.2), outcome)
    assert tally.to_json() == {"turns": 3, "answered": 1, "within_budget": 1, "seams": 0, "duplicates": 0}
    assert tally.clauses() == {"p50": 400, "max": 1500}
    assert list(tally.errors.values()) == [2]
    assert Tally().clauses() == {"p50": None, "max": None}


def test_the_table_has_a_row_for_each_fault_and_a_column_for_each_system() -> None:
    """Seams and repeated words only where there are any."""
    good = {"turns": 4, "answered": 4, "within_budget": 3, "seams": 0, "duplicates": 0}
    bad = {"turns": 4, "answered": 1, "within_budget": 4, "seams": 3, "duplicates": 2}
    lines = table({"ours": {"hang": good}, "theirs": {"hang": bad}}).splitlines()
    assert lines[0] == "| fault | ours | theirs |"
    assert lines[2] == "| `hang` | 4/4, 3 in time | 1/4, 4 in time, 3 with a seam, 2 words twice |"


def test_the_wall_has_every_fault_of_the_issue() -> None:
    """Their names are the keys of the result."""
    assert set(KINDS) == {
        "hang", "headers_then_hang", "keep_alive_only", "role_only_then_hang", "stall", "cut", "malformed_chunk",
        "slow_reader", "rate_limited", "server_errors", "tls", "dns", "connection_reset",
    }  # fmt: skip


def test_deployments_of_different_pools_and_systems_have_different_names() -> None:
    """Nothing that one learns or breaks touches another; a pool's name can be an assistant's."""
    names = {deployment(s, f, a, n) for s in ("x", "y") for f in KINDS for a in (1, 3) for n in range(4)}
    assert len(names) == 2 * len(KINDS) * 2 * 4
    assert pool("connection_reset", 1) == "connection-reset-1"
