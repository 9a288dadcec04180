"""The models of the explanation pages, read from the pages themselves, and what a run of each gives."""

import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from flowtime.engine import Result, bind, evaluate, load_template

PAGE = Path(__file__).resolve().parent / "how-the-engine-computes.md"
_MARKED = re.compile(
    r"<!-- (?P<kind>\w+): (?P<name>[^>]*?) -->\n(?P<block>```\w+\n.*?```|\|.*?)(?=\n\n|\Z)",
    re.DOTALL,
)


def marked(kind: str) -> dict[str, str]:
    """The blocks and tables of the page that are marked as ``kind``, by name."""
    text = PAGE.read_text(encoding="utf-8")
    return {m["name"]: _inside(m["block"]) for m in _MARKED.finditer(text) if m["kind"] == kind}


def _inside(block: str) -> str:
    return block.split("\n", 1)[1].removesuffix("```") if block.startswith("```") else block


def document(name: str) -> dict[str, Any]:
    """A model of the page as a whole template, with the head that the page leaves out."""
    given: dict[str, Any] = yaml.safe_load(marked("model")[name])
    head = {
        "schemaVersion": 1,
        "metadata": {"id": name, "title": name.capitalize(), "version": "1.0.0"},
        "grid": {"bins": _bins(name), "binSize": 1, "binUnit": "hours"},
    }
    return head | given


def _bins(name: str) -> int:
    """As many bins as the page's table of this model has columns."""
    found = [
        table.count("|", 0, table.index("\n")) - 2
        for kind in ("numbers", "ledger")
        for title, table in marked(kind).items()
        if title.split()[0] == name
    ]
    return found[0] if found else 3


@cache
def result(name: str) -> Result:
    """The run of one model of the page."""
    return evaluate(bind(load_template(document(name))))
