"""Warnings about role series against zero and against each other (engine §19): for each code a model that provokes it, and one that nearly does."""

from tests.engine.warnings.models import (
    NAN,
    ONES,
    ZEROS,
    Case,
    depth,
    place,
    queue,
    role,
    service,
    source,
)

LEVELS: dict[str, tuple[Case, Case]] = {
    "arrivals_negative": (queue([5, -3, 4, 0], ONES), queue([5, 0, 4, 0], ONES)),
    "served_negative": (queue([5] * 4, [1, -1, 1, 1]), queue([5] * 4, [1, 0, 1, 1])),
    "errors_negative": (role("errors", [0, -1, 0, 0]), role("errors", [0, -1e-7, 0, 0])),
    "attempts_negative": (role("attempts", [9, -1, 9, 9]), role("attempts", [9, 0, 9, 9])),
    "failures_negative": (role("failures", [0, -1, 0, 0]), role("failures", ZEROS)),
    "exhausted_failures_negative": (
        role("exhaustedFailures", [0, -1, 0, 0]),
        role("exhaustedFailures", ZEROS),
    ),
    "queue_depth_negative": (depth([0, 0, -1, 0]), depth(ZEROS)),
    "retry_echo_negative": (role("retryEcho", [0, -1, 0, 0]), role("retryEcho", ZEROS)),
    "retry_budget_negative": (
        role("retryBudgetRemaining", [0, -1, 0, 0]),
        role("retryBudgetRemaining", ZEROS),
    ),
    "served_exceeds_arrivals": (
        service(arrivals=[1, 2, 3, 4], served=[1, 3, 3, 4]),
        service(arrivals=[1, 2, 3, 4], served=[1, 2 + 1e-7, 3, 4]),
    ),
    "served_exceeds_capacity": (
        service(arrivals=[9] * 4, served=[5] * 4, capacity=[5, 4, 5, 5]),
        service(arrivals=[9] * 4, served=[5] * 4, capacity=[5] * 4),
    ),
    "errors_exceed_arrivals": (
        service(arrivals=[1] * 4, served=ZEROS, errors=[0, 2, 0, 0]),
        service(arrivals=[1] * 4, served=ZEROS, errors=[0, 1, 0, 0]),
    ),
    "attempts_below_arrivals": (
        service(arrivals=[4] * 4, served=ONES, attempts=[4, 3, 4, 4]),
        service(arrivals=[4] * 4, served=ONES, attempts=[4, 5, 4, 4]),
    ),
    "failures_exceed_attempts": (
        service(arrivals=[2] * 4, served=ONES, attempts=[2] * 4, failures=[0, 3, 0, 0]),
        service(arrivals=[2] * 4, served=ONES, attempts=[2] * 4, failures=[0, 2, 0, 0]),
    ),
    "exhausted_exceeds_failures": (
        service(arrivals=[2] * 4, served=ONES, failures=ONES, exhaustedFailures=[0, 2, 0, 0]),
        service(arrivals=[2] * 4, served=ONES, errors=ONES, exhaustedFailures=[0, 1, 0, 0]),
    ),
    "capacity_all_zero": (
        service(arrivals=ONES, served=ZEROS, capacity=ZEROS),
        service(arrivals=ONES, served=ZEROS, capacity=[0, 0, 1, 0]),
    ),
    "non_finite_series": (
        Case(
            {"a": source("a")},
            (place("Desk", "service", arrivals="a", served="a"),),
            sources={"file:a": [1, NAN, 1, 1]},
        ),
        Case(
            {"a": source("a"), "s": ONES},
            (place("Desk", "service", arrivals="s", served="s", externalDemand="a"),),
            sources={"file:a": [1, NAN, 1, 1]},
        ),
    ),
}
