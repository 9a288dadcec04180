"""Small models that cases of warnings are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from flowtime.engine import Warning
from tests.engine.small import run

NAN = float("nan")


@dataclass(frozen=True)
class Case:
    """A small model: ``series`` are constants (lists), expressions (text) or whole nodes (mappings)."""

    series: Mapping[str, Any] = field(default_factory=dict)
    places: tuple[Mapping[str, Any], ...] = ()
    edges: tuple[Mapping[str, Any], ...] = ()
    rest: Mapping[str, Any] = field(default_factory=dict)
    constraints: tuple[Mapping[str, Any], ...] = ()
    sources: Mapping[str, list[float]] = field(default_factory=dict)
    overrides: Mapping[str, list[float]] = field(default_factory=dict)
    bins: int = 4

    def warnings(self) -> tuple[Warning, ...]:
        return run(
            self.series,
            bins=self.bins,
            places=self.places,
            edges=self.edges,
            constraints=self.constraints,
            sources=self.sources,
            overrides=self.overrides,
            **self.rest,
        ).warnings


def place(
    id: str, kind: str, *, top: Mapping[str, Any] | None = None, **roles: Any
) -> dict[str, Any]:
    return {"id": id, "kind": kind, "semantics": roles, **(top or {})}


def edge(source: str, target: str, **more: Any) -> dict[str, Any]:
    return {"id": f"{source}-{target}", "from": source, "to": target, **more}


def classed(*shares: tuple[str, str], declared: str = "AB") -> dict[str, Any]:
    """Declared classes A and B, with the given series belonging to one of them."""
    return {
        "classes": [{"id": id} for id in declared],
        "traffic": {
            "arrivals": [
                {"nodeId": node, "classId": id, "pattern": {"kind": "constant", "ratePerBin": 1}}
                for node, id in shares
            ]
        },
    }


def source(name: str) -> dict[str, Any]:
    return {"kind": "const", "source": f"file:{name}"}


ONES = [1, 1, 1, 1]
ZEROS = [0, 0, 0, 0]


def role(name: str, values: list[float], **more: Any) -> Case:
    """One service of which one role holds ``values``."""
    roles = {"arrivals": "a", "served": "s"} | more | {name: "x"}
    return Case({"a": [9] * 4, "s": ONES, "x": values}, (place("Desk", "service", **roles),))


def depth(values: list[float]) -> Case:
    roles = {"arrivals": "a", "served": "s", "queueDepth": "x"}
    return Case({"a": [1] * 4, "s": ONES, "x": values}, (place("Desk", "queue", **roles),))


def queue(arrivals: list[float], served: list[float], **top: Any) -> Case:
    roles = top.pop("roles", {})
    series = top.pop("series", {})
    roles = {"arrivals": "a", "served": "s", **roles}
    return Case({"a": arrivals, "s": served, **series}, (place("Desk", "queue", top=top, **roles),))


def driven(arrivals: list[float], capacity: list[float], **top: Any) -> Case:
    roles = {"arrivals": "a", "capacity": "c", **top.pop("roles", {})}
    return Case({"a": arrivals, "c": capacity}, (place("Desk", "queue", top=top, **roles),))


def service(**roles: list[float]) -> Case:
    series = {f"s_{name}": values for name, values in roles.items()}
    bound = {name: f"s_{name}" for name in roles}
    return Case(series, (place("Desk", "service", **bound),))


def split(weight: float, **more: Any) -> Case:
    """One desk that serves two, three parts to one."""
    series = {"a": [8] * 4, "west": more.pop("west", "a * 0.25"), "east": "a * 0.75"}
    places = (
        place("Desk", "service", arrivals="a", served="a"),
        place("East", "service", arrivals="east", served="east"),
        place("West", "service", arrivals="west", served="west"),
    )
    edges = (edge("Desk", "East", weight=3), edge("Desk", "West", weight=weight))
    return Case(series, places, edges, **more)


def routed(
    routes: list[dict[str, Any]], *, overrides: Any = None, targets: tuple[str, ...] = ()
) -> Case:
    """Mail of class A and mail of class B, through a router that a place shows."""
    series = {
        "a": [4] * 4,
        "b": [6] * 4,
        "mail": "a + b",
        "Sorter": {"kind": "router", "inputs": {"queue": "mail"}, "routes": routes},
    }
    places = [place("Sorter", "router")]
    places += [place(f"To_{t}", "sink", arrivals=t) for t in targets]
    edges = tuple(edge("Sorter", f"To_{t}") for t in targets)
    return Case(
        series, tuple(places), edges, classed(("a", "A"), ("b", "B")), overrides=overrides or {}
    )


def shared(capacity: Any, kind: str = "service", **more: Any) -> Case:
    """A desk that wants to serve 4 under a shared capacity."""
    series = {"a": [4] * 4, "s": "a", "k": capacity}
    top = {"constraints": ["pool"]}
    places = (place("Desk", kind, top=top, arrivals="a", served="s"),)
    return Case(series, places, constraints=({"id": "pool", "semantics": {"served": "k"}},), **more)


def retrying(**top: Any) -> Case:
    """A service whose failures come back by an echo of the engine's making."""
    roles = {"arrivals": "a", "served": "s", "failures": "f", "retryEcho": "echo", **top}
    series = {"a": [8] * 4, "s": [4] * 4, "f": [4] * 4}
    return Case(series, (place("Desk", "service", **roles),))


def scheduled(served: list[float], **top: Any) -> Case:
    dispatch = {"periodBins": 2, "phaseOffset": 1, **top.pop("dispatch", {})}
    return queue([2] * 4, served, dispatchSchedule=dispatch, **top)


def dependency(**effort: Any) -> Case:
    """A shop that may use a database."""
    places = (
        place("Shop", "service", arrivals="a", served="a", attempts="a"),
        place("Db", "dependency", arrivals="a", served="a"),
    )
    return Case({"a": ONES}, places, (edge("Shop", "Db", **effort),) if effort else ())


def dead_letters(inbound: str, outbound: str) -> Case:
    places = (
        place("Desk", "service", arrivals="a", served="a", errors="z"),
        place("Dead", "dlq", arrivals="z"),
        place("Clerk", "service", arrivals="z", served="z"),
    )
    edges = (edge("Desk", "Dead", type=inbound), edge("Dead", "Clerk", type=outbound))
    return Case({"a": ONES, "z": ZEROS}, places, edges)


def buffered(dispatch: Mapping[str, Any], outflow: list[float]) -> Case:
    buffer = {
        "kind": "serviceWithBuffer",
        "inflow": "a",
        "outflow": "s",
        "dispatchSchedule": dispatch,
    }
    return Case(
        {"a": [2] * 4, "s": outflow, "yard": buffer},
        (place("Yard", "serviceWithBuffer", arrivals="a", served="s", queueDepth="yard"),),
    )


def summed(parts: list[float]) -> Case:
    case = Case({"a": [4] * 4, "b": [6] * 4, "x": "a + b"}, rest=classed(("a", "A"), ("b", "B")))
    return Case(
        case.series,
        (place("Desk", "service", arrivals="x", served="x"),),
        rest=case.rest,
        overrides={"x": [10] * 4, "x@A": parts, "x@B": [5] * 4},
    )


def mixed(served_of: tuple[str, str]) -> Case:
    """Two classed queues, each with an authored service."""
    places = (
        place("One", "queue", arrivals="a", served=served_of[0]),
        place("Two", "queue", arrivals="b", served=served_of[1]),
    )
    series = {"a": [4] * 4, "b": [4] * 4, "s": [1] * 4, "t": [1] * 4}
    return Case(series, places, rest=classed(("a", "A"), ("b", "B")))


PATH = {"arrivals": "a", "served": "a"}


def looped(*pairs: str) -> Case:
    places = tuple(place(id, "service", **PATH) for id in "ABC")
    return Case({"a": ONES}, places, tuple(edge(*pair) for pair in pairs))


BALANCED = [{"target": "x", "classes": ["A"]}, {"target": "y", "classes": ["B"]}]
