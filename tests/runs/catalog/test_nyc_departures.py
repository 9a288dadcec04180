"""nyc-departures against the single flights it was counted from (engine E49, §26)."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from flowtime.engine import Result
from runs.catalog.derive_nyc_departures import derive
from tests.runs.catalog.goldens import SHIPPED, evaluated

REPOSITORY = Path(__file__).parents[3]
FLIGHTS = REPOSITORY / "tests" / "data" / "nyc-departures-2013-02.csv"
DERIVED = SHIPPED / "nyc-departures.csv"
ORIGINS = ("ewr", "jfk", "lga")

# Scheduled, departed, cancelled, still waiting at the end, peak waiting, its bin (engine E49).
E49 = {
    "EWR": (1553, 1198, 351, 4, 24, 115),
    "JFK": (1478, 1129, 340, 9, 36, 116),
    "LGA": (1273, 995, 277, 1, 17, 115),
}
NOTHING_LEAVES = [42, 43, 44, 45, 46, 47, 53, 54, 55, 56, 58, 59]


@pytest.fixture(scope="module")
def storm() -> Result:
    return evaluated("nyc-departures", stormSeverity=1)


def columns() -> dict[str, np.ndarray]:
    with DERIVED.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0]}


@pytest.mark.parametrize("origin", E49)
def test_an_airport_gives_the_counted_numbers(storm: Result, origin: str) -> None:
    scheduled, departed, cancelled, left, peak, peak_bin = E49[origin]

    ledger = storm.ledger(origin)
    waiting = storm.role(origin, "queueDepth")

    assert storm.role(origin, "arrivals").sum() == scheduled
    assert storm.role(origin, "served").sum() == departed
    assert storm.role(origin, "errors").sum() == cancelled
    assert (ledger["inflow"].sum(), ledger["out"].sum()) == (scheduled, departed)
    assert ledger["loss"].sum() == cancelled
    assert waiting[-1] == left
    assert (waiting.max(), waiting.argmax()) == (peak, peak_bin)
    assert not ledger["unmet"].any()


def test_the_three_airports_together_give_the_counted_numbers(storm: Result) -> None:
    waiting = storm.series("waiting")

    assert storm.series("scheduled").sum() == 4304
    assert storm.series("departed").sum() == 3322
    assert storm.series("cancelled").sum() == 968
    assert waiting[-1] == 14
    assert (waiting.max(), waiting.argmax()) == (76, 115)


def test_in_twelve_hours_flights_were_due_and_none_left(storm: Result) -> None:
    due, left = storm.series("scheduled"), storm.series("departed")

    assert np.nonzero((due > 0) & (left == 0))[0].tolist() == NOTHING_LEAVES


def test_what_the_model_serves_is_what_departed(storm: Result) -> None:
    observed = columns()

    for origin in ORIGINS:
        np.testing.assert_array_equal(
            storm.series(f"{origin}_flown"), observed[f"{origin}_departed"]
        )


def test_without_the_storm_every_flight_leaves_in_its_hour() -> None:
    calm = evaluated("nyc-departures", stormSeverity=0)

    assert calm.series("departed").sum() == 4304
    assert not calm.series("waiting").any()
    assert not calm.series("cancelled").any()
    assert calm.warnings == ()


def test_half_a_storm_leaves_half_of_the_queue_on_monday() -> None:
    half = evaluated("nyc-departures", stormSeverity=0.5)

    assert half.series("cancelled").sum() == 484
    assert half.series("departed").sum() == 3813
    assert (half.series("waiting").max(), half.series("waiting").argmax()) == (38, 115)


def test_severity_blends_schedule_and_observation() -> None:
    severity = 1.25
    observed = columns()

    result = evaluated("nyc-departures", stormSeverity=severity)

    for origin in ORIGINS:
        due, left = observed[f"{origin}_scheduled"], observed[f"{origin}_departed"]
        slots = np.maximum(0, due + severity * (left - due))
        np.testing.assert_allclose(result.series(f"{origin}_slots"), slots, atol=1e-12)
        np.testing.assert_allclose(
            result.series(f"{origin}_lost"), severity * observed[f"{origin}_cancelled"]
        )


def test_a_day_has_its_totals_and_another_period_has_others(storm: Result) -> None:
    days = storm.series("scheduled").reshape(5, 24).sum(axis=1)
    whole = evaluated("nyc-departures", rollUpHours=120)

    assert storm.series("scheduled_so_far")[23::24].tolist() == days.tolist()
    assert days.tolist() == [932, 930, 684, 829, 929]
    assert storm.series("cancelled_so_far")[23::24].tolist() == [4, 472, 393, 26, 73]
    assert whole.series("departed_so_far")[-1] == 3322


def test_the_airports_are_classes_wherever_flights_are_counted(storm: Result) -> None:
    assert storm.class_coverage == "full"
    for origin in ("EWR", "JFK", "LGA"):
        np.testing.assert_array_equal(
            storm.series(f"departed@{origin}"), storm.role(origin, "served")
        )


def test_the_three_airports_are_one_place_whose_ledger_balances(storm: Result) -> None:
    ledger = storm.ledger("NewYork")

    assert [ledger[column].sum() for column in ("inflow", "out", "loss")] == [4304, 3322, 968]
    assert not ledger["unmet"].any()
    np.testing.assert_array_equal(
        storm.role("NewYork", "queueDepth"),
        sum(storm.role(origin, "queueDepth") for origin in E49),
    )


def test_every_cancelled_flight_is_counted_where_it_ends(storm: Result) -> None:
    assert storm.role("Cancelled", "queueDepth")[-1] == 968


def test_the_shipped_table_is_derived_from_the_flights_byte_for_byte() -> None:
    with FLIGHTS.open(newline="", encoding="utf-8") as file:
        text = derive(csv.DictReader(file))

    assert text.encode() == DERIVED.read_bytes()


def test_the_documented_command_derives_the_same_table() -> None:
    command = [sys.executable, "-m", "runs.catalog.derive_nyc_departures", str(FLIGHTS)]

    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, check=True)

    assert done.stdout == DERIVED.read_bytes()
