"""The guide to templates is a template: its snippets are put together step by step, run, and refused where it says so."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from flowtime.engine import Result, bind, evaluate, load_template, validate
from runs import catalog
from runs.catalog.sources import read_columns
from tests.conftest import DataDirs

GUIDE = (Path(__file__).parents[2] / "docs" / "guides" / "write-a-template.md").read_text()
BLOCK = re.compile(r"<!-- (?P<mark>[^>]*?) -->\n```(?P<language>\w+)\n(?P<text>.*?)```", re.DOTALL)
BLOCKS = [(m["mark"], m["language"], m["text"]) for m in BLOCK.finditer(GUIDE)]
FUNCTIONS = re.findall(r"^\| [^|]+ \| `([^`]+)` \| ([^|]+) \|$", GUIDE, re.MULTILINE)

Document = dict[str, Any]


def merged(base: Any, more: Any) -> Any:
    """What a reader makes of a snippet: keys and entries of the same name are changed, others are added."""
    if isinstance(base, dict) and isinstance(more, dict):
        if "id" in more and more.get("kind", base.get("kind")) != base.get("kind"):
            return more
        return base | {key: merged(base.get(key), value) for key, value in more.items()}
    if isinstance(base, list) and all(isinstance(item, dict) for item in [*base, *more]):
        found = list(base)
        for item in more:
            place = next((i for i, old in enumerate(found) if same(old, item)), None)
            if place is None:
                found.append(item)
            else:
                found[place] = merged(found[place], item)
        return found
    return more


def same(old: Document, new: Document) -> bool:
    return any(key in new and old.get(key) == new[key] for key in ("id", "name"))


def document_before(position: int) -> Document:
    """The template as it stands before the block at ``position``."""
    document: Document = {}
    for mark, _, text in BLOCKS[:position]:
        if mark == "step":
            document = merged(document, yaml.safe_load(text))
    return document


def run(document: Document, directory: Path, **parameters: Any) -> Result:
    model = bind(load_template(document), parameters)
    texts = [node.source for node in model.nodes if getattr(node, "source", None)]
    return evaluate(model, sources=read_columns(directory, texts))


def positions(kind: str) -> list[int]:
    return [i for i, (mark, _, _) in enumerate(BLOCKS) if mark.split(":")[0] == kind]


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """Where the files of the guide lie."""
    for mark, _, text in BLOCKS:
        if mark.startswith("file: "):
            (tmp_path / mark.removeprefix("file: ")).write_text(text)
    return tmp_path


def test_every_snippet_of_yaml_is_run_by_one_of_these_tests() -> None:
    in_the_guide = GUIDE.count("```yaml")

    assert in_the_guide == len(positions("step")) + len(positions("wrong"))


@pytest.mark.parametrize("position", positions("step"))
def test_after_each_step_the_template_can_be_run(position: int, directory: Path) -> None:
    document = document_before(position + 1)

    result = run(document, directory)

    assert not result.has_errors
    assert not {w.code for w in result.warnings} & {
        *("edge_flow_mismatch_incoming", "class_unresolved", "queue_depth_mismatch"),
        *("missing_role", "served_exceeds_arrivals", "unmet_outflow"),
    }


@pytest.mark.parametrize("position", positions("series"))
def test_the_numbers_of_the_guide_are_what_a_run_gives(position: int, directory: Path) -> None:
    mark, _, text = BLOCKS[position]
    series, *given = mark.removeprefix("series: ").split()
    parameters = dict(pair.split("=") for pair in given)

    result = run(document_before(position), directory, **parameters)

    assert result.series(series).tolist() == [float(number) for number in text.split(",")]


@pytest.mark.parametrize("position", positions("wrong"))
def test_a_mistake_is_refused_in_the_words_of_the_guide(position: int) -> None:
    mark, _, text = BLOCKS[position]
    says = BLOCKS[position + 1]
    document = merged(document_before(position), yaml.safe_load(text))

    (problem,) = validate(document).problems

    assert problem.code == mark.removeprefix("wrong: ")
    assert says[0] == "says"
    assert says[2].strip() in problem.message


@pytest.mark.parametrize(("expression", "gives"), FUNCTIONS)
def test_an_example_of_a_function_gives_what_the_table_says(expression: str, gives: str) -> None:
    document = {
        "schemaVersion": 1,
        "metadata": {"id": "functions", "title": "Functions", "version": "1.0.0"},
        "grid": {"bins": 4, "binSize": 1, "binUnit": "hours"},
        "nodes": [
            {"id": "x", "kind": "const", "values": [4, 1, 3, 2]},
            {"id": "y", "kind": "expr", "expr": expression},
        ],
    }

    found = evaluate(bind(load_template(document))).series("y").tolist()

    assert found == [float(number) for number in gives.split(",")]


def test_the_table_has_every_function() -> None:
    named = {name for example, _ in FUNCTIONS for name in re.findall(r"([A-Z]+)\(", example)}

    assert named == {
        *("SHIFT", "CONV", "EMA", "MIN", "MAX", "CLAMP", "MOD", "FLOOR", "CEIL", "ROUND"),
        *("ABS", "STEP", "IF", "PULSE"),
    }


def test_the_mean_that_the_guide_quotes_is_the_mean() -> None:
    (position,) = [i for i in positions("step") if "pmf:" in BLOCKS[i][2]]
    (node,) = yaml.safe_load(BLOCKS[position][2])["nodes"]
    pairs = zip(node["pmf"]["values"], node["pmf"]["probabilities"], strict=True)

    assert f"{sum(value * share for value, share in pairs):.1f} bicycles an hour" in GUIDE


def test_a_part_can_be_asked_for_as_the_guide_says(directory: Path) -> None:
    result = run(document_before(len(BLOCKS)), directory)

    assert result.class_coverage == "full"
    assert 0 < result.series("workshop_queue@Racing").sum() < result.series("workshop_queue").sum()


def test_the_finished_template_is_found_in_a_directory_of_ones_own(
    data_dirs: DataDirs, directory: Path
) -> None:
    document = document_before(len(BLOCKS))
    (data_dirs.templates / "anything.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
    (data_dirs.templates / "workshop.csv").write_bytes((directory / "workshop.csv").read_bytes())

    entry = catalog.get_entry("bicycle-workshop")

    assert entry.problems == ()
    assert entry.narrative.startswith("Ana and Luis")
    (counted,) = entry.sources(["file:workshop.csv#bicycles"]).values()
    assert counted.sum() == 40


def test_the_templates_that_the_guide_recommends_are_shipped() -> None:
    recommended = set(
        re.findall(r"`([a-z]+(?:-[a-z]+)+)`", GUIDE.split("## Before you share it")[1])
    )

    assert len(recommended) == 5
    assert recommended <= {entry.template_id for entry in catalog.all_entries()}
