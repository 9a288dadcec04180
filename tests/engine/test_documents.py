"""Document text: the YAML subset, what it refuses, and where things stand (engine §3, §4)."""

from __future__ import annotations

import json
from typing import Any

import pytest

from flowtime.engine import DocumentError, Limits, Problem, load_template, validate

HEAD = (
    "schemaVersion: 1\n"
    "metadata: {id: case, title: Case, version: 1.0.0}\n"
    "grid: {bins: 3, binSize: 1, binUnit: hours}\n"
    "nodes: [{id: a, kind: const, value: 1}]\n"
)


def read(text: str | bytes) -> Any:
    """The value of ``provenance.x`` after reading ``text`` below the smallest document."""
    return load_template(text).document["provenance"]["x"]


def value_of(scalar: str) -> Any:
    return read(f"{HEAD}provenance: {{x: {scalar}}}\n")


def only_problem(source: Any, **more: Any) -> Problem:
    report = validate(source, **more)
    assert len(report.problems) == 1, report.problems
    return report.problems[0]


@pytest.mark.parametrize(
    ("scalar", "value"),
    [
        ("null", None),
        ("~", None),
        ("''", ""),
        ("true", True),
        ("False", False),
        ("TRUE", True),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("12", 12),
        ("-12", -12),
        ("+12", 12),
        ("010", 10),
        ("0o17", 15),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("12:30", "12:30"),
        ("2013-02-07", "2013-02-07"),
        ("1.5", 1.5),
        (".5", 0.5),
        ("2.", 2.0),
        ("1e3", 1000.0),
        ("-1.5E-3", -0.0015),
        ("1e", "1e"),
        ("-", "-"),
        ("0x", "0x"),
        ("0o8", "0o8"),
        ("'12'", "12"),
        ('"true"', "true"),
        ("nul", "nul"),
        ("9007199254740991", 9007199254740991),
        ("00000000000000000000000000000000000012", 12),
    ],
)
def test_an_unquoted_scalar_follows_the_core_rules(scalar: str, value: Any) -> None:
    found = value_of(scalar)

    assert found == value
    assert type(found) is type(value)


def test_an_empty_value_is_nothing() -> None:
    assert read(f"{HEAD}provenance:\n  x:\n") is None


def test_the_same_content_is_the_same_template_in_any_form() -> None:
    content = {
        "schemaVersion": 1,
        "metadata": {
            "id": "case",
            "title": "Ünïcode \U0001f600 \\ud83d\\ude00",
            "version": "1.0.0",
        },
        "grid": {"bins": 3, "binSize": 1, "binUnit": "hours"},
        "nodes": [{"id": "a", "kind": "const", "values": [1, 2.5, 1e-7]}],
    }
    forms = [
        content,
        json.dumps(content),
        json.dumps(content, indent="\t"),
        json.dumps(content, indent=2).replace("\n", "\r\n"),
        json.dumps(content, ensure_ascii=False).encode(),
        b"\xef\xbb\xbf" + json.dumps(content).encode(),
    ]

    hashes = {load_template(form).template_hash for form in forms}

    assert len(hashes) == 1


def test_comments_and_layout_do_not_change_the_hash_but_content_does() -> None:
    plain = load_template(HEAD)
    commented = load_template("# a remark\n" + HEAD.replace(", title: Case", ",  title: 'Case'"))
    other = load_template(HEAD.replace("Case", "Cage"))

    assert plain.template_hash == commented.template_hash
    assert plain.template_hash != other.template_hash


@pytest.mark.parametrize(
    ("source", "code"),
    [
        (b"\xff\xfe" + "a: 1".encode("utf-16-le"), "bad_encoding"),
        (b"a: \xe9\n", "bad_encoding"),
        ("a: \ud800", "bad_encoding"),
        ("a: \0", "bad_encoding"),
        ("a: [", "yaml_syntax"),
        ("a: \x07", "yaml_syntax"),
        ("a: *b", "limit_exceeded"),
        ("a: 1\n---\nb: 2\n", "yaml_multiple_documents"),
        ("just text", "wrong_type"),
        ("", "wrong_type"),
        ("- 1\n- 2\n", "wrong_type"),
    ],
)
def test_text_that_is_no_document_is_refused(source: str | bytes, code: str) -> None:
    with pytest.raises(DocumentError) as refusal:
        load_template(source)

    assert refusal.value.problems[0].code == code
    assert refusal.value.problems[0].path in ("", "a")


@pytest.mark.parametrize(
    ("entry", "code", "path"),
    [
        ("x: !!str 5", "yaml_tag", "provenance.x"),
        ("x: !own {a: 1}", "yaml_tag", "provenance.x"),
        ("x: ! 5", "yaml_tag", "provenance.x"),
        ("1: 2", "wrong_type", 'provenance["1"]'),
        ("null: 2", "wrong_type", "provenance.null"),
        ("true: 2", "wrong_type", "provenance.true"),
        ("? [a]\n  : 2", "wrong_type", "provenance"),
        ("x: 1\n  x: 2", "duplicate_key", "provenance.x"),
        ("<<: {a: 1}", "yaml_merge_key", 'provenance["<<"]'),
        ("x: .nan", "non_finite_number", "provenance.x"),
        ("x: -.INF", "non_finite_number", "provenance.x"),
        ("x: 9007199254740992", "out_of_range", "provenance.x"),
        ("x: " + "9" * 5000, "out_of_range", "provenance.x"),
        ("x: 0x" + "f" * 30, "out_of_range", "provenance.x"),
    ],
)
def test_what_the_subset_leaves_out_is_named_where_it_stands(
    entry: str, code: str, path: str
) -> None:
    problem = only_problem(f"{HEAD}provenance:\n  {entry}\n")

    assert (problem.code, problem.path) == (code, path)
    assert problem.line is not None
    assert problem.line >= 5


def test_a_problem_has_the_line_and_column_of_its_entry() -> None:
    problem = only_problem(HEAD + "classes:\n  - id: Red\n  - {id: Blue, colour: 3}\n")

    assert problem.path == "classes[1].colour"
    assert (problem.line, problem.column) == (7, 16)


def test_a_missing_key_has_the_place_of_the_mapping_that_lacks_it() -> None:
    problem = only_problem(HEAD + "classes:\n  - displayName: Red\n")

    assert (problem.code, problem.path) == ("missing_key", "classes[0].id")
    assert (problem.line, problem.column) == (6, 5)


def test_columns_count_placeholders_as_they_are_written() -> None:
    text = HEAD + "parameters: [{name: p, type: number, default: 1}]\n"
    problem = only_problem(text + "provenance: {a: '${p} ${p}', b: .nan}\n")

    assert (problem.line, problem.column) == (6, 30)


def test_parsed_data_has_paths_but_no_lines() -> None:
    data = {
        "schemaVersion": 1,
        "metadata": {"id": "case", "title": "Case", "version": "1.0.0"},
        "grid": {"bins": 2, "binSize": 1, "binUnit": "hours"},
        "nodes": [{"id": "a", "kind": "const", "values": [1, float("nan")]}],
    }

    problem = only_problem(data)

    assert (problem.code, problem.path) == ("non_finite_number", "nodes[0].values[1]")
    assert problem.line is None


def test_parsed_data_is_copied_and_never_changed() -> None:
    data = {
        "schemaVersion": 1,
        "metadata": {"id": "case", "title": "Case", "version": "1.0.0"},
        "grid": {"bins": 2, "binSize": 1, "binUnit": "hours"},
        "nodes": [{"id": "a", "kind": "const", "values": (1, 2)}],
    }
    before = json.dumps(data)

    template = load_template(data)
    data["nodes"][0]["values"] = None  # type: ignore[index]

    assert template.document["nodes"][0]["values"] == (1, 2)
    assert json.loads(before)["metadata"] == data["metadata"]


def test_a_document_is_read_only() -> None:
    template = load_template(HEAD)

    with pytest.raises(TypeError):
        template.document["nodes"] = ()  # type: ignore[index]


def test_unknown_keys_carry_the_nearest_known_one() -> None:
    problem = only_problem(HEAD + "output: []\n")

    assert (problem.code, problem.suggestion) == ("unknown_key", "outputs")
    assert problem.message == "unknown key 'output'; did you mean 'outputs'?"


def test_a_misspelt_required_key_is_one_problem() -> None:
    problem = only_problem(HEAD.replace("binSize", "binsize"))

    assert (problem.code, problem.path) == ("unknown_key", "grid.binsize")
    assert problem.suggestion == "binSize"


@pytest.mark.parametrize(
    ("change", "path", "suggestion"),
    [
        ({"nodes": [{"id": "a", "kind": "const", "valu": 1}]}, "nodes[0].valu", "value"),
        (
            {"nodes": [{"id": "a", "kind": "expr", "expresion": "1"}]},
            "nodes[0].expresion",
            "expression",
        ),
        ({"grid": {"bins": 1, "bin_sice": 1, "binUnit": "hours"}}, "grid.bin_sice", "bin_size"),
        ({"topology": {"edges": [{"sorce": "q", "to": "q"}]}}, "topology.edges[0].sorce", "source"),
    ],
)
def test_an_alias_and_a_snake_case_key_are_known_when_misspelt(
    change: dict[str, Any], path: str, suggestion: str
) -> None:
    """Engine §1.7, §4.6, §20: one cause, one problem, and every accepted spelling is a known key."""
    template = {
        "schemaVersion": 1,
        "metadata": {"id": "a", "title": "A", "version": "1.0.0"},
        "grid": {"bins": 1, "binSize": 1, "binUnit": "hours"},
        "nodes": [{"id": "a", "kind": "const", "value": 1}],
    }
    if "topology" in change:
        place = {"id": "q", "kind": "sink", "semantics": {"arrivals": "a"}}
        change = {"topology": {"nodes": [place], **change["topology"]}}

    problem = only_problem(template | change)

    assert (problem.code, problem.path, problem.suggestion) == ("unknown_key", path, suggestion)


def test_keys_may_be_written_in_snake_case() -> None:
    text = HEAD.replace("schemaVersion", "schema_version").replace("binSize", "bin_size")

    template = load_template(text.replace("binUnit", "bin_unit"))

    assert template.id == "case"


def test_aliases_are_allowed_up_to_the_limit_and_count_as_what_they_stand_for() -> None:
    text = HEAD + "provenance: {a: &list [1, 2, 3], b: *list, c: *list}\n"

    refused = validate(text, limits=Limits(max_yaml_aliases=1))
    taken = load_template(text, limits=Limits(max_yaml_aliases=2))
    many = validate(text, limits=Limits(max_yaml_aliases=2, max_yaml_nodes=40))

    assert [p.path for p in refused.problems] == ["provenance.c"]
    assert taken.document["provenance"]["c"] == (1, 2, 3)
    assert [p.code for p in many.problems] == ["limit_exceeded"]


def test_a_laughing_document_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]

    report = validate("\n".join(lines), limits=Limits(max_yaml_aliases=100))

    assert "limit_exceeded" in {problem.code for problem in report.problems}


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        (Limits(max_yaml_bytes=100), HEAD),
        (Limits(max_yaml_depth=2), HEAD),
        (Limits(max_yaml_nodes=10), HEAD),
        (Limits(max_string_chars=3), HEAD),
        (Limits(max_yaml_bytes=len(HEAD.encode()) + 4), HEAD + "#éé"),
    ],
)
def test_each_text_limit_is_kept(limits: Limits, text: str) -> None:
    report = validate(text, limits=limits)

    assert {problem.code for problem in report.problems} == {"limit_exceeded"}
    named = report.problems[0].message.split()[0]
    assert f"{named} is {getattr(limits, named)}" in report.problems[0].message


def test_user_text_in_messages_is_cut_and_escaped() -> None:
    problem = only_problem(HEAD + 'mode: "\\e[31m' + "x" * 200 + '"\n')

    assert "\x1b" not in problem.message
    assert "\\x1b[31m" in problem.message
    assert len(problem.message) < 160


@pytest.mark.parametrize(
    ("where", "path"),
    [
        ({"metadata": {"id": "a", "title": "\ud800", "version": "1.0.0"}}, "metadata.title"),
        ({"provenance": {"\udcff": 1}}, 'provenance["\\udcff"]'),
        ({"generator": "half \ud83d"}, "generator"),
        ({"metadata": {"id": "a", "title": "a\0b", "version": "1.0.0"}}, "metadata.title"),
        ({"provenance": {"\0": 1}}, 'provenance["\\x00"]'),
    ],
)
def test_half_a_character_is_no_text(where: dict[str, Any], path: str) -> None:
    """Engine §4.1, §23.4: what cannot be written as UTF-8 has no canonical form, parsed data included."""
    template = {
        "schemaVersion": 1,
        "metadata": {"id": "a", "title": "A", "version": "1.0.0"},
        "grid": {"bins": 1, "binSize": 1, "binUnit": "hours"},
        "nodes": [{"id": "x", "kind": "const", "value": 1}],
    }

    problem = only_problem(template | where)

    assert (problem.code, problem.path) == ("bad_encoding", path)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ('provenance: {x: "a\\0b"}', "provenance.x"),
        ('provenance: {"\\0": 1}', 'provenance["\\x00"]'),
        ('x-note: ["\\u0000"]', '["x-note"][0]'),
    ],
)
def test_an_escape_is_no_way_to_write_nul(line: str, path: str) -> None:
    """Engine §4.1: no database keeps such text, and no terminal shows it."""
    problem = only_problem(f"{HEAD}{line}\n")

    assert (problem.code, problem.path) == ("bad_encoding", path)


@pytest.mark.parametrize("source", [None, 5, 10**15, 1.5, ["a"]])
def test_what_is_neither_text_nor_mapping_is_no_document(source: Any) -> None:
    assert only_problem(source).code == "wrong_type"
    assert [problem.code for problem in validate(source).problems] == ["wrong_type"]
