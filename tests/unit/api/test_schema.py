"""Models become structural schemas; what those cannot say is an error, not a surprise."""

import enum
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field, create_model

from understudy.api.base import ApiModel
from understudy.api.markers import MapList, NotBuilt, Only, Opaque, Rule
from understudy.api.schema import object_schema, prose

RULES = "x-kubernetes-validations"


class Colour(enum.StrEnum):
    RED = "Red"
    BLUE = "Blue"


class Inner(ApiModel):
    """Inside."""

    name: str


def schema_of(annotation: Any, default: Any = ...) -> dict[str, Any]:
    model = create_model("Made", __base__=ApiModel, the_field=(annotation, default))
    properties: dict[str, Any] = object_schema(model, "spec")["properties"]
    return dict(properties["theField"])


@pytest.mark.parametrize(
    ("annotation", "expected"),
    [
        (str, {"type": "string"}),
        (bool, {"type": "boolean"}),
        (Literal["a", "b"], {"type": "string", "enum": ["a", "b"]}),
        (Colour, {"type": "string", "enum": ["Red", "Blue"]}),
        (Annotated[int, Field(ge=1, le=5)], {"type": "integer", "minimum": 1, "maximum": 5}),
        (Annotated[int, Field(ge=1)] | None, {"type": "integer", "minimum": 1}),
        (Annotated[str | None, Field(min_length=1, max_length=5)], {"type": "string", "minLength": 1, "maxLength": 5}),
        (Annotated[str, Field(pattern="^a$")], {"type": "string", "pattern": "^a$"}),
        (int | str, {"x-kubernetes-int-or-string": True}),
        (dict[str, Any], {"type": "object"}),
        (dict[str, int], {"type": "object", "additionalProperties": {"type": "integer"}}),
        (Annotated[dict[str, Any], Opaque()], {"type": "object", "x-kubernetes-preserve-unknown-fields": True}),
        (
            Annotated[tuple[str, ...], Field(min_length=1, max_length=3)],
            {
                "type": "array",
                "items": {"type": "string"},
                "minItems": 1,
                "maxItems": 3,
                "x-kubernetes-list-type": "atomic",
            },
        ),
        (
            Annotated[tuple[Inner, ...], MapList()] | None,
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "description": "Inside.",
                    "properties": {"name": {"type": "string"}},
                    "required": ["name"],
                },
                "x-kubernetes-list-type": "map",
                "x-kubernetes-list-map-keys": ["name"],
            },
        ),
    ],
    ids=str,
)
def test_a_type_becomes_a_schema(annotation: Any, expected: dict[str, Any]) -> None:
    """The whole schema, nothing else."""
    assert schema_of(annotation) == expected


@pytest.mark.parametrize("annotation", [int | bool, tuple[str, ...] | str, bytes, set[str]], ids=str)
def test_what_a_structural_schema_cannot_say_is_an_error(annotation: Any) -> None:
    """With the path of the field."""
    with pytest.raises(TypeError, match=r"spec\.theField"):
        schema_of(annotation)


@pytest.mark.parametrize(
    ("annotation", "default", "expected"),
    [
        (str | None, None, None),
        (str, "5s", "5s"),
        (str, "", None),
        (int, 3, 3),
        (bool, False, False),
        (Colour, Colour.RED, "Red"),
        (tuple[str, ...], (), None),
        (Inner, Inner(name="x"), None),
    ],
)
def test_only_scalars_have_defaults(annotation: Any, default: Any, expected: Any) -> None:
    """A list or object that is absent stays absent: absent and empty differ for a reader."""
    assert schema_of(annotation, default).get("default") == expected


def test_a_rule_stands_at_the_value_it_is_about() -> None:
    """With its message, its field and its reason."""
    rule = Rule("self != ''", "write something", expression="'no ' + self", at=".x", reason="FieldValueRequired")
    assert schema_of(Annotated[str, rule])[RULES] == [
        {
            "rule": "self != ''",
            "message": "write something",
            "messageExpression": "'no ' + self",
            "fieldPath": ".x",
            "reason": "FieldValueRequired",
        }
    ]


def test_a_fractional_minimum_holds_for_whole_numbers_too() -> None:
    """The API server cuts 0.5 to 0 when the value is written without a fraction; CEL does not."""
    schema = schema_of(Annotated[float, Field(ge=0.5)])
    assert schema["minimum"] == 0.5
    assert [rule["rule"] for rule in schema[RULES]] == ["self >= 0.5"]
    assert RULES not in schema_of(Annotated[float, Field(ge=1)])


class Marked(ApiModel):
    """Has one of each marker."""

    rules: ClassVar = (Rule("has(self.a) || has(self.b)", "write a or b"),)

    provider: Annotated[Literal["x", "y", "z"], NotBuilt("use x", ("y", "z"))]
    a: Annotated[str | None, NotBuilt("leave it out")] = None
    b: Annotated[bool, NotBuilt("leave it off", (True,))] = False
    c: Annotated[int | None, Only(("x", "y"))] = None


def test_markers_become_rules_of_the_object() -> None:
    """Where `has` can be asked, pointing to the field, naming its path."""
    rules = {rule.get("fieldPath", ""): rule for rule in object_schema(Marked, "spec.thing")[RULES]}
    assert rules[""]["message"] == "write a or b"
    assert rules[".a"]["rule"] == "!has(self.a)"
    assert rules[".a"]["message"] == "spec.thing.a is not built yet; leave it out"
    assert rules[".b"]["rule"] == "!has(self.b) || !self.b"
    assert rules[".b"]["message"] == "spec.thing.b: true is not built yet; leave it off"
    assert rules[".provider"]["rule"] == "!(self.provider in ['y', 'z'])"
    assert rules[".provider"]["messageExpression"] == (
        "'spec.thing.provider: ' + self.provider + ' is not built yet; use x'"
    )
    assert rules[".c"]["rule"] == "!has(self.c) || self.provider in ['x', 'y']"
    assert rules[".c"]["message"] == "c is a setting of x and y: remove it, or change the provider"


def test_docstrings_read_well_in_a_terminal() -> None:
    """One line a paragraph, no markup."""
    assert prose("First `line`\n    goes on.\n\n    Second.\n") == "First line goes on.\nSecond."
