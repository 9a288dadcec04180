"""Warnings about what a model leaves out, repeats or cannot mean (engine §19): for each code a model that provokes it, and one that nearly does."""

from tests.engine.warnings.models import ONES, Case, place, queue, service

DOCUMENTS: dict[str, tuple[Case, Case]] = {
    "missing_role": (
        Case({"a": ONES}, (place("Desk", "service", arrivals="a"),), rest={"mode": "telemetry"}),
        Case({"a": ONES}, (place("Desk", "sink", arrivals="a"),), rest={"mode": "telemetry"}),
    ),
    "missing_capacity": (
        service(arrivals=ONES, served=ONES, parallelism=ONES),
        service(arrivals=ONES, served=ONES, parallelism=ONES, capacity=ONES),
    ),
    "missing_processing_time": (
        service(arrivals=ONES, served=ONES, servedCount=ONES),
        service(arrivals=ONES, served=ONES, servedCount=ONES, processingTimeMsSum=ONES),
    ),
    "missing_served_count": (
        service(arrivals=ONES, served=ONES, processingTimeMsSum=ONES),
        service(arrivals=ONES, served=ONES, servedCount=ONES, processingTimeMsSum=ONES),
    ),
    "self_shift_without_initial": (
        Case({"x": "SHIFT(x, 1) + 1"}),
        Case({"x": {"kind": "expr", "expr": "SHIFT(x, 1) + 1", "initial": 0}}),
    ),
    "clamp_bounds_crossed": (
        Case({"x": ONES, "lo": [0, 3, 0, 0], "y": "CLAMP(x, lo, 2)"}),
        Case({"x": ONES, "lo": [0, 2, 0, 0], "y": "CLAMP(x, lo, 2)"}),
    ),
    "pmf_duplicate_value": (
        Case({"x": {"kind": "pmf", "pmf": {"values": [1, 1], "probabilities": [0.5, 0.5]}}}),
        Case({"x": {"kind": "pmf", "pmf": {"values": [1, 2], "probabilities": [0.5, 0.5]}}}),
    ),
    "output_matches_nothing": (
        Case({"x": ONES}, rest={"outputs": [{"series": "y"}, {"series": "x"}]}),
        Case({"x": ONES}, rest={"outputs": [{"series": "x"}]}),
    ),
    "parallelism_without_capacity": (
        queue(ONES, ONES, roles={"parallelism": 2}),
        queue(ONES, ONES, roles={"parallelism": 2, "capacity": 4}),
    ),
    "series_kind_ambiguous": (
        queue(ONES, ONES, roles={"parallelism": "s", "capacity": 4}),
        queue(ONES, ONES, roles={"parallelism": "p", "capacity": 4}, series={"p": ONES}),
    ),
}
