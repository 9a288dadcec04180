"""The coverage table of engine §26: each feature is exercised by at least the templates named."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.runs.catalog.goldens import IDS, at_defaults, template_of

NUMBERED = (
    "first-steps",
    "nyc-departures",
    "checkout-retry-storm",
    "shared-database",
    "emergency-department",
    "parcel-hub-waves",
    "assembly-rework",
    "support-desk-staffing",
    "claims-intake",
    "container-port",
    "bakery-supply-chain",
    "stream-backpressure",
    "call-centre-uncertain",
    "night-train",
)
FUNCTIONS = {
    *("SHIFT", "CONV", "MIN", "MAX", "CLAMP", "MOD", "FLOOR", "CEIL", "ROUND"),
    *("STEP", "PULSE", "ABS", "IF", "EMA"),
}
QUEUE_LIKE = ("serviceWithBuffer", "queue", "dlq")

Document = dict[str, Any]
Has = Callable[[Document], bool]


def document(template_id: str) -> Document:
    return at_defaults(template_id).model.to_document()


def nodes(model: Document, kind: str | None = None) -> list[Document]:
    return [node for node in model.get("nodes", []) if kind in (None, node["kind"])]


def places(model: Document, kind: str | None = None) -> list[Document]:
    found = model["topology"]["nodes"]
    return [place for place in found if kind in (None, place.get("kind", "service"))]


def edges(model: Document) -> list[Document]:
    return model["topology"].get("edges", [])


def computation(kind: str) -> Has:
    return lambda model: bool(nodes(model, kind))


def place(kind: str) -> Has:
    return lambda model: bool(places(model, kind))


def edge(**wanted: Any) -> Has:
    return lambda model: any(
        all(found.get(key) == value for key, value in wanted.items()) for found in edges(model)
    )


def routes(key: str) -> Has:
    return lambda model: any(
        key in route for router in nodes(model, "router") for route in router["routes"]
    )


def queue_like(model: Document) -> Iterator[Document]:
    return (found for found in places(model) if found.get("kind") in QUEUE_LIKE)


def defined(model: Document) -> set[str]:
    targets = {route["target"] for node in nodes(model, "router") for route in node["routes"]}
    return {node["id"] for node in nodes(model)} | targets


def is_capacity_driven(model: Document) -> bool:
    return any(
        "capacity" in found["semantics"] and found["semantics"].get("served") not in defined(model)
        for found in queue_like(model)
    )


def is_served_by_the_author(model: Document) -> bool:
    return any(found["semantics"].get("served") in defined(model) for found in places(model))


def has_chain(model: Document) -> bool:
    routers = nodes(model, "router")
    targets = {route["target"] for node in routers for route in node["routes"]}
    return any(node["inputs"]["queue"] in targets for node in routers)


def has_ports(model: Document) -> bool:
    return any(":" in found["from"] or ":" in found["to"] for found in edges(model))


def has_lag(model: Document) -> bool:
    return any(found.get("lag", 0) for found in edges(model))


def has_dispatch(model: Document) -> bool:
    return any("dispatchSchedule" in found for found in places(model))


def has_overflow(model: Document) -> bool:
    names = {found["id"] for found in places(model)}
    return any(found.get("wipOverflow") in names for found in places(model))


def has_retries(model: Document) -> bool:
    return any(found["semantics"].get("retryEcho") for found in places(model))


def has_budget(model: Document) -> bool:
    return any(found["semantics"].get("maxAttempts") for found in places(model))


def has_profile(kind: str) -> Has:
    return lambda model: any(
        node.get("profile", {}).get("kind") == kind for node in nodes(model, "pmf")
    )


def is_sampled(model: Document) -> bool:
    return model["rng"]["mode"] == "sample"


def has_classes(model: Document) -> bool:
    return bool(model.get("classes")) and bool(model["traffic"]["arrivals"])


def has_external_arrays(model: Document) -> bool:
    return any(node.get("source") for node in nodes(model))


def has_constraints(model: Document) -> bool:
    return bool(model["topology"].get("constraints")) and any(
        found.get("constraints") for found in places(model)
    )


def reads_its_own_past(model: Document) -> bool:
    return any(
        re.search(rf"SHIFT\({re.escape(node['id'])}, ", node["expr"])
        for node in nodes(model, "expr")
    )


def unit(name: str) -> Has:
    return lambda model: model["grid"]["binUnit"] == name


TABLE: list[tuple[str, Has, tuple[int, ...]]] = [
    ("const", computation("const"), (1,)),
    ("expr", computation("expr"), tuple(range(1, 15))),
    ("pmf", computation("pmf"), (5, 7, 13)),
    ("serviceWithBuffer", place("serviceWithBuffer"), (1, 2)),
    ("queue", place("queue"), (5,)),
    ("dlq", place("dlq"), (3, 9)),
    ("computation serviceWithBuffer", computation("serviceWithBuffer"), (6, 12)),
    ("capacity-driven", is_capacity_driven, (1, 4, 8)),
    ("authored served", is_served_by_the_author, (3, 12)),
    ("dispatch", has_dispatch, (6, 14)),
    ("overflow to another place", has_overflow, (6, 10)),
    ("builtin profile", has_profile("builtin"), (5, 7)),
    ("inline profile", has_profile("inline"), (12,)),
    ("minutes", unit("minutes"), (3,)),
    ("hours", unit("hours"), (1, 2)),
    ("days", unit("days"), (10,)),
    ("weeks", unit("weeks"), (11,)),
    ("constraints", has_constraints, (4, 9)),
    ("classes and traffic", has_classes, (2, 5, 9)),
    ("class routes", routes("classes"), (5, 9)),
    ("weight routes", routes("weight"), (14,)),
    ("router chain", has_chain, (5,)),
    ("effort edges", edge(type="effort"), (3, 4)),
    ("dependency edges", edge(type="dependency"), (4,)),
    ("terminal edges", edge(type="terminal"), (3, 9)),
    ("exhausted edges", edge(type="terminal", measure="exhaustedFailures"), (3, 9)),
    ("edges with lag", has_lag, (9, 10)),
    ("edges with ports", has_ports, (9, 10)),
    ("retries", has_retries, (3, 9)),
    ("attempt budget", has_budget, (3, 9)),
    ("reading its own past", reads_its_own_past, (7, 8, 11, 12)),
    ("sampling", is_sampled, (13,)),
    ("external arrays", has_external_arrays, (2,)),
    ("sinks", place("sink"), (12, 14)),
    ("dependency kind", place("dependency"), (4,)),
]


def test_the_table_numbers_the_templates_that_there_are() -> None:
    assert set(NUMBERED) == set(IDS)


@pytest.mark.parametrize(("feature", "has", "numbers"), TABLE, ids=[row[0] for row in TABLE])
def test_a_feature_is_exercised_by_the_templates_named(
    feature: str, has: Has, numbers: tuple[int, ...]
) -> None:
    missing = [NUMBERED[n - 1] for n in numbers if not has(document(NUMBERED[n - 1]))]

    assert not missing, feature


@pytest.mark.parametrize("number", [7, 8, 11, 12])
def test_feedback_is_evaluated_bin_by_bin(number: int) -> None:
    plan = at_defaults(NUMBERED[number - 1]).plan.describe()

    assert "feedback" in str(plan)


def test_array_parameters_are_in_the_parcel_hub() -> None:
    kinds = [parameter.type for parameter in template_of("parcel-hub-waves").parameters]

    assert kinds.count("array") == 3


def test_the_templates_together_use_every_function() -> None:
    texts = [node["expr"] for name in IDS for node in nodes(document(name), "expr")]

    used = {word.upper() for text in texts for word in re.findall(r"(\w+)\s*\(", text)}

    assert used == FUNCTIONS


def test_the_retry_storm_has_a_loop_of_its_own_beside_the_budget() -> None:
    kernels = [node["expr"] for node in nodes(document("checkout-retry-storm"), "expr")]

    assert any(text.startswith("CONV(") for text in kernels)


def test_two_constraints_act_on_the_report() -> None:
    (report,) = [p for p in places(document("shared-database")) if p["id"] == "Reporting"]

    assert report["constraints"] == ["connections", "reading"]


def test_the_port_spills_in_a_chain_and_has_boxes_under_way() -> None:
    result = at_defaults("container-port")

    assert result.role("DryPort", "arrivals").max() > 80
    assert result.edge("Quay:gate->Customers")["arrivedVolume"].sum() > 0


def test_the_call_centre_has_the_estimate_of_queueing_theory() -> None:
    assert (at_defaults("call-centre-uncertain").derived("Line", "kingmanWaitMs") > 0).any()


def test_the_line_knows_how_much_of_its_time_is_work() -> None:
    efficiency = at_defaults("assembly-rework").derived("Press", "flowEfficiency")

    assert efficiency.min() < 0.1 < 0.9 < efficiency.max()
