"""Every template of the catalog: what it says of itself, its golden numbers and warnings, and what moving it does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from flowtime.engine import Limits, load_template
from runs.planning import prepare_request
from runs.requests import RunRequest
from tests.runs.catalog.goldens import (
    GOLDEN,
    IDS,
    SHIPPED,
    at_defaults,
    colours_of,
    evaluated,
    facts_of,
    read_golden,
    template_of,
)

EXPECTED_IDS = {
    "first-steps": (12, 1, "hours"),
    "nyc-departures": (120, 1, "hours"),
    "checkout-retry-storm": (288, 5, "minutes"),
    "shared-database": (288, 5, "minutes"),
    "emergency-department": (96, 15, "minutes"),
    "parcel-hub-waves": (72, 20, "minutes"),
    "assembly-rework": (336, 30, "minutes"),
    "support-desk-staffing": (240, 30, "minutes"),
    "claims-intake": (288, 5, "minutes"),
    "container-port": (28, 1, "days"),
    "bakery-supply-chain": (26, 1, "weeks"),
    "stream-backpressure": (360, 1, "minutes"),
    "call-centre-uncertain": (192, 15, "minutes"),
    "night-train": (48, 30, "minutes"),
}

# What a template may warn of at its defaults: that its story happens. Never that its parts disagree.
STORY = {
    "backlog_age_risk",
    "backlog_growth_streak",
    "backlog_overload",
    "constraint_limited",
    "non_stationary",
    "queue_latency_gate_closed",
    "queue_latency_unreported",
    "retries_abandoned",
}

# One parameter of each that is worth moving, and where to.
MOVES: dict[str, dict[str, Any]] = {
    "first-steps": {"visitorsPerHour": 12},
    "nyc-departures": {"stormSeverity": 0.5},
    "checkout-retry-storm": {"maxTries": 3},
    "shared-database": {"reportStart": 180},
    "emergency-department": {"triageNurses": 3},
    "parcel-hub-waves": {"fieldSpaces": 2000},
    "assembly-rework": {"pressRate": 32},
    "support-desk-staffing": {"wayIn": 1},
    "claims-intake": {"clerks": 30},
    "container-port": {"lorries": 2000},
    "bakery-supply-chain": {"nervousness": 0.2},
    "stream-backpressure": {"pauseMinutes": 60},
    "call-centre-uncertain": {"meanAgents": 24},
    "night-train": {"seats": 1600},
}


def assert_close(found: Any, golden: Any, what: str) -> None:
    """Equal within 1e-9 of the golden number, which itself has twelve digits."""
    if isinstance(golden, float) and isinstance(found, float):
        assert abs(found - golden) <= 1e-9 * max(1.0, abs(golden)), what
    else:
        assert found == golden, what


def test_the_catalog_holds_the_fourteen_templates_on_their_grids() -> None:
    grids = {name: at_defaults(name).grid for name in IDS}

    assert {
        name: (grid.bins, grid.bin_size, grid.bin_unit) for name, grid in grids.items()
    } == EXPECTED_IDS


def test_each_golden_file_has_its_template() -> None:
    assert {path.stem for path in GOLDEN.iterdir()} == set(IDS)


@pytest.mark.parametrize("template_id", IDS)
def test_a_template_evaluates_to_its_golden_numbers(template_id: str) -> None:
    found, golden = facts_of(at_defaults(template_id)), read_golden(template_id)

    assert set(found["series"]) == set(golden["series"])
    for series, numbers in golden["series"].items():
        for name in ("sum", "min", "max", "last"):
            assert_close(found["series"][series][name], numbers[name], f"{series} {name}")
        for index, value in enumerate(numbers["sample"]):
            assert_close(found["series"][series]["sample"][index], value, f"{series} {index}")


@pytest.mark.parametrize("template_id", IDS)
def test_a_template_has_its_golden_warnings_and_colours(template_id: str) -> None:
    found, golden = facts_of(at_defaults(template_id)), read_golden(template_id)

    assert found["warnings"] == golden["warnings"]
    assert found["colours"] == golden["colours"]
    for node, shares in golden["sla"].items():
        assert set(found["sla"][node]) == set(shares)
        for name, share in shares.items():
            assert_close(found["sla"][node][name], share, f"{node} {name}")


@pytest.mark.parametrize("template_id", IDS)
def test_what_a_template_warns_of_is_its_story(template_id: str) -> None:
    result = at_defaults(template_id)

    assert not result.has_errors
    assert {found.code for found in result.warnings} <= STORY


@pytest.mark.parametrize("template_id", IDS)
def test_nothing_vanishes_from_any_queue(template_id: str) -> None:
    result = at_defaults(template_id)

    for info in result.index:
        for node in {role.split(".")[0] for role in info.roles if role.endswith(".queueDepth")}:
            ledger = result.ledger(node)
            left = ledger["out"] + ledger["loss"] + ledger["overflow"] + ledger["exhausted"]
            change = np.diff(ledger["stock"])
            np.testing.assert_allclose((ledger["inflow"] - left)[1:], change, atol=1e-6)
            assert ledger["unmet"].max() <= 1e-6


@pytest.mark.parametrize("template_id", IDS)
def test_the_parts_of_every_series_sum_to_it(template_id: str) -> None:
    result = at_defaults(template_id)

    for info in result.index:
        parts = result.parts(info.id) if info.class_id == "DEFAULT" else {}
        together = sum(parts.values(), np.zeros(result.grid.bins))
        total = np.where(together > 0, result.series(info.id), together)
        np.testing.assert_allclose(together, total, rtol=1e-9, atol=1e-9, err_msg=info.id)


@pytest.mark.parametrize("template_id", IDS)
def test_a_template_introduces_itself(template_id: str) -> None:
    template = template_of(template_id)
    metadata = template.metadata

    assert template.id == template_id
    assert metadata["captureKey"] == template_id
    assert metadata["title"]
    assert metadata["description"].endswith(".")
    assert len(metadata["narrative"].split()) >= 80
    assert metadata["tags"]


@pytest.mark.parametrize("template_id", IDS)
def test_every_parameter_can_be_filled_in_without_guessing(template_id: str) -> None:
    parameters = template_of(template_id).parameters

    assert parameters
    for parameter in parameters:
        assert parameter.title, parameter.name
        assert parameter.description.endswith("."), parameter.name
        assert parameter.unit, parameter.name
        assert parameter.has_default, parameter.name
        assert parameter.minimum is not None, parameter.name
        assert parameter.maximum is not None, parameter.name


@pytest.mark.parametrize("template_id", IDS)
def test_every_place_has_a_label_and_every_window_a_start(template_id: str) -> None:
    model = at_defaults(template_id).model

    assert all(node.label for node in model.topology.nodes)
    assert model.grid.start is not None


@pytest.mark.parametrize("template_id", IDS)
def test_moving_a_parameter_changes_what_is_seen(template_id: str) -> None:
    before, after = at_defaults(template_id), evaluated(template_id, **MOVES[template_id])

    nodes = [node.id for node in before.model.topology.nodes]
    assert {node: colours_of(before, node) for node in nodes} != {
        node: colours_of(after, node) for node in nodes
    }


@pytest.mark.parametrize("template_id", IDS)
@pytest.mark.parametrize("bound", ["minimum", "maximum"])
def test_a_template_stands_the_bounds_of_each_of_its_parameters(
    template_id: str, bound: str
) -> None:
    for parameter in template_of(template_id).parameters:
        limit = getattr(parameter, bound)
        if parameter.type == "array":
            limit = [limit] * len(parameter.default)

        result = evaluated(template_id, **{parameter.name: limit})

        assert not result.has_errors, parameter.name


@pytest.mark.parametrize("template_id", IDS)
def test_most_templates_go_from_green_to_red_and_back(template_id: str) -> None:
    result = at_defaults(template_id)
    seen = [colours_of(result, node.id) for node in result.model.topology.nodes]

    assert any("green" in colours and "red" in colours for colours in seen)


def test_a_template_is_small_enough_to_be_read() -> None:
    for template_id in IDS:
        data = (SHIPPED / f"{template_id}.yaml").read_bytes()

        assert len(data) < Limits().max_yaml_bytes // 50
        assert max(map(len, data.decode().splitlines())) <= 200
        assert load_template(data).id == template_id


@pytest.mark.parametrize("template_id", IDS)
def test_a_template_can_be_planned_with_its_data(template_id: str) -> None:
    prepared = prepare_request(RunRequest(template_id=template_id, mode="simulation"))

    assert prepared.model.to_document() == at_defaults(template_id).model.to_document()
    assert len(prepared.sources) == (9 if template_id == "nyc-departures" else 0)


def test_replicates_are_different_mondays_and_each_is_the_same_again() -> None:
    first = at_defaults("call-centre-uncertain")
    second = evaluated("call-centre-uncertain", replicate=1)

    assert not np.array_equal(first.series("calls"), second.series("calls"))
    assert (
        evaluated("call-centre-uncertain", replicate=1).result_hash
        == second.result_hash
        != first.result_hash
    )
