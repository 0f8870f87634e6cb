"""Golden calls as users write them: what is read, and what is refused with the field's name."""

import pytest

from understudy.base.errors import InvalidInput
from understudy.domain.calls.golden import MAX_CALLS, GoldenCall, parse_calls

CALL = """
greeting: {contains: [good evening]}
turns:
  - say: I want to book a table.
    expect: {notContains: [sorry], matches: "for how many|how many", tools: [], within: 1500ms}
  - say: Four people.
tools:
  book_table: {booked: true, at: [19, 30]}
"""


def test_a_whole_call() -> None:
    """Fields are camelCase, the name is the key's, and what is not expected is nothing."""
    call = GoldenCall.parse("booking", CALL)
    assert call.name == "booking"
    assert call.greeting.contains == ("good evening",)
    first, second = call.turns
    assert (first.expect.not_contains, first.expect.tools, first.expect.within) == (("sorry",), (), "1500ms")
    assert (second.say, second.expect.tools) == ("Four people.", None)
    assert call.tools == {"book_table": {"booked": True, "at": [19, 30]}}


@pytest.mark.parametrize(
    ("text", "field", "says"),
    [
        ("turns: []", "booking.turns", "at least 1"),
        ("turns: [{say: ''}]", "booking.turns.0.say", "at least 1"),
        ("turns: [{say: hi, expects: {}}]", "booking.turns.0.expects", "not permitted"),
        ("turns: [{say: hi, expect: {contain: [x]}}]", "booking.turns.0.expect.contain", "not permitted"),
        ("turns: [{say: hi, expect: {within: 1500}}]", "booking.turns.0.expect.within", "valid string"),
        ("turns: [{say: hi, expect: {within: soon}}]", "booking.turns.0.expect.within", "not a duration"),
        ("turns: [{say: hi, expect: {matches: '('}}]", "booking.turns.0.expect.matches", "no regular expression"),
        ("turns: [{say: hi}]\ntools: {book: 2024-01-01}", "booking.tools", "not JSON"),
        ("turns: [{say: hi}]\ntools: {book: .nan}", "booking.tools", "not JSON"),
        ("turns: [{say: hi", "booking", "no YAML"),
        ("- say: hi", "booking", "valid dictionary"),
        ("a: &a [x, x]\nturns: [*a, *a]", "booking", "alias"),
        ("[" * 5000, "booking", "no YAML"),
    ],
)
def test_what_is_refused(text: str, field: str, says: str) -> None:
    """Each names the field and says what is wrong with it."""
    with pytest.raises(InvalidInput) as refused:
        GoldenCall.parse("booking", text)
    assert refused.value.field == field
    assert says in str(refused.value)


def test_calls_are_read_in_the_order_of_their_keys() -> None:
    calls = parse_calls({"b": "turns: [{say: hi}]", "a": "turns: [{say: ho}]"})
    assert [call.name for call in calls] == ["a", "b"]


@pytest.mark.parametrize("count", [0, MAX_CALLS + 1])
def test_no_calls_and_too_many_are_refused(count: int) -> None:
    with pytest.raises(InvalidInput, match=f"{count} golden calls"):
        parse_calls({f"c{number}": "turns: [{say: hi}]" for number in range(count)})


def test_an_older_proxy_reads_a_newer_operators_calls() -> None:
    """A field that it does not know must not make it refuse the whole routing document, rollbacks included."""
    document = GoldenCall.parse("booking", CALL).model_dump(mode="json", by_alias=True, exclude_none=True)
    document["turns"][0]["expect"]["sentiment"] = "glad"
    assert GoldenCall.model_validate(document) == GoldenCall.parse("booking", CALL)
