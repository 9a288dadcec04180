"""Warnings about routers, retries and shared capacity (engine §19): for each code a model that provokes it, and one that nearly does."""

from tests.engine.warnings.models import (
    BALANCED,
    NAN,
    ONES,
    Case,
    classed,
    retrying,
    routed,
    shared,
    source,
)

MECHANISMS: dict[str, tuple[Case, Case]] = {
    "missing_exhausted_failures": (
        retrying(maxAttempts=3, retryBudgetRemaining="budget"),
        retrying(maxAttempts=3, exhaustedFailures="dead"),
    ),
    "missing_retry_budget": (
        retrying(maxAttempts=3, exhaustedFailures="dead"),
        retrying(maxAttempts=3, retryBudgetRemaining="budget"),
    ),
    "router_unrouted_flow": (
        routed([{"target": "x", "classes": ["A"]}]),
        routed([{"target": "x", "classes": ["A"]}, {"target": "y"}]),
    ),
    "router_class_absent": (
        Case(
            {
                "a": ONES,
                "R": {
                    "kind": "router",
                    "inputs": {"queue": "a"},
                    "routes": [{"target": "x", "classes": ["B"]}, {"target": "y"}],
                },
            },
            rest=classed(("a", "A")),
        ),
        routed([{"target": "x", "classes": ["B"]}, {"target": "y"}]),
    ),
    "router_class_leakage": (
        routed(BALANCED, overrides={"x": [3] * 4, "x@A": [3] * 4}),
        routed(BALANCED, overrides={"x": [4] * 4, "x@A": [4] * 4}),
    ),
    "constrained_without_queue": (shared([3] * 4), shared([3] * 4, "queue")),
    "constraint_limited": (shared([4, 3, 4, 4]), shared([4] * 4)),
    "constraint_capacity_not_finite": (
        shared(source("k"), sources={"file:k": [9, NAN, 9, 9]}),
        shared(source("k"), sources={"file:k": [9, 9, 9, 9]}),
    ),
    "retry_kernel_policy": (
        retrying(retryKernel=[0, 0.8, 0.6]),
        retrying(retryKernel=[0, 0.6, 0.4]),
    ),
    "retries_abandoned": (retrying(retryKernel=[0, 0.5]), retrying(retryKernel=[0, 1])),
}
