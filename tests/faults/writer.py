"""A process of its own that publishes generations and says each one it may acknowledge: the victim of tracers and power cuts.

``python -m tests.faults.writer ROOT RUN_ID COUNT [FIXED]`` loads no Django. With FIXED the staging directory has
that name, so that a tracer can be pointed at it.
"""

from __future__ import annotations

import sys
import uuid
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from flowtime.bundles import (
    AutoCapture,
    BundleError,
    Grid,
    Root,
    Target,
    TelemetryProvenance,
    TelemetryWindow,
    generation_name,
    generations,
    publish,
    write_telemetry_bundle,
)

BINS = 288
NOW = "2026-11-23T10:15:00Z"
HASH = "sha256:" + "ab" * 32


def write(root: Root, run_id: str, generation: int) -> str:
    """Publish one generation whose values all are its number; the digest of its manifest."""
    target = Target.for_run(run_id)
    published = write_telemetry_bundle(
        root,
        target,
        generation,
        files=[
            (node, metric, None, np.full(BINS, float(generation)))
            for node in ("Desk", "Gate")
            for metric in ("Arrivals", "Served")
        ],
        grid=Grid(bins=BINS, bin_size=5, bin_unit="minutes"),
        window=TelemetryWindow(duration_minutes=BINS * 5),
        provenance=TelemetryProvenance(
            run_id=run_id, scenario_hash=HASH, model_hash=HASH, captured_at_utc=NOW
        ),
        autocapture=AutoCapture(
            template_id="desk",
            template_version="1.0.0",
            source_run_id=run_id,
            capture_id=f"cap_{generation}",
            generation=generation_name(generation),
            generated_at_utc=NOW,
            parameters_hash=HASH,
            scenario_hash=HASH,
            rng_seed=7,
            generator="campaign",
        ),
    )
    return published.manifest_hash


def main(place: str, run_id: str, count: str, fixed: str = "") -> int:
    """Publish ``count`` generations more; 0 when all were acknowledged."""
    root = Root(Path(place), "telemetry root")
    if fixed:
        publish.uuid = SimpleNamespace(uuid4=lambda: uuid.UUID(fixed))  # type: ignore[assignment]
    first = 1 + max([0, *generations(root, Target.for_run(run_id))])
    for generation in range(first, first + int(count)):
        try:
            digest = write(root, run_id, generation)
        except BundleError as error:
            sys.stdout.write(f"refused {error.code} {error.detail}\n")
            return 1
        sys.stdout.write(f"acknowledged {generation} {digest}\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
