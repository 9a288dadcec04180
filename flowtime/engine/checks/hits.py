"""From bins and amounts to a warning: ranges, the worst bin, and one sentence, written when it is read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from ..problems import shown
from ..results.records import Warning
from .codes import SEVERITIES, SEVERITY_RANK

Look = Callable[[], tuple[np.ndarray, np.ndarray]]
"""Gives the bins concerned (booleans) and the amounts by which each bin is off, both of shape (bins,)."""


def amounts(bins: np.ndarray, values: np.ndarray) -> Look:
    """Bins with amounts that are at hand."""
    return lambda: (bins, values)


def unknowns(bins: np.ndarray) -> Look:
    """Bins in which there is no amount to speak of."""
    return lambda: (bins, np.full(len(bins), np.nan))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A warning that is due. Bins are looked at, and the sentence is put together, only when somebody asks.

    ``say`` is a sentence with gaps: ``{node}``, ``{first}``, ``{worst}`` (bins), ``{amount}`` (the worst),
    ``{total}`` (over the bins concerned), ``{bins}`` (how many), and the entries of ``words``.
    """

    code: str
    node: str | None
    say: str
    words: Mapping[str, str] = field(default_factory=dict)
    look: Look | None = None
    severity: str | None = None
    class_id: str | None = None
    edges: tuple[str, ...] = ()
    suggestion: Callable[[], str | None] | None = None
    shortest: int = 1

    def warning(self) -> Warning:
        """The warning in full; ranges shorter than ``shortest`` bins are left out."""
        facts = _read(*self.look(), self.shortest) if self.look else NO_FACTS
        return Warning(
            code=self.code,
            severity=self.severity or SEVERITIES[self.code],
            node=self.node,
            message=self.say.format(node=name(self.node), **facts.words, **self.words),
            bins=facts.spans,
            count=facts.count,
            worst_bin=facts.worst,
            worst_value=facts.amount,
            edges=self.edges,
            class_id=self.class_id,
            suggestion=self.suggestion() if self.suggestion else None,
        )


@dataclass(frozen=True, slots=True)
class Facts:
    """What bins and amounts come to; ``words`` fill the gaps of a sentence."""

    spans: tuple[tuple[int, int], ...]
    count: int
    worst: int | None
    amount: float | None
    words: Mapping[str, object]


NO_FACTS = Facts((), 0, None, None, {})


def _read(bins: np.ndarray, values: np.ndarray, shortest: int) -> Facts:
    """The ranges, the first of the worst bins, and the total over the bins concerned."""
    spans = find_spans(bins)
    if shortest > 1:
        spans = [span for span in spans if span[1] - span[0] + 1 >= shortest]
        bins = np.zeros_like(bins)
        for first, last in spans:
            bins[first : last + 1] = True
    concerned = bins.nonzero()[0]
    found = values[concerned]
    total = float(found.sum())
    if not np.isfinite(total):
        is_known = np.isfinite(found)
        concerned, found = concerned[is_known], found[is_known]
        total = float(found.sum())
    count = sum(last - first + 1 for first, last in spans)
    worst, amount = spans[0][0], None
    if found.size:
        at = int(found.argmax())
        worst, amount = int(concerned[at]), float(found[at])
    words = {
        "first": spans[0][0],
        "worst": worst,
        "amount": number(amount or 0.0),
        "total": number(total),
        "bins": f"{count} {'bin' if count == 1 else 'bins'}",
    }
    return Facts(tuple(spans), count, worst, amount, words)


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of a stack that are due for a warning; ``make`` says what each is to be warned of, or that it is not."""

    rows: np.ndarray
    make: Callable[[int], Hit | None]

    def hits(self) -> Iterator[Hit]:
        for row in self.rows.tolist():
            hit = self.make(row)
            if hit is not None:
                yield hit


def find_spans(bins: np.ndarray) -> list[tuple[int, int]]:
    """The inclusive ranges of true bins."""
    padded = np.zeros(len(bins) + 2, dtype=bool)
    padded[1:-1] = bins
    edges = (padded[1:] != padded[:-1]).nonzero()[0].tolist()
    return [(first, stop - 1) for first, stop in zip(edges[::2], edges[1::2], strict=True)]


def number(value: float) -> str:
    """An amount as sentences show it."""
    return f"{value:.6g}"


def name(text: str | None) -> str:
    """An id as sentences show it."""
    return shown(text or "the model")


def sort_warnings(warnings: Iterable[Warning]) -> tuple[Warning, ...]:
    """Warnings by severity, node and code (engine §19), then by class and edges."""
    return tuple(sorted(warnings, key=_rank))


def merge(warnings: Iterable[Warning]) -> tuple[Warning, ...]:
    """One warning a node, code, class and set of edges: bins are joined, the worst amount is kept."""
    found: dict[tuple[object, ...], Warning] = {}
    for warning in warnings:
        key = (warning.node, warning.code, warning.class_id, warning.edges)
        other = found.get(key)
        found[key] = warning if other is None else _join(other, warning)
    return sort_warnings(found.values())


def _join(one: Warning, two: Warning) -> Warning:
    bins = sorted({t for first, last in (*one.bins, *two.bins) for t in range(first, last + 1)})
    mask = np.zeros(bins[-1] + 1 if bins else 0, dtype=bool)
    mask[bins] = True
    values = [w for w in (one, two) if w.worst_value is not None]
    worst = max(values, key=lambda w: w.worst_value or 0.0, default=one)
    return replace(
        one,
        bins=tuple(find_spans(mask)),
        count=len(bins),
        worst_bin=worst.worst_bin,
        worst_value=worst.worst_value,
        suggestion=one.suggestion or two.suggestion,
    )


def _rank(warning: Warning) -> tuple[object, ...]:
    return (
        SEVERITY_RANK[warning.severity],
        warning.node or "",
        warning.code,
        warning.class_id or "",
        warning.edges,
    )
