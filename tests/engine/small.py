"""Small templates for the engine's tests: series by id, places, and what else a case needs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from flowtime.engine import Model, Result, bind, evaluate, load_template

K3 = [0.0, 0.6, 0.3, 0.1]
"""The kernel of the worked examples."""


def document(
    series: Mapping[str, Any],
    *,
    bins: int | None = None,
    places: Sequence[Mapping[str, Any]] = (),
    edges: Sequence[Mapping[str, Any]] = (),
    constraints: Sequence[Mapping[str, Any]] = (),
    minutes: int = 60,
    **rest: Any,
) -> dict[str, Any]:
    """A template: a list or number is a const node, text an expression, a mapping a whole node.

    There are as many bins as the first list has items, or 4.
    """
    lengths = [len(given) for given in series.values() if isinstance(given, list | np.ndarray)]
    bins = bins or (lengths[0] if lengths else 4)
    return {
        "schemaVersion": 1,
        "metadata": {"id": "small", "title": "Small", "version": "1.0.0"},
        "grid": {"bins": bins, "binSize": minutes, "binUnit": "minutes"},
        "nodes": [_node(name, given) for name, given in series.items()],
        "topology": {
            "nodes": list(places),
            "edges": list(edges),
            "constraints": list(constraints),
        },
        **rest,
    }


def model(series: Mapping[str, Any], **rest: Any) -> Model:
    return bind(load_template(document(series, **rest)))


def run(
    series: Mapping[str, Any],
    *,
    sources: Mapping[str, Any] | None = None,
    overrides: Mapping[str, Any] | None = None,
    replicate: int = 0,
    **rest: Any,
) -> Result:
    bound = model(series, **rest)
    return evaluate(bound, sources=sources, overrides=overrides, replicate=replicate)


def place(id: str, kind: str = "queue", **entries: Any) -> dict[str, Any]:
    """A topology node; roles and keys of the node are told apart by their names."""
    own = {
        "initialCondition",
        "dispatchSchedule",
        "wipLimit",
        "wipLimitSeries",
        "wipOverflow",
        "constraints",
        "label",
        "ui",
    }
    node = {name: value for name, value in entries.items() if name in own}
    roles = {name: value for name, value in entries.items() if name not in own}
    return {"id": id, "kind": kind, **node, "semantics": roles}


def traffic(**rates: Mapping[str, float]) -> dict[str, Any]:
    """Classes and the rates that split series: ``traffic(orders={"Red": 3, "Blue": 1})``."""
    names = sorted({name for split in rates.values() for name in split})
    entries = [
        {
            "nodeId": node,
            "classId": name,
            "pattern": {"kind": "constant", "ratePerBin": rate},
        }
        for node, split in rates.items()
        for name, rate in split.items()
    ]
    return {"classes": [{"id": name} for name in names], "traffic": {"arrivals": entries}}


def assert_series(result: Result, **expected: Sequence[float]) -> None:
    """Each series, by bare id, has these values within the tolerance of engine §1.4."""
    for name, values in expected.items():
        assert_close(result.series(name), values, name)


def assert_close(found: Any, expected: Any, what: str = "") -> None:
    wanted = np.asarray(expected, dtype=float)
    np.testing.assert_allclose(found, wanted, rtol=1e-9, atol=1e-9, err_msg=what)


def _node(name: str, given: Any) -> dict[str, Any]:
    if isinstance(given, str):
        return {"id": name, "kind": "expr", "expr": given}
    if isinstance(given, Mapping):
        return {"id": name, **given}
    return {"id": name, "kind": "const", "values": given}
