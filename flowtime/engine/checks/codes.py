"""Every warning code with its severity, and the order in which warnings are reported (engine §19)."""

from __future__ import annotations

from collections.abc import Mapping

NEGATIVE_CODES: Mapping[str, str] = {
    "arrivals": "arrivals_negative",
    "served": "served_negative",
    "errors": "errors_negative",
    "attempts": "attempts_negative",
    "failures": "failures_negative",
    "exhaustedFailures": "exhausted_failures_negative",
    "queueDepth": "queue_depth_negative",
    "retryEcho": "retry_echo_negative",
    "retryBudgetRemaining": "retry_budget_negative",
}
"""The code for a role whose series falls below zero."""

_BY_SEVERITY: Mapping[str, tuple[str, ...]] = {
    "error": ("non_finite_series", "ledger_violation"),
    "warning": (
        *NEGATIVE_CODES.values(),
        "served_exceeds_arrivals",
        "served_exceeds_capacity",
        "errors_exceed_arrivals",
        "attempts_below_arrivals",
        "failures_exceed_attempts",
        "exhausted_exceeds_failures",
        "queue_depth_mismatch",
        "unmet_outflow",
        "edge_flow_mismatch_outgoing",
        "edge_flow_mismatch_incoming",
        "edge_class_mismatch",
        "edge_class_partial_coverage",
        "missing_role",
        "dispatch_never_releases",
        "dlq_non_terminal_inbound",
        "dlq_non_terminal_outbound",
        "router_unrouted_flow",
        "router_class_absent",
        "router_class_leakage",
        "constrained_without_queue",
        "constraint_capacity_not_finite",
        "wip_limit_not_finite",
        "non_finite_in_queue",
        "overflow_lost",
        "retry_kernel_policy",
        "self_shift_without_initial",
        "clamp_bounds_crossed",
        "pmf_duplicate_value",
        "output_matches_nothing",
        "parallelism_without_capacity",
        "series_kind_ambiguous",
        "class_not_present",
        "class_totals_mismatch",
        "class_unresolved",
        "class_partial",
        "backlog_age_risk",
    ),
    "info": (
        "served_on_closed_bin",
        "edge_series_unavailable",
        "missing_capacity",
        "missing_processing_time",
        "missing_served_count",
        "missing_exhausted_failures",
        "missing_retry_budget",
        "capacity_all_zero",
        "dependency_without_effort_edge",
        "dependency_without_retry_pressure",
        "queue_latency_unreported",
        "queue_latency_gate_closed",
        "dispatch_without_capacity",
        "constraint_limited",
        "retries_abandoned",
        "flow_latency_cycle",
        "backlog_growth_streak",
        "backlog_overload",
        "non_stationary",
    ),
}

SEVERITIES: Mapping[str, str] = {
    code: severity for severity, codes in _BY_SEVERITY.items() for code in codes
}
"""The severity of each code; in telemetry mode ``non_finite_series`` is only a warning (engine §5.2)."""

SEVERITY_RANK: Mapping[str, int] = {"error": 0, "warning": 1, "info": 2}
