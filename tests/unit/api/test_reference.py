"""docs/reference/api.md says what the models say."""

from pathlib import Path

import pytest

from understudy.api.crds import definitions
from understudy.api.reference import kind_of, reference

PAGE = Path(__file__).resolve().parents[3] / "docs/reference/api.md"
TEXT = reference(definitions())


def test_the_page_is_up_to_date() -> None:
    """`make generate` brings it up to date."""
    assert PAGE.read_text() == TEXT


@pytest.mark.parametrize(
    "row",
    [
        "| `turnBudget` | text, at most 16 characters | `1200ms` | From the caller's last word",
        "| `eotThreshold` | number, 0.5 to 0.9 |  | deepgram Flux: how sure",
        "| `voiceId` (required) | text, at most 128 characters |",
        "| `transfer` | object |  | Hand over to a person. | use askToRepeat, or offer it in the system prompt |",
        "| `explorePercent` | number, 0 to 50 | `3.0` | Percent of turns whose request is sent a second time",
        "| `apiVersion` | text, at most 32 characters |  | azure-openai: the dated version of the API",
        "- `spec.turnBudget`: write a duration from 200ms to 10s",
        "- `spec.rollout.steps`: weights never go down",
    ],
)
def test_a_field_is_shown_with_type_default_and_whether_it_is_built(row: str) -> None:
    """One row a field."""
    assert row in TEXT


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "integer", "minimum": 1}, "whole number, from 1"),
        ({"type": "number"}, "number"),
        ({"type": "boolean"}, "true or false"),
        ({"type": "array", "items": {"type": "string"}, "maxItems": 3}, "list of texts, at most 3"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "map to text"),
        ({"x-kubernetes-int-or-string": True}, "number or text"),
        ({"type": "string", "enum": ["a", "b"]}, "one of `a`, `b`"),
    ],
)
def test_types_are_written_in_words(schema: dict[str, object], words: str) -> None:
    """Without the schema's jargon."""
    assert kind_of(schema) == words
