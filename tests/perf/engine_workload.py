"""What the engine is measured on: a chain of stages with capacities, errors, retries and queues, as a template.

In each stage: arrivals from the stage before, a capacity, served = MIN(arrivals, capacity), 2 % errors, retries by
CONV, and a queue with its derived metrics. Beside it a loop of five series, and many bins of plain arithmetic.
"""

import math


def workload(stages: int, bins: int) -> str:
    """A template of ``stages`` stages over ``bins`` bins of five minutes; the same text every time."""
    lines = [
        "schemaVersion: 1",
        "metadata: {id: bench-chain, title: Bench chain, version: 1.0.0}",
        f"grid: {{bins: {bins}, binSize: 5, binUnit: minutes}}",
        "nodes:",
    ]

    def const(node: str, values: list[float]) -> None:
        lines.append(f"  - {{id: {node}, kind: const, values: [{', '.join(map(repr, values))}]}}")

    def expr(node: str, text: str) -> None:
        lines.append(f'  - {{id: {node}, kind: expr, expr: "{text}"}}')

    const(
        "in_0",
        [round(100 + 40 * math.sin(t / 288 * 6.28) + (t * 7919 % 13), 3) for t in range(bins)],
    )
    for k in range(stages):
        const(f"cap_{k}", [round(110 + (t * 104729 % 17) - k * 0.5, 3) for t in range(bins)])
        expr(f"served_{k}", f"MIN(in_{k}, cap_{k})")
        expr(f"errors_{k}", f"in_{k} * 0.02")
        expr(f"retry_{k}", f"CONV(errors_{k}, [0.0, 0.6, 0.3, 0.1])")
        expr(f"in_{k + 1}", f"served_{k} + retry_{k}")
    lines.append("topology:")
    lines.append("  nodes:")
    for k in range(stages):
        lines.append(
            f"    - {{id: Q{k}, kind: serviceWithBuffer, semantics: {{arrivals: in_{k}, served: served_{k}, "
            f"errors: errors_{k}, capacity: cap_{k}, queueDepth: queue_{k}}}}}"
        )
    lines.append("  edges: []")
    return "\n".join(lines) + "\n"


def line_of_queues(nodes: int, bins: int) -> str:
    """Queues one behind the other over ``bins`` hours, with capacities that fail now and then, and connections."""
    lines = [
        "schemaVersion: 1",
        "metadata: {id: bench-line, title: Bench line, version: 1.0.0}",
        f"grid: {{bins: {bins}, binSize: 1, binUnit: hours}}",
        'window: {start: "2026-01-01T00:00:00Z", timezone: UTC}',
        "nodes:",
        '  - {id: came, kind: expr, expr: "60 + 30 * PULSE(24, 9) + 45 * PULSE(24, 17)"}',
    ]
    for k in range(nodes):
        slots = f"68 - {k % 7} * PULSE(24, {k % 24}) - 50 * PULSE({200 + k * 13}, {k * 31})"
        lines.append(f'  - {{id: slots_{k}, kind: expr, expr: "{slots}"}}')
        lines.append(f'  - {{id: lost_{k}, kind: expr, expr: "{1 + k % 3} * PULSE({50 + k})"}}')
    lines += ["topology:", "  nodes:"]
    for k in range(nodes):
        lines.append(
            f"    - {{id: S{k}, label: Stage {k}, kind: queue, semantics: {{arrivals: "
            f"{f'out_{k - 1}' if k else 'came'}, served: out_{k}, errors: lost_{k}, "
            f"queueDepth: queue_{k}, capacity: slots_{k}, slaMin: 60}}}}"
        )
    lines.append("  edges:")
    lines += [f"    - {{from: S{k}, to: S{k + 1}}}" for k in range(nodes - 1)]
    return "\n".join(lines) + "\n"


def loop(bins: int) -> str:
    """One feedback loop of five series: a backlog throttles what comes in, and failures come back."""
    return _document(
        bins,
        ("base", f"100 + 40 * PULSE({max(bins // 30, 2)})"),
        ("pressure", "CLAMP(SHIFT(backlog, 1) / 500, 0, 1)"),
        ("inflow", "base * (1 - 0.5 * pressure) + SHIFT(failures, 1)"),
        ("served", "MIN(SHIFT(backlog, 1) + inflow, 120)"),
        ("failures", "0.1 * served"),
        ("backlog", "MAX(0, SHIFT(backlog, 1) + inflow - served)"),
        backlog="initial: 0",
    )


def acyclic(bins: int, series: int) -> str:
    """``series`` expressions, none of which needs itself."""
    given = [("s0", "100 + 10 * PULSE(7) - 3 * PULSE(5, 1)")]
    forms = (
        "MIN({0}, 105) + 1",
        "{0} * 0.98 - {1} / 50",
        "SHIFT({0}, 3) + 0.1 * {1}",
        "MAX({0}, {1})",
    )
    for n in range(1, series):
        form = forms[n % len(forms)]
        given.append((f"s{n}", form.format(f"s{n - 1}", f"s{max(n - 2, 0)}")))
    return _document(bins, *given)


def _document(bins: int, *series: tuple[str, str], **more: str) -> str:
    lines = [
        "schemaVersion: 1",
        "metadata: {id: bench, title: Bench, version: 1.0.0}",
        f"grid: {{bins: {bins}, binSize: 5, binUnit: minutes}}",
        "nodes:",
    ]
    for node, text in series:
        rest = f", {more[node]}" if node in more else ""
        lines.append(f'  - {{id: {node}, kind: expr, expr: "{text}"{rest}}}')
    return "\n".join(lines) + "\n"
