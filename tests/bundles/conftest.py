"""Bundles to test with: two roots in a temporary directory, and one small run and one small capture to write."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flowtime import bundles
from flowtime.bundles import (
    AutoCapture,
    Grid,
    Published,
    Rng,
    Root,
    RunRecord,
    RunWarning,
    RunWindow,
    SeriesFacts,
    Target,
    TelemetryBundle,
    TelemetryProvenance,
    TelemetryWarning,
    TelemetryWindow,
    generation_name,
)

BINS = 4
HASH = "sha256:" + "ab" * 32
MODEL = b'{"grid":{"binSize":1,"binUnit":"hours","bins":4},"nodes":[]}'
NOW = "2026-11-23T10:15:00Z"

Tree = dict[str, tuple[str, bytes]]


@dataclass
class Roots:
    """The two roots, a sentinel tree beside them, and how to see what changed in any of them."""

    base: Path
    runs: Root
    telemetry: Root
    sentinel: Path
    written: list[str] = field(default_factory=list)

    def run(self, run_id: str = "run_1", **changes: Any) -> Published:
        return write_run(self.runs, run_id, **changes)

    def capture(
        self, target: Target | None = None, generation: int = 1, **changes: Any
    ) -> Published:
        return write_capture(
            self.telemetry, target or Target.for_run("run_1"), generation, **changes
        )

    def open_capture(self, target: Target | None = None, **options: Any) -> TelemetryBundle:
        return bundles.open_telemetry_bundle(
            self.telemetry, target or Target.for_run("run_1"), **options
        )

    def path_of_run(self, run_id: str = "run_1") -> Path:
        return self.runs.path / run_id

    def path_of_capture(self, run_id: str = "run_1", generation: int = 1) -> Path:
        return self.telemetry.path / "runs" / run_id / generation_name(generation)

    def everything(self) -> Tree:
        return tree(self.base)


def tree(path: Path) -> Tree:
    """Every entry below ``path``: what it is, and its content; links are not followed."""
    found: Tree = {}
    for entry in sorted(path.rglob("*")):
        name = str(entry.relative_to(path))
        if entry.is_symlink():
            found[name] = ("link", str(entry.readlink()).encode())
        elif entry.is_file():
            found[name] = ("file", entry.read_bytes())
        else:
            found[name] = ("directory", b"")
    return found


def run_record(run_id: str = "run_1", **changes: Any) -> RunRecord:
    facts: dict[str, Any] = {
        "run_id": run_id,
        "template_id": "intake",
        "template_version": "1.0.0",
        "template_title": "Intake",
        "mode": "simulation",
        "grid": Grid(bins=BINS, bin_size=1, bin_unit="hours"),
        "window": RunWindow(start_utc="2026-11-23T00:00:00Z", duration_minutes=BINS * 60),
        "rng": Rng(seed=7),
        "parameters": {"demand": [1.0, 2.5], "note": None},
        "overrides": {},
        "input_hash": HASH,
        "parameters_hash": HASH,
        "scenario_hash": HASH,
        "model_hash": f"sha256:{hashlib.sha256(MODEL).hexdigest()}",
        "warnings": (
            RunWarning(code="unmet_outflow", severity="warning", message="Two.", bins=((1, 2),)),
        ),
        "engine_version": "1.0.0",
        "created_utc": NOW,
        "provenance": {"replayOf": None},
    }
    return RunRecord(**{**facts, **changes})


def run_arrays(bins: int = BINS) -> dict[str, np.ndarray]:
    return {
        "arrivals@ARRIVALS@DEFAULT": np.arange(bins) + 0.5,
        "served@SERVED@DEFAULT": np.full(bins, 3.0),
    }


def write_run(root: Root, run_id: str, **changes: Any) -> Published:
    record = changes.pop("record", None) or run_record(run_id)
    arrays = changes.pop("arrays", None) or run_arrays(record.grid.bins)
    return bundles.write_run_bundle(
        root,
        run_id,
        record=record,
        template_text="# as written\nid: intake\n",
        model_document=MODEL,
        model_yaml="grid: {bins: 4}\n",
        index=[SeriesFacts(series_id=s, kind="flow", unit="entities/bin") for s in arrays],
        arrays=arrays,
        **changes,
    )


def write_capture(root: Root, target: Target, generation: int, **changes: Any) -> Published:
    run_id = changes.pop("run_id", target.run_id or "run_1")
    facts: dict[str, Any] = {
        "files": [
            ("Intake", "Arrivals", None, np.arange(BINS) + 0.1),
            ("Intake", "Served", None, np.array([1.0, np.nan, 3.0, -0.0])),
            ("Intake", "Served", "Gold", np.full(BINS, 1e-300)),
        ],
        "grid": Grid(bins=BINS, bin_size=1, bin_unit="hours"),
        "window": TelemetryWindow(
            start_time_utc="2026-11-23T00:00:00Z", duration_minutes=BINS * 60
        ),
        "provenance": TelemetryProvenance(
            run_id=run_id, scenario_hash=HASH, model_hash=HASH, captured_at_utc=NOW
        ),
        "warnings": [
            TelemetryWarning(
                code="nan_detected",
                message="Served of Intake has a missing value.",
                severity="warning",
                node_id="Intake",
                metric="Served",
                bins=((1, 1),),
            )
        ],
        "autocapture": AutoCapture(
            template_id="intake",
            template_version="1.0.0",
            capture_key=target.capture_key,
            source_run_id=run_id,
            capture_id="cap_1",
            generation=generation_name(generation),
            generated_at_utc=NOW,
            parameters_hash=HASH,
            scenario_hash=HASH,
            rng_seed=7,
            generator="flowtime 1.0.0",
        ),
        "supports_class_metrics": True,
        "classes": ["Gold"],
        "class_coverage": "partial",
    }
    return bundles.write_telemetry_bundle(root, target, generation, **{**facts, **changes})


@pytest.fixture
def roots(tmp_path: Path) -> Roots:
    base = tmp_path / "data"
    for name in ("runs", "telemetry", "outside"):
        (base / name).mkdir(parents=True)
    (base / "outside" / "secret.txt").write_text("untouched")
    (base / "outside" / "secret.csv").write_bytes(b"bin_index,value\n0,1\n")
    return Roots(
        base=base,
        runs=Root(base / "runs", "runs root"),
        telemetry=Root(base / "telemetry", "telemetry root"),
        sentinel=base / "outside",
    )


@pytest.fixture
def a_record() -> Callable[..., RunRecord]:
    return run_record


@pytest.fixture
def the_arrays() -> dict[str, np.ndarray]:
    return run_arrays()


@pytest.fixture
def tree_of() -> Callable[[Path], Tree]:
    return tree
