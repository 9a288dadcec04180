"""The models on which the accelerator and numpy are compared, with what their runs are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from flowtime.engine import Limits, Model, Result, bind, load_template
from flowtime.engine.evaluation.plan import Plan, build_plan
from flowtime.engine.native.library import Library
from runs.catalog.sources import read_columns
from tests.engine.test_conformance import NAMES as CASES
from tests.engine.test_conformance import bind_case, read_case
from tests.perf import engine_workload
from tests.runs.catalog.goldens import IDS, SHIPPED, template_of

WORKLOADS = {
    "chain of 20 x 288": engine_workload.workload(20, 288),
    # More than a block between two anchors of a scan, and a rest that is no whole strip.
    "chain of 3 x 4,003": engine_workload.workload(3, 4003),
    "loop x 1,000": engine_workload.loop(1000),
    "acyclic x 1,000": engine_workload.acyclic(1000, 20),
    "line of 12 x 1,543": engine_workload.line_of_queues(12, 1543),
    "line of 3 x 7": engine_workload.line_of_queues(3, 7),
}
NAMES = (
    *(f"conformance/{name}" for name in CASES if not name.startswith("invalid-")),
    *(f"catalog/{name}" for name in IDS),
    *(f"workload/{name}" for name in WORKLOADS),
)


@dataclass(frozen=True, slots=True)
class Job:
    """A model, and what each of its runs is given."""

    model: Model
    given: dict[str, Any] = field(default_factory=dict)


def job_of(name: str) -> Job:
    kind, _, rest = name.partition("/")
    if kind == "workload":
        return Job(bind(load_template(WORKLOADS[rest])))
    if kind == "catalog":
        model = bind(template_of(rest))
        texts = [node.source for node in model.nodes if getattr(node, "source", None)]
        return Job(model, {"sources": read_columns(SHIPPED, texts)})
    case = read_case(rest)
    given = {
        kind: {key: np.array(values, dtype=float) for key, values in case.get(kind, {}).items()}
        for kind in ("sources", "overrides")
    }
    return Job(bind_case(case), {**given, "replicate": case.get("replicate", 0)})


def plan_for(job: Job, library: Library | None) -> Plan:
    return build_plan(
        job.model, overrides=job.given.get("overrides", ()), limits=Limits(), library=library
    )


def assert_identical(one: Result, other: Result) -> None:
    """Every number to the sign of zero, every warning, every hash."""
    for info, a, b in zip(one.index, one.values, other.values, strict=True):
        same = (a == b) & (np.signbit(a) == np.signbit(b)) | (np.isnan(a) & np.isnan(b))
        assert same.all(), f"{info.id} in bin {int(np.argmin(same))}"
    assert one.warnings == other.warnings
    assert one.hashes() == other.hashes()


def assert_agreement(job: Job, library: Library) -> None:
    """One run at full speed, one that is watched and so goes piece by piece, and one on numpy."""
    alone = plan_for(job, None).run(**job.given)
    plan = plan_for(job, library)
    assert_identical(plan.run(**job.given), alone)
    assert_identical(plan.run(**job.given, cancel=lambda: False), alone)
