"""Parameters: declaration, conversion, bounds, lengths (engine §6.1, §6.2, §6.5)."""

from __future__ import annotations

from typing import Any

import pytest

from flowtime.engine import DocumentError, Limits, Model, bind, load_template


def template(*parameters: dict[str, Any], **more: Any) -> Any:
    return load_template(
        {
            "schemaVersion": 1,
            "metadata": {"id": "case", "title": "Case", "version": "1.0.0"},
            "grid": {"bins": 2, "binSize": 1, "binUnit": "hours"},
            "parameters": list(parameters),
            "nodes": [{"id": "a", "kind": "const", "value": 1}],
            **more,
        }
    )


def bound(kind: str, value: Any, **more: Any) -> Any:
    model = bind(template({"name": "p", "type": kind, **more}), {"p": value})
    return model.parameters["p"]


def refusals(*parameters: dict[str, Any], **overrides: Any) -> list[tuple[str, str]]:
    with pytest.raises(DocumentError) as refusal:
        bind(template(*parameters), overrides)
    return [(problem.code, problem.path) for problem in refusal.value.problems]


def test_an_override_wins_over_the_default() -> None:
    case = template(
        {"name": "p", "type": "number", "default": 1}, {"name": "q", "type": "int", "default": 2}
    )

    model: Model = bind(case, {"p": 3})

    assert dict(model.parameters) == {"p": 3.0, "q": 2}
    assert case.parameters[0].default == 1.0


@pytest.mark.parametrize(
    ("kind", "given", "value"),
    [
        ("integer", 3, 3),
        ("int", -3, -3),
        ("integer", 3.0000000001, 3),
        ("integer", "12", 12),
        ("integer", "1.2e1", 12),
        ("integer", 2**53 - 1, 2**53 - 1),
        ("number", 3, 3.0),
        ("float", 2.5, 2.5),
        ("double", "-.5", -0.5),
        ("number", "+1e3", 1000.0),
        ("number", -0.0, 0.0),
        ("boolean", True, True),
        ("bool", "false", False),
        ("string", "", ""),
        ("string", "12", "12"),
        ("array", [1, 2.5], (1.0, 2.5)),
        ("array", (), ()),
        ("array", " [1, 2.5]\n", (1.0, 2.5)),
        ("array", "[]", ()),
    ],
)
def test_a_value_is_converted_to_its_type(kind: str, given: Any, value: Any) -> None:
    found = bound(kind, given)

    assert found == value
    assert type(found) is type(value)
    assert str(found) == str(value)


def test_arrays_of_integers_hold_integers() -> None:
    assert bound("array", [1, 2.0], arrayOf="int") == (1, 2)
    assert [type(item) for item in bound("array", "[1, 2.0]", arrayOf="integer")] == [int, int]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("integer", True),
        ("integer", 1.5),
        ("integer", "1x"),
        ("integer", " 1"),
        ("integer", "0x10"),
        ("integer", "\uff11"),
        ("integer", 2**53),
        ("integer", None),
        ("number", False),
        ("number", float("inf")),
        ("number", float("nan")),
        ("number", "nan"),
        ("number", "1e999"),
        ("number", 10**400),
        ("number", "1_000"),
        ("number", [1]),
        ("boolean", 1),
        ("boolean", "yes"),
        ("boolean", "True"),
        ("string", 12),
        ("string", None),
        ("array", 1),
        ("array", "1, 2"),
        ("array", "[1, [2]]"),
        ("array", "[" * 100_000),
        ("array", '["1"]'),
        ("array", "[NaN]"),
        ("array", "[true]"),
        ("array", [1, None]),
        ("array", ["1"]),
        ("array", {"a": 1}),
    ],
)
def test_a_value_of_another_type_is_refused(kind: str, value: Any) -> None:
    limits = Limits(max_string_chars=200_000)
    case = template({"name": "p", "type": kind})

    with pytest.raises(DocumentError) as refusal:
        bind(case, {"p": value}, limits=limits)

    problem = refusal.value.problems[0]
    assert (problem.code, problem.path) == ("parameter_type", "overrides.p")
    assert "'p'" in problem.message
    assert len(problem.message) < 200
    assert problem.line is None


def test_bounds_are_inclusive_and_hold_for_every_element() -> None:
    bounds = {"minimum": 1, "max": 3}

    assert bound("integer", 3, **bounds) == 3
    assert bound("array", [1, 3], **bounds) == (1.0, 3.0)
    assert refusals({"name": "p", "type": "number", **bounds}, p=3.01) == [
        ("parameter_range", "overrides.p")
    ]
    with pytest.raises(DocumentError, match="at index 1 of the parameter 'p'"):
        bind(template({"name": "p", "type": "array", **bounds}), {"p": [2, 0]})


def test_a_default_must_fit_when_the_template_is_loaded() -> None:
    with pytest.raises(DocumentError) as refusal:
        template(
            {"name": "p", "type": "number", "default": "x"},
            {"name": "q", "type": "integer", "default": 5, "maximum": 4},
        )

    assert [(p.code, p.path) for p in refusal.value.problems] == [
        ("parameter_type", "parameters[0].default"),
        ("parameter_range", "parameters[1].default"),
    ]


def test_a_length_may_be_a_number_or_an_integer_parameter() -> None:
    size = {"name": "n", "type": "integer", "default": 2}
    items = {"name": "p", "type": "array", "length": "n", "default": [1, 2]}

    assert dict(bind(template(size, items)).parameters) == {"n": 2, "p": (1.0, 2.0)}
    assert refusals(size, items, n=3) == [("length_mismatch", "parameters[1].default")]
    assert refusals(size, items, p=[1]) == [("length_mismatch", "overrides.p")]


def test_declarations_are_checked() -> None:
    with pytest.raises(DocumentError) as refusal:
        template(
            {"name": "p q", "type": "number"},
            {"name": "n", "type": "decimal"},
            {"name": "s", "type": "string", "minimum": 1, "length": 2},
            {"name": "S", "type": "string"},
            {"name": "s", "type": "string"},
            {"name": "a", "type": "array", "length": "m"},
            {"name": "b", "type": "array", "length": "s"},
            {"type": "number"},
        )

    assert [(p.code, p.path) for p in refusal.value.problems] == [
        ("bad_id", "parameters[0].name"),
        ("bad_enum", "parameters[1].type"),
        ("key_not_for_kind", "parameters[2].minimum"),
        ("key_not_for_kind", "parameters[2].length"),
        ("missing_key", "parameters[7].name"),
        ("unknown_parameter", "parameters[5].length"),
        ("parameter_type", "parameters[6].length"),
        ("id_case_clash", "parameters[3].name"),
        ("duplicate_id", "parameters[4].name"),
    ]


def test_every_wrong_override_is_reported_at_once() -> None:
    found = refusals(
        {"name": "p", "type": "number"},
        {"name": "q", "type": "integer"},
        {"name": "rate", "type": "number", "default": 1},
        q="x",
        ratte=2,
    )

    assert found == [
        ("unknown_parameter", "overrides.ratte"),
        ("parameter_missing", "overrides.p"),
        ("parameter_type", "overrides.q"),
    ]


def test_an_unknown_override_suggests_the_parameter_that_was_meant() -> None:
    with pytest.raises(DocumentError, match="did you mean 'rate'") as refusal:
        bind(template({"name": "rate", "type": "number", "default": 1}), {"rte": 2})

    assert refusal.value.problems[0].suggestion == "rate"


def test_effective_parameters_are_hashed_however_they_were_given() -> None:
    case = template({"name": "p", "type": "number", "default": 2})

    hashes = {bind(case, given).parameters_hash for given in (None, {"p": 2}, {"p": "2.0"})}

    assert len(hashes) == 1
    assert bind(case, {"p": 3}).parameters_hash not in hashes


def test_values_too_large_to_handle_are_refused() -> None:
    case = template({"name": "p", "type": "string"}, {"name": "q", "type": "array"})
    limits = Limits(max_string_chars=10, max_yaml_nodes=50)

    with pytest.raises(DocumentError) as refusal:
        bind(case, {"p": "x" * 11, "q": [0] * 51}, limits=limits)

    assert [p.code for p in refusal.value.problems] == ["limit_exceeded", "limit_exceeded"]


def test_half_a_character_is_no_value_of_a_text_parameter() -> None:
    """Engine §6.2, §22.1: a lone surrogate, as JSON can write it, has no canonical form."""
    assert refusals({"name": "p", "type": "string"}, p="\ud800") == [
        ("parameter_type", "overrides.p")
    ]
