"""What a template of the catalog gives at its defaults, in a form that is kept beside the tests."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from flowtime.engine import COLOURS, Result, Template, bind, evaluate, load_template
from runs.catalog.sources import read_columns

SHIPPED = Path(__file__).parents[3] / "runs" / "catalog"
GOLDEN = Path(__file__).parent / "golden"
IDS = tuple(sorted(path.stem for path in SHIPPED.glob("*.yaml")))
SAMPLES = 8
DIGITS = 12


@cache
def template_of(template_id: str) -> Template:
    return load_template((SHIPPED / f"{template_id}.yaml").read_bytes())


def evaluated(template_id: str, *, replicate: int = 0, **parameters: Any) -> Result:
    """A run of a shipped template; parameters that are not given have their defaults."""
    model = bind(template_of(template_id), parameters)
    texts = [node.source for node in model.nodes if getattr(node, "source", None)]
    return evaluate(model, sources=read_columns(SHIPPED, texts), replicate=replicate)


@cache
def at_defaults(template_id: str) -> Result:
    return evaluated(template_id)


def facts_of(result: Result) -> dict[str, Any]:
    """Everything that is kept of a run: each series, each warning, each node's colours and promises."""
    nodes = [node.id for node in result.model.topology.nodes]
    return {
        "series": {info.id: numbers_of(result.series(info.id)) for info in result.index},
        "warnings": [
            {
                "code": found.code,
                "severity": found.severity,
                "node": found.node,
                "bins": [list(span) for span in found.bins],
                "count": found.count,
                "classId": found.class_id,
            }
            for found in result.warnings
        ],
        "colours": {node: colours_of(result, node) for node in nodes},
        "sla": {
            node: {name: rounded(met.share) for name, met in result.sla(node).items()}
            for node in nodes
        },
    }


def numbers_of(values: np.ndarray) -> dict[str, Any]:
    """Sum, extremes, last value and a sample of the bins; what is undefined is null."""
    known = values[np.isfinite(values)]
    sample = np.linspace(0, len(values) - 1, min(SAMPLES, len(values))).round().astype(int)
    return {
        "sum": rounded(known.sum()),
        "min": rounded(known.min() if known.size else np.nan),
        "max": rounded(known.max() if known.size else np.nan),
        "last": rounded(values[-1]),
        "sample": [rounded(value) for value in values[sample]],
    }


def rounded(value: float | None) -> float | str | None:
    if value is None or np.isnan(value):
        return None
    return "inf" if np.isposinf(value) else float(f"{value:.{DIGITS}g}") + 0.0


def colours_of(result: Result, node: str) -> dict[str, int]:
    counts = Counter(COLOURS[colour] for colour in result.colours(node))
    return {colour: counts[colour] for colour in COLOURS if counts[colour]}


def golden_path(template_id: str) -> Path:
    return GOLDEN / f"{template_id}.json"


def read_golden(template_id: str) -> dict[str, Any]:
    facts: dict[str, Any] = json.loads(golden_path(template_id).read_text())
    return facts


def golden_text(facts: dict[str, Any]) -> str:
    """JSON with one fact a line, so that a change can be read in a diff."""
    sections = []
    for name, content in facts.items():
        if isinstance(content, dict):
            lines = [
                f"    {json.dumps(key)}: {json.dumps(value)}" for key, value in content.items()
            ]
            sections.append(f'  "{name}": {{\n' + ",\n".join(lines) + "\n  }")
        else:
            lines = [f"    {json.dumps(value)}" for value in content]
            sections.append(f'  "{name}": [\n' + ",\n".join(lines) + "\n  ]")
    return "{\n" + ",\n".join(sections) + "\n}\n"
