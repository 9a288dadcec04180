"""Names of what the engine adds (engine §10)."""

from __future__ import annotations

import pytest

from flowtime.engine.expansion.expand import expand
from flowtime.engine.expansion.naming import snake, synthesised_names
from tests.engine.small import model, place, run


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("IncidentQueue", "incident_queue"),
        ("DLQ", "d_l_q"),
        ("API_Gateway", "a_p_i_gateway"),
        ("north-gate", "north_gate"),
        ("line-7B", "line_7_b"),
        ("processingTimeMsSum", "processing_time_ms_sum"),
        ("A.b C", "a_b_c"),
    ],
)
def test_every_capital_starts_a_word(text, expected):
    assert snake(text) == expected


def test_a_name_that_is_taken_gets_a_number_in_order_of_the_places():
    bound = model(
        {"i": 1, "a_queue": 5},
        places=[place(name, arrivals="i", served="i") for name in ("a_", "A", "a-")],
    )

    names = synthesised_names(bound)

    assert names == {"a_queue_1": "A", "a_queue_2": "a-", "a_queue_3": "a_"}


def test_no_two_names_differ_by_letter_case_alone():
    """Engine §1.6 and §10.2: a name is taken in whatever letter case."""
    bound = model(
        {
            "i": 1,
            "Desk_Queue": 5,
            "Yard": {"kind": "serviceWithBuffer", "inflow": "i", "outflow": "i", "wipLimit": 5},
        },
        places=[
            place("desk", arrivals="i", served="i"),
            place("yard", arrivals="i", served="i", wipLimit=5),
        ],
    )

    names = synthesised_names(bound)

    assert names["desk_queue_1"] == "desk"
    assert {name for name in names if "overflow" in name} == {"Yard_overflow", "yard_overflow_1"}


def test_a_metric_avoids_a_series_of_its_name_in_whatever_letter_case():
    result = run(
        {"i": [2], "Desk_Utilization": 5},
        places=[place("desk", arrivals="i", capacity=4)],
    )

    assert result.series("desk_utilization_1").tolist() == [0.5]


def test_series_are_named_after_what_they_are():
    bound = model(
        {
            "i": 1,
            "tank": {
                "kind": "serviceWithBuffer",
                "inflow": "i",
                "outflow": "i",
                "wipLimit": 5,
                "wipOverflow": "Desk",
                "dispatchSchedule": {"periodBins": 2},
            },
            "fork": {"kind": "router", "inputs": {"queue": "i"}, "routes": [{"target": "t"}]},
        },
        places=[
            place("Desk", arrivals="i", capacity=3, wipLimit=9, constraints=["Crew"]),
            place("Ramp", arrivals="i", served="t", dispatchSchedule={"periodBins": 2}),
            place("Grave", "dlq", arrivals="i"),
            place("Out", "sink", arrivals="i", errors="t"),
            place(
                "Api", "service", arrivals="i", served=4, failures="i", retryEcho="again",
                maxAttempts=2, exhaustedFailures="gone", retryBudgetRemaining="open",
            ),
        ],
        constraints=[{"id": "Crew", "semantics": {"served": 7}}],
    )  # fmt: skip

    names = synthesised_names(bound)

    assert names == {
        "again": "Api",
        "api_abandoned": "Api",
        "api_retry_pending": "Api",
        "api_served": "Api",
        "crew_demand": "Crew",
        "crew_shortfall": "Crew",
        "desk_allocation": "Desk",
        "desk_capacity": "Desk",
        "desk_inflow": "Desk",
        "desk_limited": "Desk",
        "desk_overflow": "Desk",
        "desk_queue": "Desk",
        "desk_served": "Desk",
        "fork_unrouted": "fork",
        "gone": "Api",
        "grave_queue": "Grave",
        "grave_served": "Grave",
        "open": "Api",
        "out_served": "Out",
        "ramp_gated_outflow": "Ramp",
        "ramp_queue": "Ramp",
        "tank_gated_outflow": "tank",
        "tank_overflow": "tank",
    }
    published = {key for key, series in expand(bound).series.items() if not series.is_temporary}
    assert names.keys() <= published
