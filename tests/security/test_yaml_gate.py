"""The gate before every document: what is hostile is refused by name, before anything is built, in little memory and time (row 17)."""

import ast
import time
from pathlib import Path

import pytest

from flowtime.engine import validate
from tests.conftest import REPOSITORY
from tests.security.memory import peak_memory

pytestmark = [pytest.mark.failure(17), pytest.mark.one_database]

HEAD = """\
schemaVersion: 1
metadata: {id: desk2, title: Hostile, version: 1.0.0}
grid: {bins: 4, binSize: 1, binUnit: hours}
"""
LAUGHS = "\n".join(
    ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    + [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
)
DOCUMENTS = {
    "aliases that grow a billion times": (HEAD + LAUGHS, "limit_exceeded"),
    "one alias": (HEAD + "x: &a [1]\ny: *a\n", "limit_exceeded"),
    "an alias of itself": (HEAD + "x: &a [*a]\n", "limit_exceeded"),
    "a merge key": (HEAD + "x: {<<: {a: 1}}\n", "yaml_merge_key"),
    "a merge key of an alias": (HEAD + "b: &b {a: 1}\nx: {<<: *b}\n", "yaml_merge_key"),
    "lists 30,000 deep": ("[" * 30_000, "limit_exceeded"),
    "lists 30,000 deep and closed": ("[" * 30_000 + "]" * 30_000, "limit_exceeded"),
    "mappings 30,000 deep": ("{a: " * 30_000, "limit_exceeded"),
    "dashes 30,000 deep": ("- " * 30_000 + "x", "limit_exceeded"),
    "keys 30,000 deep": ("? " * 30_000 + "x", "limit_exceeded"),
    "indents 1,000 deep": (
        "".join(f"{' ' * i}a:\n" for i in range(1_000)),
        "limit_exceeded",
    ),
    "a tag that calls": (HEAD + "x: !!python/object/apply:os.system [id]\n", "yaml_tag"),
    "a tag that imports": (HEAD + "x: !!python/name:os.system ''\n", "yaml_tag"),
    "a tag of one's own": (HEAD + "x: !mine 1\n", "yaml_tag"),
    "a tag on a key": (HEAD + "!!str x: 1\n", "yaml_tag"),
    "two documents": (HEAD + "---\n" + HEAD, "yaml_multiple_documents"),
    "ten thousand documents": (HEAD + "--- 1\n" * 10_000, "yaml_multiple_documents"),
    "a huge integer": (HEAD + "provenance: {x: " + "9" * 60_000 + "}\n", "out_of_range"),
    "a huge integer in hexadecimal": (
        HEAD + "provenance: {x: 0x" + "f" * 60_000 + "}\n",
        "out_of_range",
    ),
    "an infinity": (HEAD + "provenance: {x: .inf}\n", "non_finite_number"),
    "a number that is no number": (HEAD + "provenance: {x: .nan}\n", "non_finite_number"),
    "a float beyond all floats": (HEAD + "provenance: {x: 1e999}\n", "non_finite_number"),
    "a key given twice": (HEAD + "nodes: []\nnodes: []\n", "duplicate_key"),
    "a key given twice below": (HEAD + "provenance: {a: 1, a: 2}\n", "duplicate_key"),
    "a list for a key": (HEAD + "? [a]\n: 1\n", "wrong_type"),
    "a NUL": (HEAD + "x: \0\n", "bad_encoding"),
    "bytes that are no text": (HEAD.encode() + b"x: \xff\n", "bad_encoding"),
    "three megabytes": (HEAD + "# " + "x" * 3_000_000, "limit_exceeded"),
    "half a million nodes too many": (HEAD + "x: [" + "1," * 1_000_000 + "]\n", "limit_exceeded"),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_the_engine_names_what_it_refuses_and_builds_nothing(name: str, no_hang: object) -> None:
    document, code = DOCUMENTS[name]

    with peak_memory() as peak:
        started = time.process_time()
        report = validate(document)
        used = time.process_time() - started

    codes = {problem.code for problem in report.problems}
    assert code in codes or (code == "out_of_range" and "limit_exceeded" in codes)
    assert report.model is None
    # The target is 2 s (engine §24); the test allows for a slower machine.
    assert used < 6
    assert peak.grown < 128 << 20


@pytest.mark.django_db
@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_run_of_such_a_template_is_refused_and_the_others_stay(
    world, name: str, no_hang: object
) -> None:
    document, _ = DOCUMENTS[name]
    data = document if isinstance(document, bytes) else document.encode()
    (world.roots.templates / "hostile.yaml").write_bytes(data)
    runs = sorted(path.name for path in world.roots.runs.iterdir())

    listed = world.operator.get("/v1/templates")
    shown = {item["templateId"]: item for item in listed.json()["items"]}
    hostile = next(item for item in shown.values() if item["templateId"] in ("hostile", "desk2"))
    answer = world.operator.post("/v1/runs", {"templateId": hostile["templateId"]})

    assert hostile["problems"]
    assert "desk" in shown
    assert answer.status_code == 422
    assert answer.json()["code"] == "template_invalid"
    assert sorted(path.name for path in world.roots.runs.iterdir()) == runs
    assert world.pages.get(f"/templates/{hostile['templateId']}").status_code == 200


def test_no_other_door_leads_into_yaml() -> None:
    """Only the gate reads YAML; whoever else needs a document asks it."""
    readers = set()
    for room in ("flowtime", "runs", "telemetry"):
        for file in (REPOSITORY / room).rglob("*.py"):
            if reads_yaml(file):
                readers.add(str(file.relative_to(REPOSITORY)))

    assert readers == {"flowtime/engine/documents/yaml_text.py"}


def reads_yaml(file: Path) -> bool:
    """Whether a module calls or imports anything of PyYAML that parses."""
    parsing = {
        "load",
        "load_all",
        "safe_load",
        "safe_load_all",
        "full_load",
        "unsafe_load",
        "parse",
    }
    for node in ast.walk(ast.parse(file.read_text())):
        if (
            isinstance(node, ast.ImportFrom)
            and (node.module or "").split(".")[0] == "yaml"
            and any("Loader" in name.name or name.name in parsing for name in node.names)
        ):
            return True
        if (
            isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "yaml"
            and (node.attr in parsing or "Loader" in node.attr)
        ):
            return True
    return False
