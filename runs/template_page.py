"""A template as its page shows it: story, parameters, topology, formulas, classes, and what is known of it without numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

from flowtime.engine import Report, validate
from runs import forms, wording
from runs.clock import from_grid
from runs.detail import say_value
from runs.formulas import say_operand
from runs.graph import graph_of_template
from runs.topology import KIND_WORDS, Drawing, draw_topology

if TYPE_CHECKING:
    from flowtime.engine import Model, Parameter, Problem
    from runs.catalog import CatalogEntry

# More places than these make a drawing that nobody reads; their table does not mind.
MOST_DRAWN = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A role of a place: what the template calls it, and the series or number it is bound to."""

    role: str
    alias: str
    bound: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A topology node with its roles."""

    id: str
    label: str
    kind: str
    group: str
    bindings: list[Binding]


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownParameter:
    """A parameter in words."""

    name: str
    title: str
    description: str
    kind: str
    bounds: str
    default: str


@lru_cache(maxsize=256)
def small_drawing(entry: CatalogEntry) -> Drawing | None:
    """The topology of ``entry`` for its card; None where it has none, or too much of it. Drawn once a file."""
    return TemplatePage(entry).drawing


class TemplatePage:
    """Everything the page of one catalog entry shows. Nothing here raises: a broken template says what is wrong."""

    def __init__(self, entry: CatalogEntry) -> None:
        self.entry = entry
        self.template = entry.template

    @cached_property
    def report(self) -> Report | None:
        """What the engine says of the template at its defaults."""
        return validate(self.entry.text) if self.template else None

    @property
    def model(self) -> Model | None:
        return self.report.model if self.report else None

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Why the template cannot be run as it is: broken, or not complete without values."""
        if self.entry.problems or self.report is None:
            return self.entry.problems
        return self.report.problems

    @property
    def warnings(self) -> list[Mapping[str, Any]]:
        """What is known to be odd before any number is computed, in the shape of the API."""
        return [warning.to_dict() for warning in self.report.warnings] if self.report else []

    @property
    def story(self) -> list[str]:
        """The narrative by paragraphs: blank lines part them, other line ends are only where the author wrapped."""
        paragraphs = self.entry.narrative.split("\n\n")
        return [" ".join(part.split()) for part in paragraphs if part.strip()]

    @property
    def parameters(self) -> list[ShownParameter]:
        return (
            [_shown(parameter) for parameter in self.template.parameters] if self.template else []
        )

    @cached_property
    def graph(self) -> dict[str, Any]:
        """The graph of the API; empty where the defaults give no model."""
        drawn = graph_of_template(self.template) if self.template else None
        return drawn or {"nodes": [], "edges": [], "formulas": []}

    @cached_property
    def drawing(self) -> Drawing | None:
        if not 0 < len(self.graph["nodes"]) <= MOST_DRAWN:
            return None
        return draw_topology(self.graph)

    @property
    def edge_types(self) -> list[str]:
        """The types of connections that occur, for the legend."""
        return list(dict.fromkeys(edge["type"] for edge in self.graph["edges"]))

    @property
    def connections(self) -> list[dict[str, Any]]:
        """The edges with the names of the places they connect."""
        labels = {node["id"]: node["label"] or node["id"] for node in self.graph["nodes"]}
        return [
            {**edge, "from": labels[edge["from"]], "to": labels[edge["to"]]}
            for edge in self.graph["edges"]
        ]

    @cached_property
    def formulas(self) -> list[dict[str, Any]]:
        return list(self.graph["formulas"])

    @cached_property
    def places(self) -> list[Place]:
        return list(self._places())

    def _places(self) -> Iterator[Place]:
        operands = {n.id: n.roles for n in self.model.topology.nodes} if self.model else {}
        for node in self.graph["nodes"]:
            yield Place(
                id=node["id"],
                label=node["label"] or node["id"],
                kind=KIND_WORDS.get(node["kind"], node["kind"]),
                group=node["group"] or "",
                bindings=[
                    Binding(
                        role=role,
                        alias=node["aliases"].get(role, ""),
                        bound=say_operand(operand)
                        if isinstance(operand := operands.get(node["id"], {}).get(role), float)
                        else series,
                    )
                    for role, series in node["semantics"].items()
                ],
            )

    @property
    def grid(self) -> str:
        """``192 × 15 min``; empty where parameters decide it."""
        if self.model is None:
            return ""
        grid = self.model.grid
        return wording.say_grid(grid.bins, grid.bin_size, grid.bin_unit)

    @property
    def begins(self) -> datetime | None:
        """When the first bin begins, where the template says so."""
        return from_grid(self.model.grid.start) if self.model else None

    @property
    def length(self) -> str:
        if self.model is None:
            return ""
        return wording.say_minutes(self.model.grid.bins * self.model.grid.bin_minutes)

    @property
    def chance(self) -> str:
        """How the template treats chance, where it has any."""
        if self.template is None or not forms.has_chance(self.template):
            return ""
        rng = self.template.rng
        return "One sample" if rng and rng.mode == "sample" else "Expected values"


def _shown(parameter: Parameter) -> ShownParameter:
    default = say_value(parameter.default, unit=parameter.unit) if parameter.has_default else ""
    return ShownParameter(
        name=parameter.name,
        title=parameter.title or parameter.name,
        description=parameter.description or "",
        kind=f"array of {parameter.array_of}s" if parameter.array_of else parameter.type,
        bounds=forms.bounds_of(parameter),
        default=default,
    )
