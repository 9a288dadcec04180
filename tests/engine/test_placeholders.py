"""Placeholders: values are bound after parsing, in one pass, and never become structure (engine §6.3, §6.4)."""

from __future__ import annotations

from typing import Any

import pytest

from flowtime.engine import DocumentError, Limits, bind, load_template, validate
from flowtime.engine.documents.values import value_text
from flowtime.engine.model.nodes import ExprNode

HEAD = """\
schemaVersion: 1
metadata: {id: case, title: Case, version: 1.0.0}
grid: {bins: 3, binSize: 1, binUnit: hours}
"""
PARAMETERS = """\
parameters:
  - {name: i, type: integer, default: 3}
  - {name: x, type: number, default: -0.5}
  - {name: b, type: boolean, default: true}
  - {name: s, type: string, default: 'a: b  # c'}
  - {name: l, type: array, default: [1, 2, 3]}
"""
NODES = "nodes: [{id: a, kind: const, value: 4}]\n"


def provenance(text: str, values: dict[str, Any] | None = None) -> Any:
    """``provenance.v`` of the bound model of a document that writes it as ``text``."""
    template = load_template(f"{HEAD}{PARAMETERS}{NODES}provenance: {{v: {text}}}\n")
    document = bind(template, values).to_document()
    return document["provenance"]["v"]


def codes(text: str, values: dict[str, Any] | None = None) -> list[tuple[str, str]]:
    return [(p.code, p.path) for p in validate(text, values).problems]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${i}", 3),
        ("'${i}'", 3),
        ('"${ i }"', 3),
        ("${x}", -0.5),
        ("${b}", True),
        ("${s}", "a: b  # c"),
        ("${l}", [1.0, 2.0, 3.0]),
        ("[${i}, ${x}]", [3, -0.5]),
        ("{k: ${i}}", {"k": 3}),
        ("x${i}y", "x3y"),
        ("' ${i}'", " 3"),
        ("${i}${x}", "3-0.5"),
        ("'${b}, ${l}'", "true, [1, 2, 3]"),
        ("'[${s}]'", "[a: b  # c]"),
    ],
)
def test_a_scalar_is_bound_by_what_it_holds(text: str, value: Any) -> None:
    found = provenance(text)

    assert found == value
    assert type(found) is type(value)


def test_e46_a_negative_number_stands_in_an_expression() -> None:
    nodes = "nodes: [{id: a, kind: const, value: 4}, {id: y, kind: expr, expr: 'a * ${x}'}]\n"

    model = bind(load_template(HEAD + PARAMETERS + nodes))

    node = model.nodes[1]
    assert isinstance(node, ExprNode)
    assert node.text == "a * -0.5"


@pytest.mark.parametrize(
    "value",
    [
        "a: b  # c",
        "x\n  - y: z",
        "'",
        '"',
        "}, w: 1, {",
        "${i}",
        "$${i}",
        "!!tag",
        "*alias",
        "\ufeff",
    ],
)
def test_e47_text_stays_exactly_what_it_is(value: str) -> None:
    template = load_template(f"{HEAD}{PARAMETERS}{NODES}generator: '${{s}}'\n")

    model = bind(template, {"s": value})
    again = bind(load_template(model.to_document()))

    assert again == model
    assert set(model.to_document()) == set(again.to_document())
    assert bind(load_template(f"{HEAD}{PARAMETERS}{NODES}"), {"s": value}).parameters["s"] == value


def test_an_escape_stands_for_the_literal_sign() -> None:
    template = load_template(f"{HEAD}{PARAMETERS}{NODES}generator: '$${{i}} costs ${{i}}'\n")

    assert template.document["generator"] == "$${i} costs ${i}"
    assert bind(template).to_document()["generator"] == "$${i} costs 3"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3, "3"),
        (0.25, "0.25"),
        (100.0, "100"),
        (1e-7, "1e-07"),
        (1e22, "1e+22"),
        (0.1 + 0.2, "0.30000000000000004"),
        (True, "true"),
        (False, "false"),
        ((1, 2.5, 3.0), "[1, 2.5, 3]"),
        ((), "[]"),
        ("as is", "as is"),
    ],
)
def test_values_are_written_in_the_shortest_form(value: Any, text: str) -> None:
    assert value_text(value) == text


def test_placeholders_stand_for_numbers_anywhere() -> None:
    text = HEAD.replace("bins: 3", "bins: ${i}") + PARAMETERS
    template = load_template(text + "nodes: [{id: a, kind: const, values: '${l}'}]\n")

    assert bind(template).grid.bins == 3
    with pytest.raises(DocumentError) as refusal:
        bind(template, {"i": 4})
    assert [(p.code, p.path) for p in refusal.value.problems] == [
        ("length_mismatch", "nodes[0].values")
    ]


def test_the_ordinary_type_rules_apply_after_binding() -> None:
    text = HEAD.replace("bins: 3", "bins: ${v}") + NODES

    assert codes(text + "parameters: [{name: v, type: string, default: '3'}]\n") == [
        ("wrong_type", "grid.bins")
    ]
    assert codes(text + "parameters: [{name: v, type: integer, default: 3}]\n") == []


def test_a_bound_problem_stands_where_the_placeholder_is_written() -> None:
    text = HEAD + PARAMETERS + "nodes:\n  - id: a\n    kind: expr\n    expr: 'nowhere + ${i}'\n"

    problem = validate(text).problems[0]

    assert (problem.code, problem.path) == ("unknown_series", "nodes[0].expr")
    assert (problem.line, problem.column, problem.position) == (13, 5, 0)
    assert problem.excerpt == "nowhere + 3\n^"


@pytest.mark.parametrize(
    ("extra", "code", "path"),
    [
        ("generator: '${y}'\n", "unresolved_placeholder", "generator"),
        ("generator: 'a ${i} ${y}'\n", "unresolved_placeholder", "generator"),
        ("generator: '${a b}'\n", "malformed_placeholder", "generator"),
        ("generator: '${'\n", "malformed_placeholder", "generator"),
        ("generator: '${}'\n", "malformed_placeholder", "generator"),
        ("provenance: {'${i}': 1}\n", "placeholder_in_key", 'provenance["${i}"]'),
    ],
)
def test_what_is_no_placeholder_is_named(extra: str, code: str, path: str) -> None:
    assert codes(HEAD + PARAMETERS + NODES + extra) == [(code, path)]


@pytest.mark.parametrize("place", ["id: '${s}'", "version: '${s}'"])
def test_identity_takes_no_placeholder(place: str) -> None:
    key = place.split(":")[0]
    old = {"id": "id: case", "version": "version: 1.0.0"}[key]

    found = codes(HEAD.replace(old, place) + PARAMETERS + NODES)

    assert found == [("placeholder_not_allowed", f"metadata.{key}")]


def test_parameters_take_no_placeholder() -> None:
    text = HEAD + NODES + "parameters: [{name: p, type: number, default: 1, title: '${p}'}]\n"

    assert codes(text) == [("placeholder_not_allowed", "parameters[0].title")]


def test_ignored_keys_are_not_looked_at() -> None:
    assert codes(HEAD + NODES + "x-note: '${nobody}'\n") == []


def test_loading_checks_what_no_value_can_change() -> None:
    nodes = (
        "nodes:\n"
        "  - {id: a, kind: const, values: '${l}'}\n"
        "  - {id: y, kind: expr, expr: 'nowhere + 1'}\n"
        "  - {id: z, kind: expr, expr: 'a * ${x'}\n"
    )

    with pytest.raises(DocumentError) as refusal:
        load_template(HEAD + PARAMETERS + nodes)

    assert [(p.code, p.path) for p in refusal.value.problems] == [
        ("malformed_placeholder", "nodes[2].expr"),
        ("unknown_series", "nodes[1].expr"),
    ]


def test_a_name_that_waits_for_a_parameter_is_not_called_unknown() -> None:
    nodes = "nodes:\n  - {id: '${s}', kind: const, value: 1}\n  - {id: y, kind: expr, expr: load}\n"
    template = load_template(HEAD + PARAMETERS + nodes)

    assert bind(template, {"s": "load"}).nodes[0].id == "load"
    with pytest.raises(DocumentError) as refusal:
        bind(template, {"s": "lode"})
    assert [(p.code, p.suggestion) for p in refusal.value.problems] == [("unknown_series", "lode")]


def test_values_cannot_multiply_beyond_the_limits() -> None:
    many = "provenance: {v: [" + "'${s}x'," * 200 + "]}\n"
    long = "provenance: {v: '" + "${s}" * 200 + "'}\n"
    lists = "provenance: {v: [" + "'${l}'," * 200 + "]}\n"
    limits = Limits(max_yaml_bytes=20_000, max_string_chars=5_000, max_yaml_nodes=700)

    for extra in (many, long, lists):
        template = load_template(HEAD + PARAMETERS + NODES + extra, limits=limits)
        with pytest.raises(DocumentError) as refusal:
            bind(template, {"s": "y" * 1_000, "l": [0] * 100}, limits=limits)
        assert {p.code for p in refusal.value.problems} == {"limit_exceeded"}


def test_parameters_may_hold_the_literal_sign_by_its_escape() -> None:
    text = HEAD + NODES + "parameters: [{name: p, type: string, default: 'a $${b}'}]\n"
    malformed = text.replace("$${b}", "${b.c}")

    assert load_template(text).parameters[0].default == "a ${b}"
    assert codes(malformed) == [("malformed_placeholder", "parameters[0].default")]
    assert codes(text.replace("$${b}", "${p}")) == [
        ("placeholder_not_allowed", "parameters[0].default")
    ]


def test_a_template_shows_its_texts_as_they_are_written() -> None:
    text = HEAD.replace("title: Case", "title: 'Case ${i}'") + PARAMETERS + NODES
    classes = "classes: [{id: Red, displayName: '${s}'}]\n"

    template = load_template(text + classes)

    assert template.metadata["title"] == "Case ${i}"
    assert template.classes[0].display_name is None
    assert bind(template).metadata["title"] == "Case 3"
    assert bind(template).classes[0].display_name == "a: b  # c"


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"${p}": 1}, '["${p}"]'),
        ({"grid": {"bins": 2, "binSize": 1, "binUnit": "hours", "${p}": 1}}, 'grid["${p}"]'),
        (
            {"nodes": [{"id": "a", "kind": "pmf", "pmf": {"1": 0.5, "${p}": 0.5}}]},
            'nodes[0].pmf["${p}"]',
        ),
    ],
)
def test_a_placeholder_in_a_key_is_one_problem(change: dict[str, Any], path: str) -> None:
    """Engine §6.3.4, §20: one cause, one problem; such a key is not unknown as well."""
    template = {
        "schemaVersion": 1,
        "metadata": {"id": "case", "title": "Case", "version": "1.0.0"},
        "grid": {"bins": 2, "binSize": 1, "binUnit": "hours"},
        "parameters": [{"name": "p", "type": "number", "default": 1}],
        "nodes": [{"id": "a", "kind": "const", "value": 1}],
    }

    found = [(problem.code, problem.path) for problem in validate(template | change).problems]

    assert found == [("placeholder_in_key", path)]
