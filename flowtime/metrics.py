"""What /metrics counts beyond requests: runs, captures, and how long they took."""

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
