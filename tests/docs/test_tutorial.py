"""The tutorial tells the truth: each number in it is the number of a run, and each word on a button is there."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flowtime.engine import COLOURS, Result
from tests.runs.catalog.goldens import evaluated, template_of

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "tutorial" / "first-run.md").read_text()
PROSE = " ".join(PAGE.split())
AIRPORTS = {"Newark": "EWR", "John F. Kennedy": "JFK", "LaGuardia": "LGA"}


def table(mark: str) -> list[dict[str, str]]:
    """The table that follows a mark, by the words of its head."""
    (_, after) = PAGE.split(f"<!-- {mark} -->\n")
    lines = after.split("\n\n")[0].splitlines()
    head, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(head, row, strict=True)) for row in rows]


def column(rows: list[dict[str, str]], name: str) -> list[float]:
    return [float(row[name]) for row in rows]


@pytest.fixture(scope="module")
def desk() -> Result:
    return evaluated("first-steps")


@pytest.fixture(scope="module")
def storm() -> Result:
    return evaluated("nyc-departures")


@pytest.mark.parametrize(
    ("mark", "parameters"),
    [("first-steps", {}), ("first-steps visitorsPerHour=12", {"visitorsPerHour": 12})],
)
def test_the_tables_of_the_desk_are_what_a_run_gives(mark: str, parameters: dict[str, Any]) -> None:
    rows, result = table(mark), evaluated("first-steps", **parameters)

    assert [row["hour"] for row in rows] == [f"{hour:02}" for hour in range(8, 20)]
    assert column(rows, "visitors") == result.series("visitors").tolist()
    assert column(rows, "served") == result.role("Desk", "served").tolist()
    assert column(rows, "queue") == result.role("Desk", "queueDepth").tolist()


def test_the_states_of_the_desk_are_what_a_run_gives(desk: Result) -> None:
    rows = table("first-steps")

    np.testing.assert_allclose(
        column(rows, "utilisation"), desk.derived("Desk", "utilization"), atol=1e-12
    )
    assert [row["state"] for row in rows] == [COLOURS[c] for c in desk.colours("Desk")]


def test_the_warnings_of_the_desk_are_told_as_they_are(desk: Result) -> None:
    (risk, _) = desk.warnings
    ((first, last),) = risk.bins

    assert f"**Warnings** has {len(desk.warnings)} entries." in PROSE
    assert (
        f"longer than the promised 60 minutes from bin {first} to bin {last}, "
        f"by up to {risk.worst_value:.1f} minutes in bin {risk.worst_bin}."
    ) in PROSE


def test_the_waiting_of_both_days_is_added_up_rightly(desk: Result) -> None:
    faster = evaluated("first-steps", visitorsPerHour=12)

    before, after = (run.role("Desk", "queueDepth").sum() for run in (desk, faster))
    assert f"visitors wait {after:.0f} hours instead of {before:.0f}" in PROSE


def test_the_table_of_the_airports_is_what_a_run_gives(storm: Result) -> None:
    *airports, together = table("nyc-departures")

    for row in airports:
        assert numbers(row) == facts(storm, AIRPORTS[row["airport"]])
    waiting = storm.series("waiting")
    assert numbers(together) == [
        *(storm.series(name).sum() for name in ("scheduled", "departed", "cancelled")),
        *(waiting[-1], waiting.max(), waiting.argmax()),
    ]


def numbers(row: dict[str, str]) -> list[float]:
    return [float(value) for name, value in row.items() if name != "airport"]


def facts(result: Result, node: str) -> list[float]:
    waiting = result.role(node, "queueDepth")
    flows = [result.role(node, role).sum() for role in ("arrivals", "served", "errors")]
    return [*flows, waiting[-1], waiting.max(), waiting.argmax()]


def test_the_walk_through_the_storm_is_what_a_run_gives(storm: Result) -> None:
    due, left, waiting = (storm.series(name) for name in ("scheduled", "departed", "waiting"))
    still = np.nonzero((due > 0) & (left == 0))[0].tolist()
    cancelled = storm.series("cancelled")
    kennedy = {role: storm.role("JFK", role)[114] for role in ("queueDepth", "served")}
    minutes = storm.derived("JFK", "latencyMinutes")[114]

    assert still == [*range(42, 48), *range(53, 57), 58, 59]
    assert "In bins 42 to 47 flights were scheduled and none left" in PROSE
    assert "bins 53 to 56, 58 and 59" in PROSE
    assert waiting[47] == 0
    assert "At midnight on Friday not a single flight is waiting." in PROSE
    assert (
        f"in bin {cancelled.argmax()}, at the height of the storm, {cancelled.max():.0f} flights"
        in PROSE
    )
    assert COLOURS[storm.colours("JFK")[cancelled.argmax()]] == "green"
    assert "while Kennedy is green" in PROSE
    assert f"holds {storm.role('Cancelled', 'queueDepth')[-1]:.0f} flights in the end" in PROSE
    assert f"{waiting.max():.0f} flights at seven" in PROSE
    assert f"{kennedy['queueDepth']:.0f} flights waiting at Kennedy" in PROSE
    assert f"and {kennedy['served']:.0f} leave" in PROSE
    assert f"wait {minutes:.0f} minutes" in PROSE


def test_half_a_storm_is_what_a_run_gives(storm: Result) -> None:
    half, none = (evaluated("nyc-departures", stormSeverity=s) for s in (0.5, 0))

    assert (
        f"{half.series('cancelled').sum():.0f} flights are cancelled instead of "
        f"{storm.series('cancelled').sum():.0f}, and on Monday at seven "
        f"{half.series('waiting')[115]:.0f} are waiting instead of {storm.series('waiting')[115]:.0f}."
    ) in PROSE
    assert not none.series("cancelled").any()
    assert not none.series("waiting").any()


def test_templates_and_parameters_are_called_what_they_are_called() -> None:
    titles = {
        name: template_of(name).metadata["title"]
        for name in ("first-steps", "nyc-departures", "checkout-retry-storm")
    }
    named = {p.title for name in titles for p in template_of(name).parameters}

    assert all(title in PROSE for title in titles.values())
    assert {"Visitors the clerk serves", "Storm severity"} <= named


def test_the_buttons_that_the_page_names_are_in_the_templates() -> None:
    html = "\n".join(path.read_text() for path in (REPOSITORY / "templates").rglob("*.html"))

    for label in ("Plan", "Run", "New run", "Time travel", "Warnings", "Telemetry"):
        assert label in html, label
    for label in ("Generate telemetry", "Replay from telemetry"):
        assert label in html, label
        assert f"**{label}**" in PROSE, label


def test_the_pages_that_it_leads_to_exist() -> None:
    links = re.findall(r"\]\(([^)#]+\.md)\)", PAGE)

    assert links
    for link in links:
        assert (REPOSITORY / "docs" / "tutorial" / link).resolve().is_file(), link
