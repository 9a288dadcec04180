"""Warnings about queues, their limits and their timetables (engine §19): for each code a model that provokes it, and one that nearly does."""

from tests.engine.warnings.models import (
    NAN,
    ONES,
    ZEROS,
    Case,
    buffered,
    depth,
    place,
    queue,
    scheduled,
    source,
)

STOCKS: dict[str, tuple[Case, Case]] = {
    "queue_depth_mismatch": (depth([0, 1, 0, 0]), depth(ZEROS)),
    "unmet_outflow": (queue([4] * 4, [4, 5, 4, 4]), queue([4] * 4, [4, 4, 4, 4])),
    "served_on_closed_bin": (
        buffered({"periodBins": 2, "phaseOffset": 1}, [2] * 4),
        buffered({"periodBins": 2, "phaseOffset": 1}, [0, 2, 0, 2]),
    ),
    "queue_latency_unreported": (queue(ONES, [1, 0, 1, 1]), queue([1, 0, 1, 1], [1, 0, 1, 1])),
    "queue_latency_gate_closed": (
        scheduled([2, 2, 2, 2]),
        scheduled([2, 2, 2, 2], dispatch={"periodBins": 1}),
    ),
    "dispatch_without_capacity": (
        scheduled([2] * 4),
        scheduled([2] * 4, dispatch={"capacitySeries": 9}),
    ),
    "dispatch_never_releases": (scheduled([2, 0, 2, 0]), scheduled([2, 0, 2, 2])),
    "wip_limit_not_finite": (
        Case(
            {"a": ONES, "s": ONES, "l": source("l")},
            (place("Desk", "queue", top={"wipLimitSeries": "l"}, arrivals="a", served="s"),),
            sources={"file:l": [9, NAN, 9, 9]},
        ),
        Case(
            {"a": ONES, "s": ONES, "l": source("l")},
            (place("Desk", "queue", top={"wipLimitSeries": "l"}, arrivals="a", served="s"),),
            sources={"file:l": [9, -9, 9, 9]},
        ),
    ),
    "non_finite_in_queue": (
        Case(
            {"a": source("a"), "s": ONES},
            (place("Desk", "queue", arrivals="a", served="s"),),
            sources={"file:a": [1, NAN, 1, 1]},
        ),
        Case(
            {"a": source("a"), "s": ONES},
            (place("Desk", "queue", arrivals="a", served="s"),),
            sources={"file:a": ONES},
        ),
    ),
    "overflow_lost": (queue([3] * 4, ONES, wipLimit=2), queue([3] * 4, ONES, wipLimit=8)),
}
