"""What /metrics counts beyond requests: runs, captures, and how long they took."""

from collections.abc import Mapping
from typing import Any

from prometheus_client import Counter, Histogram

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)

run_created_total = Counter("run_created_total", "Runs created.", ("mode",))
run_failed_total = Counter("run_failed_total", "Runs that failed.", ("code",))
run_duration_seconds = Histogram(
    "run_duration_seconds", "From start to end of a run.", ("mode",), buckets=SECONDS
)
capture_generated_total = Counter("capture_generated_total", "Telemetry bundles generated.")
capture_refused_total = Counter("capture_refused_total", "Captures refused.", ("code",))
capture_duration_seconds = Histogram(
    "capture_duration_seconds", "From start to end of a capture.", buckets=SECONDS
)


def count_run_event(name: str, *, mode: str, facts: Mapping[str, Any]) -> None:
    """Count what an event in the life of a run stands for."""
    match name:
        case "run.created":
            run_created_total.labels(mode).inc()
        case "run.failed":
            run_failed_total.labels(facts["code"]).inc()
        case "run.succeeded":
            run_duration_seconds.labels(mode).observe(facts["durationMs"] / 1000)
