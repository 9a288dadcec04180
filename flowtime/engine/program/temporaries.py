"""Series that only the engine sees: which of them get a row, which share one, and which are never written (§24.4)."""

from __future__ import annotations

from collections.abc import Mapping

from ..expansion.draft import ZERO
from ..graph.dependencies import Component, Graph
from ..graph.vertices import Vertex


def is_passing(key: str) -> bool:
    """Whether a temporary matters to nobody once its readers have run."""
    return key.startswith(("__past_", "__failed_"))


def inlined_vertices(graph: Graph) -> dict[str, Vertex]:
    """Passing temporaries that only vertices outside of loops read: those compute them where they need them."""
    kinds = {name: c.kind for c in graph.components for name in c.vertices}
    needed = {
        source
        for name, sources in graph.reads.items()
        if kinds[name] != "vector"
        for source in sources
    }
    return {
        name: vertex
        for name, vertex in graph.vertices.items()
        if name.startswith("__past_") and kinds[name] == "vector" and name not in needed
    }


def place_temporaries(graph: Graph, inlined: Mapping[str, Vertex]) -> dict[str, int]:
    """Rows for the temporaries that have one, counted from 0; passing ones share rows where they do not meet.

    What only its own loop reads is a local variable there.
    """
    component_of = {
        name: number for number, c in enumerate(graph.components) for name in c.vertices
    }
    last_use: dict[str, int] = {}
    for name, number in component_of.items():
        for key in graph.keys.get(name, ()):
            last_use[key] = max(number, last_use.get(key, number))
    places = {ZERO: 0}
    height = 1
    free: list[int] = []
    ending: dict[int, list[int]] = {}
    for number, component in enumerate(graph.components):
        for key in (k for name in component.vertices for k in graph.vertices[name].outputs):
            if not key.startswith("__") or key == ZERO:
                continue
            if not is_passing(key):
                places[key], height = height, height + 1
            elif component.vertices[0] not in inlined and _has_row(
                component, last_use.get(key), number
            ):
                if free:
                    places[key] = free.pop()
                else:
                    places[key], height = height, height + 1
                ending.setdefault(last_use.get(key, number), []).append(places[key])
        free += ending.pop(number, ())
    return places


def _has_row(component: Component, last_use: int | None, number: int) -> bool:
    """Whole arrays are written whoever reads them; a loop writes what is read after it."""
    return component.kind != "feedback" or (last_use is not None and last_use > number)
