"""The reference of models names everything the engine knows, and nothing that it does not."""

from __future__ import annotations

import importlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import flowtime.engine
from docs.reference import generate_models
from docs.reference.model_words import WORDS
from flowtime.engine.reading.mappings import Keys

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "reference" / "models.md").read_text()

# They hold what other mappings hold: any kind of node, the display names of roles, a first look at the root.
COPIES = {"reading.nodes._ANY", "reading.topology._ALIASES", "loading.template._PARAMETERS"}


def keys_in_the_engine() -> Iterator[tuple[str, Keys]]:
    """Every ``Keys`` of the engine, by module and name."""
    package = f"{flowtime.engine.__name__}."
    for found in pkgutil.walk_packages(flowtime.engine.__path__, package):
        module = importlib.import_module(found.name)
        for name, value in vars(module).items():
            if isinstance(value, Keys):
                yield f"{found.name.removeprefix('flowtime.engine.')}.{name}", value


def test_the_page_is_what_the_script_writes() -> None:
    assert generate_models.page() == PAGE


def test_every_name_has_a_description() -> None:
    assert generate_models.undescribed() == set()


def test_no_description_has_outlived_its_name() -> None:
    assert generate_models.outlived() == set()


def test_every_description_is_a_sentence() -> None:
    for words in WORDS.values():
        for name, sentence in words.items():
            assert sentence.endswith("."), name
            assert sentence[0] in "`1" or sentence[0].isupper(), name


def test_no_kind_of_mapping_is_left_out() -> None:
    described = [keys for _, keys in generate_models.keys_by_section()]
    missing = {
        name
        for name, keys in keys_in_the_engine()
        if name not in COPIES and not any(keys is known for known in described)
    }

    assert missing == set()


def test_every_kind_of_mapping_has_a_heading() -> None:
    sections = {name for name, _ in generate_models.keys_by_section()}

    assert set(generate_models.HEADINGS) == sections


@pytest.mark.parametrize("kind", WORDS)
def test_every_description_is_on_the_page(kind: str) -> None:
    cells = re.findall(r"^\| `([^`]+)`", PAGE, re.MULTILINE)

    assert set(WORDS[kind]) <= set(cells)


def test_the_script_writes_the_page_wherever_it_is_run(tmp_path: Path) -> None:
    script = REPOSITORY / "docs" / "reference" / "generate_models.py"

    ended = subprocess.run(
        [sys.executable, script, tmp_path],
        cwd=tmp_path,
        capture_output=True,
        check=False,
        text=True,
    )

    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "models.md").read_text() == PAGE
