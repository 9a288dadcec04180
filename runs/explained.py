"""How each derived metric is computed, as formulas whose names are replaced by the values of a bin (engine §17.2)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from runs import wording
from runs.expressed import column_of
from runs.travel import value_in

if TYPE_CHECKING:
    from runs.expressed import Expressed, Term
    from runs.state import Arrays

_NAME = re.compile(r"\{(\w+)(?::(before))?\}")
FINE = 3
"""Decimals of what an author computes with: shares and rates among them."""


@dataclass(frozen=True, slots=True)
class Rule:
    """``text`` holds names in braces; ``{name:before}`` is the bin before. ``undefined`` says when there is no value."""

    title: str
    text: str
    undefined: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of a formula: words, or a name with its value ``back`` bins before the one shown.

    ``first`` is what it reads before the run; None where there is nothing to read.
    """

    words: str
    name: str = ""
    back: int = 0
    first: float | None = None
    value: float | None = None
    decimals: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """One metric of a place in one bin: its formula by names, by values, and what comes out."""

    metric: str
    title: str
    parts: tuple[Part, ...]
    result: Part
    unit: str
    undefined: str
    promise: str

    @property
    def has_values(self) -> bool:
        """Whether there are names in it that values can stand for."""
        return any(part.name for part in self.parts)

    @property
    def has_before(self) -> bool:
        """Whether it reads the bin before, of which the first bin has none."""
        return any(part.back and part.first is None for part in self.parts)

    @property
    def is_first(self) -> bool:
        return any(part.back and part.first is None and part.value is None for part in self.parts)


RULES: Mapping[str, Rule] = {
    "queueDepth": Rule("How the queue is computed", "{queueDepth:before} + {arrivals} − {served}"),
    "latencyMinutes": Rule(
        "How the wait is computed", "{queueDepth} / {served} × BIN", "nothing was served", "min"
    ),
    "utilization": Rule(
        "How the load is computed", "{served} / {effectiveCapacity}", "there was no capacity"
    ),
    "throughputRatio": Rule(
        "How the throughput ratio is computed",
        "{served} / {arrivals}, at most 1",
        "nothing arrived",
    ),
    "effectiveCapacity": Rule(
        "How the effective capacity is computed", "{capacity} × {parallelism}", "no capacity"
    ),
    "queueTimeMs": Rule(
        "How the queue time is computed",
        "{queueDepth} / {served} × BIN × 60,000",
        "nothing was served",
        "ms",
    ),
    "serviceTimeMs": Rule(
        "How the service time is computed",
        "{processingTimeMsSum} / {servedCount}",
        "nothing was served",
        "ms",
    ),
    "cycleTimeMs": Rule(
        "How the cycle time is computed",
        "{queueTimeMs} + {serviceTimeMs}",
        "neither is defined",
        "ms",
    ),
    "flowEfficiency": Rule(
        "How the flow efficiency is computed",
        "{serviceTimeMs} / {cycleTimeMs}",
        "one of the two is undefined",
    ),
    "retryTax": Rule(
        "How the retry tax is computed",
        "({attempts} − {served}) / {attempts}",
        "nothing was attempted",
    ),
    "oldestAgeMin": Rule(
        "How the oldest age is computed",
        "how long the oldest work in the queue has waited, first in, first out",
        unit="min",
    ),
    "flowLatencyMs": Rule(
        "How the flow latency is computed",
        "the cycle time here, after that of the nodes before, weighted by what flows in from each",
        "nothing came through",
        "ms",
    ),
    "kingmanWaitMs": Rule(
        "How the estimated wait is computed",
        "Kingman’s estimate from the load, the variation of arrivals and service, and the service time",
        "the load is not between 0 and 1",
        "ms",
    ),
    "retryEcho": Rule(
        "How the retries are computed", "the failures of earlier bins, spread by the retry kernel"
    ),
    "constraintShortfall": Rule(
        "How the shortfall is computed", "what the tightest shared constraint could not give"
    ),
}


def explain(
    metric: str,
    columns: Arrays,
    index: int,
    *,
    bin_minutes: int,
    promised: float | None,
    decimals: Mapping[str, int],
) -> Explanation | None:
    """How ``metric`` came about in bin ``index`` of the place that has ``columns``; None where nothing is to be said."""
    rule = RULES.get(metric)
    if rule is None or metric not in columns:
        return None
    text = _fitting(metric, rule.text, columns)
    if text is None:
        return None
    text = text.replace("BIN", wording.say_number(bin_minutes))
    parts, end = [], 0
    for found in _NAME.finditer(text):
        if found.start() > end:
            parts.append(Part(words=text[end : found.start()]))
        name, is_before = found[1], found[2] is not None
        parts.append(
            Part(
                words=f"{name} before" if is_before else name,
                name=name,
                back=int(is_before),
                value=value_in(columns, name, index - is_before),
                decimals=decimals.get(name, 1),
            )
        )
        end = found.end()
    if end < len(text):
        parts.append(Part(words=text[end:]))
    value = value_in(columns, metric, index)
    return Explanation(
        metric=metric,
        title=rule.title,
        parts=tuple(parts),
        result=Part(
            words=metric, name=metric, value=value, decimals=max(decimals.get(metric, 1), 1)
        ),
        unit=rule.unit,
        undefined=rule.undefined or "nothing to compute it from",
        promise=f", promised {wording.say_number(promised)}"
        if promised is not None and metric == "latencyMinutes"
        else "",
    )


def explain_expression(told: Expressed, columns: Arrays, index: int) -> Explanation:
    """How the template itself computes a series of a place; ``columns`` hold its inputs and the series."""
    name = column_of(told.key)
    return Explanation(
        metric=name,
        title=f"Expression of {told.role}: {told.key}",
        parts=tuple(
            _part(term, columns, index) if term.key else Part(words=term.words)
            for term in told.terms
        ),
        result=Part(words=told.key, name=name, value=value_in(columns, name, index), decimals=FINE),
        unit=told.entry.unit,
        undefined="something that it reads is undefined",
        promise="",
    )


def _part(term: Term, columns: Arrays, index: int) -> Part:
    name = column_of(term.key)
    is_before = index < term.back
    return Part(
        words=term.words,
        name=name,
        back=term.back,
        first=term.first,
        value=term.first if is_before else value_in(columns, name, index - term.back),
        decimals=FINE,
    )


def _fitting(metric: str, text: str, columns: Arrays) -> str | None:
    """The formula as this place has it: what is not bound is left out; None where the numbers do not follow it."""
    if metric == "queueDepth":
        return _recurrence(text, columns)
    if metric == "effectiveCapacity" and "parallelism" not in columns:
        return "{capacity}"
    if metric == "cycleTimeMs":
        bound = [name for name in ("queueTimeMs", "serviceTimeMs") if name in columns]
        return " + ".join(f"{{{name}}}" for name in bound)
    names = {found[1] for found in _NAME.finditer(text)}
    return text if names <= columns.keys() else None


def _recurrence(text: str, columns: Arrays) -> str | None:
    """What stays in a queue, with errors where they leave it; only where that holds in every bin but the first."""
    if not {"arrivals", "served"} <= columns.keys():
        return None
    depth = columns["queueDepth"]
    grown = np.diff(depth) - (columns["arrivals"] - columns["served"])[1:]
    if np.allclose(grown, 0, atol=1e-6):
        return text
    if "errors" in columns and np.allclose(grown, -columns["errors"][1:], atol=1e-6):
        return f"{text} − {{errors}}"
    return None
