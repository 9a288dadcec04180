"""Generated templates: series that read each other now and later, places that hold, gate, limit and share."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

BINS = 7
amounts = st.integers(0, 40).map(float) | st.floats(0, 40, width=16)


@st.composite
def documents(draw: st.DrawFn, *, with_classes: bool = True) -> dict[str, Any]:
    """A template over ``BINS`` bins; now and then one that ``bind`` refuses because of a same-bin cycle."""
    sources = [f"s{k}" for k in range(draw(st.integers(1, 3)))]
    nodes: list[dict[str, Any]] = [
        {
            "id": name,
            "kind": "const",
            "values": draw(st.lists(amounts, min_size=BINS, max_size=BINS)),
        }
        for name in sources
    ]
    places = draw(st.integers(0, 3))
    later = [f"x{k}" for k in range(4)]
    later += [f"q{k}_queue" for k in range(places)]
    known = list(sources)
    for name in later[: draw(st.integers(1, 4))]:
        nodes.append(
            {"id": name, "kind": "expr", "expr": draw(_expressions(known, later[:4][: len(later)]))}
        )
        known.append(name)
    missing = [name for name in later[:4] if name not in known]
    nodes += [
        {"id": name, "kind": "expr", "expr": draw(st.sampled_from(known))} for name in missing
    ]
    known += missing
    if draw(st.booleans()):
        nodes.append(draw(_routers(draw(st.sampled_from(known)), with_classes=with_classes)))
        known += ["t0", "t1"]

    topology: list[dict[str, Any]] = []
    constraints = draw(st.sampled_from([[], ["crew"], ["crew", "dock"]])) if places else []
    for k in range(places):
        place, own = draw(_places(k, places, known, constraints))
        topology.append(place)
        nodes += own
    document = {
        "schemaVersion": 1,
        "metadata": {"id": "made", "title": "Made", "version": "1.0.0"},
        "grid": {"bins": BINS, "binSize": 1, "binUnit": "hours"},
        "nodes": nodes,
        "topology": {
            "nodes": topology,
            "constraints": [
                {"id": name, "semantics": {"served": draw(amounts)}, "demand": draw(_demands)}
                for name in constraints
            ],
        },
    }
    return {**document, **draw(_traffic(sources))} if with_classes else document


_demands = st.sampled_from(["wanted", "arrivals"])


def _expressions(now: list[str], later: list[str]) -> st.SearchStrategy[str]:
    """Text over the series ``now`` of the same bin and ``later`` ones of earlier bins."""
    present = st.sampled_from(now)
    past = st.sampled_from([*now, *later])
    literal = st.integers(0, 9).map(str) | st.sampled_from(["0.5", "0.25", "1.5"])
    leaves = st.one_of(
        present,
        literal,
        st.tuples(past, st.integers(1, 3)).map(lambda p: f"SHIFT({p[0]}, {p[1]}) * 0.5"),
        past.map(lambda name: f"CONV({name}, [0, 0.25, 0, 0.125])"),
        present.map(lambda name: f"EMA({name}, 0.5)"),
        st.sampled_from(["PULSE(3, 1)", "PULSE(2)"]),
    )

    def grow(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
        two = st.tuples(inner, inner)
        return st.one_of(
            st.tuples(inner, st.sampled_from("+-"), inner).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
            st.tuples(inner, literal).map(lambda p: f"({p[0]} * {p[1]})"),
            st.tuples(inner, inner).map(lambda p: f"({p[0]} / {p[1]})"),
            st.tuples(st.sampled_from(["MIN", "MAX", "MOD", "STEP"]), two).map(
                lambda p: f"{p[0]}({p[1][0]}, {p[1][1]})"
            ),
            st.tuples(inner, inner, inner).map(lambda p: f"IF({p[0]} - 5, {p[1]}, {p[2]})"),
            inner.map(lambda text: f"CLAMP({text}, 0, 30)"),
            inner.map(lambda text: f"FLOOR({text})"),
            inner.map(lambda text: f"SHIFT({text}, 1)"),
        )

    # The sum is held within bounds, so that loops cannot grow without end.
    return st.recursive(leaves, grow, max_leaves=5).map(lambda text: f"CLAMP({text}, -50, 50)")


@st.composite
def _routers(draw: st.DrawFn, source: str, *, with_classes: bool) -> dict[str, Any]:
    routes: list[dict[str, Any]] = [{"target": "t1", "weight": draw(st.integers(1, 3))}]
    if with_classes and draw(st.booleans()):
        routes.insert(0, {"target": "t0", "classes": ["Red"]})
    else:
        routes.append({"target": "t0", "weight": draw(st.integers(0, 3))})
    return {"id": "fork", "kind": "router", "inputs": {"queue": source}, "routes": routes}


@st.composite
def _places(
    draw: st.DrawFn, number: int, count: int, known: list[str], constraints: list[str]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A queue with the computation nodes that only it uses; it may overflow into a later one."""
    name = f"q{number}"
    roles: dict[str, Any] = {
        "arrivals": draw(st.sampled_from(known)),
        "queueDepth": f"{name}_queue",
    }
    own: list[dict[str, Any]] = []
    if draw(st.booleans()):
        roles["capacity"] = draw(amounts)
        roles["served"] = f"{name}_out"
    else:
        text = draw(_expressions(known, [f"{name}_queue"]))
        own.append({"id": f"{name}_out", "kind": "expr", "expr": f"MAX(0, {text})"})
        roles["served"] = f"{name}_out"
    if draw(st.booleans()):
        own.append({"id": f"{name}_lost", "kind": "expr", "expr": f"0.25 * {name}_out"})
        roles["errors"] = f"{name}_lost"
    if draw(st.booleans()):
        own.append(
            {"id": f"{name}_bad", "kind": "expr", "expr": f"0.5 * MAX(0, {roles['arrivals']})"}
        )
        roles |= {"failures": f"{name}_bad", "retryEcho": f"{name}_echo"}
    place: dict[str, Any] = {"id": name, "kind": "queue", "semantics": roles}
    if draw(st.booleans()):
        place["initialCondition"] = {"queueDepth": draw(amounts)}
    if draw(st.booleans()):
        place["dispatchSchedule"] = {"periodBins": draw(st.integers(1, 3)), "phaseOffset": 1}
    if draw(st.booleans()):
        place["wipLimit"] = draw(amounts)
        if number + 1 < count:
            place["wipOverflow"] = f"q{number + 1}"
    if constraints and draw(st.booleans()):
        place["constraints"] = constraints
    return place, own


def _traffic(sources: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    entry = st.fixed_dictionaries(
        {
            "nodeId": st.sampled_from(sources),
            "classId": st.sampled_from(["Red", "Blue"]),
            "pattern": st.fixed_dictionaries(
                {"kind": st.just("constant"), "ratePerBin": st.integers(0, 5)}
            ),
        }
    )
    return st.fixed_dictionaries(
        {
            "classes": st.just([{"id": "Red"}, {"id": "Blue"}]),
            "traffic": st.fixed_dictionaries({"arrivals": st.lists(entry, max_size=4)}),
        }
    )
