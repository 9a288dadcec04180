"""Rows of the heat map: the worst of what is drawn together, the ramp of ink, and where warnings hold."""

import pytest

from runs import heat
from runs.travel import travelling, view_of

pytestmark = pytest.mark.django_db


def rows_of(run, most_cells=heat.MOST_CELLS, **query):
    metric = query.get("metric", "")
    with travelling(run, metric) as (_, journey):
        view = view_of(journey, {name.rstrip("_"): str(value) for name, value in query.items()})
        found = heat.heat_map(journey, view, most_cells=most_cells)
        return {row.node_id: row for row in found.rows}, found


def test_a_state_is_as_tall_as_it_is_grave(make_run):
    # 4, 9, 3 and 2 come, 5 can be served: 0.8 is yellow, full is red.
    rows, found = rows_of(make_run())

    assert found.cells == 4
    assert rows["Desk"].paths == [
        ("yellow", "M0 8H1V22H0ZM3 8H4V22H3Z"),
        ("red", "M1 0H3V22H1Z"),
    ]
    assert rows["Desk"].sentence == "Desk: 2 beyond, 2 at risk"


def test_more_bins_than_cells_show_the_worst_of_each(make_run):
    rows, found = rows_of(make_run(), most_cells=2)

    assert (found.cells, found.stretch) == (2, 2)
    assert rows["Desk"].paths == [("red", "M0 0H2V22H0Z")]


def test_a_metric_is_a_ramp_of_ink_to_its_largest_value(make_run):
    rows, _ = rows_of(make_run(), metric="queueDepth", rows="metric")

    # 0, 4, 2 and 0 wait.
    assert [kind for kind, _ in rows["Desk"].paths] == ["ink-0", "ink-4", "ink-8"]
    assert rows["Desk"].sentence == "Desk: queue depth up to 4"


def test_dead_letters_are_drawn_by_their_volume(make_run):
    rows, _ = rows_of(make_run("nyc-departures"))

    assert [kind for kind, _ in rows["Cancelled"].paths] == ["dlq"]
    assert "dead letters in" in rows["Cancelled"].sentence


def test_the_lane_of_warnings_keeps_to_the_range(make_run):
    run = make_run("nyc-departures")
    with travelling(run) as (_, journey):
        whole = heat.warning_blocks(journey, view_of(journey, {}))
        part = heat.warning_blocks(journey, view_of(journey, {"from": "110", "to": "119"}))

    grave = [block for block in whole if block.severity == "warning"]
    assert [(block.first, block.width) for block in grave] == [(114, 6)]
    assert [(b.first, b.width) for b in part if b.severity == "warning"] == [(4, 6)]


def test_rows_are_in_the_order_of_the_flow_and_roll_ups_are_last(make_run):
    rows, _ = rows_of(make_run("nyc-departures"))

    assert list(rows) == ["Schedule", "EWR", "JFK", "LGA", "Departed", "Cancelled", "NewYork"]
