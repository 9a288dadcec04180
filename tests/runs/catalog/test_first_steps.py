"""first-steps, checked by hand: every number below was written down with a pencil, none was computed."""

from __future__ import annotations

import numpy as np
import pytest

from flowtime.engine import COLOURS, Result
from tests.runs.catalog.goldens import evaluated

CAME = [4, 7, 28, 9, 10, 9, 8, 8, 7, 6, 3, 2]
SERVED = [4, 7, 10, 10, 10, 10, 10, 10, 10, 10, 8, 2]
WAITING = [0, 0, 18, 17, 17, 16, 14, 12, 9, 5, 0, 0]

# Minutes that the visitor at the head of the queue has waited at the end of each hour: who came in an hour
# came evenly. At eleven 21 have been served, 10 of the 28 who came after ten, so the next one came 10/28 of
# the hour after ten and has waited 18/28 of an hour.
AGE = [
    0,
    0,
    60 * 18 / 28,
    60 * (1 + 8 / 28),
    60 * (1 + 7 / 9),
    60 * (1 + 7 / 10),
    60 * (1 + 6 / 9),
    60 * (1 + 4 / 8),
    60 * (1 + 2 / 8),
    60 * 5 / 6,
    0,
    0,
]


@pytest.fixture(scope="module")
def result() -> Result:
    return evaluated("first-steps")


def test_the_queue_is_what_was_there_plus_who_came_minus_who_was_served(result: Result) -> None:
    assert result.series("visitors").tolist() == CAME
    assert result.series("desk_served").tolist() == SERVED
    assert result.series("desk_queue").tolist() == WAITING
    assert result.ledger("Desk")["inflow"].sum() == 101 == sum(CAME)
    assert result.ledger("Desk")["out"].sum() == 101


def test_the_clerk_is_as_busy_as_the_colours_say(result: Result) -> None:
    busy = [0.4, 0.7, 1, 1, 1, 1, 1, 1, 1, 1, 0.8, 0.2]
    red = ["red"] * 8

    np.testing.assert_allclose(result.derived("Desk", "utilization"), busy, atol=1e-12)
    assert [COLOURS[colour] for colour in result.colours("Desk")] == [
        *("green", "yellow"),
        *red,
        *("yellow", "green"),
    ]


def test_the_wait_follows_from_queue_and_service(result: Result) -> None:
    minutes = [0, 0, 108, 102, 102, 96, 84, 72, 54, 30, 0, 0]

    np.testing.assert_allclose(result.derived("Desk", "latencyMinutes"), minutes, atol=1e-9)
    np.testing.assert_allclose(result.derived("Desk", "oldestAgeMin"), AGE, atol=1e-9)


def test_the_promise_of_an_hour_is_broken_from_eleven_to_five(result: Result) -> None:
    (risk, uneven) = result.warnings

    assert (risk.code, risk.node, risk.bins) == ("backlog_age_risk", "Desk", ((3, 8),))
    assert risk.worst_bin == 4
    assert risk.worst_value == pytest.approx(60 * (7 / 9), rel=1e-12)
    assert (uneven.code, uneven.node) == ("non_stationary", "Desk")
    assert result.sla("Desk")["backlogAge"].share == 0.5
    # Ten of the twelve hours: at ten and at eleven fewer than 95 in 100 were served.
    served_enough = [s / c >= 0.95 for s, c in zip(SERVED, CAME, strict=True)]
    assert result.sla("Desk")["completion"].share == pytest.approx(sum(served_enough) / 12)


def test_two_visitors_more_an_hour_take_away_half_of_the_waiting() -> None:
    faster = evaluated("first-steps", visitorsPerHour=12)

    assert faster.series("desk_queue").tolist() == [0, 0, 16, 13, 11, 8, 4, 0, 0, 0, 0, 0]
    assert faster.series("desk_queue").sum() == 52
    assert sum(WAITING) == 108
