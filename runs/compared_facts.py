"""Two runs as a whole: parameters and seed, and what each node did, with what changed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from flowtime.engine import COLOURS
from runs import wording
from runs.detail import declared_parameters, say_value
from runs.layout import colours_of, layout_of
from runs.state import read_arrays

if TYPE_CHECKING:
    from flowtime.bundles import RunBundle
    from runs.compare import Pair
    from runs.models import Run

FIGURES: Mapping[str, tuple[str, Callable[[np.ndarray], np.floating]]] = {
    "served": ("served", np.nansum),
    "errors": ("errors", np.nansum),
    "queueDepth": ("largest queue", lambda values: np.fmax.reduce(values, initial=-np.inf)),
}
"""By role: the words of a node's figure, and how it follows from the values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparedParameter:
    """A parameter, or the seed, in both runs, in words."""

    name: str
    a: str
    b: str
    change: str
    is_different: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One number about a whole run, in both."""

    name: str
    a: float | None
    b: float | None

    @property
    def change(self) -> str:
        return wording.say_change(self.a, self.b)

    @property
    def share(self) -> float:
        """How far the two are apart, of the larger one; 1 where only one run has it."""
        if self.a is None or self.b is None:
            return float(self.a is not self.b)
        larger = max(abs(self.a), abs(self.b))
        return abs(self.b - self.a) / larger if larger else 0.0


def titles_of(run: Run) -> dict[str, str]:
    return {name: declared.title or name for name, declared in declared_parameters(run).items()}


def compare_parameters(pair: Pair, titles: Mapping[str, str]) -> list[ComparedParameter]:
    """Parameters, seed and mode, those that differ first."""
    a, b = pair.ours.record, pair.theirs.record
    more: list[tuple[str, Any, Any]] = [
        ("Seed", a.rng.seed, b.rng.seed),
        ("Mode", a.mode, b.mode),
    ]
    rows = [(row["name"], row["a"], row["b"], row["isDifferent"]) for row in pair.parameters]
    rows += [(name, ours, theirs, ours != theirs) for name, ours, theirs in more]
    shown = [
        ComparedParameter(
            name=titles.get(name, name),
            a=wording.UNDEFINED if ours is None else _say(ours),
            b=wording.UNDEFINED if theirs is None else _say(theirs),
            change=wording.say_change(ours, theirs) if is_different else "same",
            is_different=is_different,
        )
        for name, ours, theirs, is_different in rows
    ]
    return sorted(shown, key=lambda parameter: not parameter.is_different)


def _say(value: Any) -> str:
    return (
        str(value) if isinstance(value, int) and not isinstance(value, bool) else say_value(value)
    )


def compare_figures(pair: Pair) -> list[Figure]:
    """What is said of each run as a whole, then of its nodes, those that moved most before the others."""
    ours, theirs = (_figures_of(bundle) for bundle in (pair.ours, pair.theirs))
    of_nodes = [
        Figure(name=name, a=ours.get(name), b=theirs.get(name)) for name in {**ours, **theirs}
    ]
    of_nodes.sort(key=lambda figure: -figure.share)
    warnings = [len(bundle.record.warnings) for bundle in (pair.ours, pair.theirs)]
    return [Figure(name="Warnings", a=warnings[0], b=warnings[1]), *of_nodes]


def _figures_of(bundle: RunBundle) -> dict[str, float | None]:
    """By name, of every node: totals, the longest queue, and how often its promise was broken."""
    found: dict[str, float | None] = {}
    layout = layout_of(bundle)
    for place in layout.places:
        if place.kind == "dlq":
            # What lies there neither waits nor is served.
            continue
        observed = read_arrays(
            bundle, {role: e for role, e in place.observed.items() if role in FIGURES}
        )
        for role, (words, figure) in FIGURES.items():
            if role in observed:
                found[f"{place.label}, {words}"] = _number(figure(observed[role]))
        if place.promised is not None:
            colours = colours_of(place, read_arrays(bundle, place.derived), layout.bins)
            red = COLOURS.index("red")
            found[f"{place.label}, bins beyond the promise"] = int(np.count_nonzero(colours == red))
    return found


def _number(value: np.floating) -> float | None:
    return float(value) if np.isfinite(value) else None
