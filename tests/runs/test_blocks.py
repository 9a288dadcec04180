"""Columns as the player reads them: exact, as narrow as that allows, and peaks kept where bins are drawn together."""

import json
import struct

import numpy as np
import pytest

from runs import blocks
from runs.arrays import largest_of
from runs.state import read_window
from runs.travel import BASE, travelling, with_all_columns

TYPES = {"f4": "<f4", "f8": "<f8", "u1": "u1"}


def unpack(content, size):
    """What store.js makes of a block."""
    head, count = struct.unpack_from("<II", content)
    header = json.loads(content[8 : 8 + head])
    assert len(header) == count
    at, columns = 8 + head, {}
    for name, owner, kind in header:
        assert at % 8 == 0
        values = np.frombuffer(content, dtype=TYPES[kind], count=size, offset=at)
        columns[name, owner] = kind, values
        at += -(-values.nbytes // 8) * 8
    assert at == len(content)
    return columns


def test_columns_come_back_to_the_bit_in_the_narrowest_type_that_can():
    whole = np.array([0.0, 35.0, np.nan])
    tenths = np.array([0.1, 0.2, 0.3])
    huge = np.array([1e300, -1e300, np.inf])
    letters = np.frombuffer(b".gr", dtype=np.uint8)

    packed = blocks.pack(
        [("q", "JFK", whole), ("w", "JFK", tenths), ("x", "é", huge), ("letters", "JFK", letters)]
    )

    found = unpack(packed, 3)
    assert [kind for kind, _ in found.values()] == ["f4", "f8", "f8", "u1"]
    for (_, values), given in zip(found.values(), (whole, tenths, huge, letters), strict=True):
        assert np.array_equal(values.astype(given.dtype), given, equal_nan=given.dtype != np.uint8)


def test_no_column_is_a_block_too():
    assert unpack(blocks.pack([]), 5) == {}


@pytest.mark.parametrize("stretch", [2, 3, 7])
def test_stretches_keep_every_peak_and_leave_gaps(stretch):
    values = np.array([1, 9, np.nan, np.nan, np.nan, np.nan, np.nan, 2, np.inf, 5.0])

    steps = largest_of(values, stretch)

    assert len(steps) == -(-len(values) // stretch)
    assert np.nanmax(steps) == 9
    expected = [values[at : at + stretch] for at in range(0, len(values), stretch)]
    for step, part in zip(steps, expected, strict=True):
        finite = part[np.isfinite(part)]
        assert step == finite.max() if finite.size else np.isnan(step)


@pytest.mark.django_db
@pytest.mark.parametrize(("first", "last"), [(0, 119), (41, 41), (60, 118)])
def test_a_block_has_the_numbers_of_the_api_bit_by_bit(make_run, first, last):
    run = make_run("nyc-departures")
    window = read_window(run, first, last)

    with travelling(run) as (_, journey):
        found = unpack(blocks.base_block(journey, first, last), last - first + 1)

    for node in window["nodes"]:
        given = {**node["observed"], **node["derived"]}
        for name in BASE:
            assert ((name, node["nodeId"]) in found) == (name in given)
            if name in given:
                values = found[name, node["nodeId"]][1].astype(float)
                assert np.array_equal(values, given[name], equal_nan=True)
        assert found["letters", node["nodeId"]][1].tobytes().decode() == node["colours"]
    for edge in window["edges"]:
        flow = next(iter(edge["metrics"].values()))
        assert np.array_equal(found["flow", edge["edgeId"]][1].astype(float), flow, equal_nan=True)


@pytest.mark.django_db
def test_the_block_of_a_node_has_all_that_the_api_knows_of_it(make_run):
    run = make_run("nyc-departures")
    window = read_window(run, 0, 119)
    node = next(node for node in window["nodes"] if node["nodeId"] == "JFK")
    given = {**node["observed"], **node["derived"]}

    with travelling(run) as (bundle, journey):
        stop = with_all_columns(bundle, journey.stop("JFK"))
        found = unpack(blocks.node_block(stop), 120)

    # What the template's expressions read comes under the names of its series.
    read = {name for name, _ in found if name.startswith("=")}
    assert {name for name, _ in found} - read == given.keys()
    assert "=jfk_slots" in read
    for name, values in given.items():
        assert np.array_equal(found[name, "JFK"][1].astype(float), values, equal_nan=True)


@pytest.mark.django_db
def test_a_run_of_more_than_one_block_has_an_overview_with_its_peaks(make_run, monkeypatch):
    run = make_run("nyc-departures")
    monkeypatch.setattr(blocks, "MAX_CELLS", 1_000)
    monkeypatch.setattr(blocks, "MOST_STEPS", 30)

    with travelling(run) as (_, journey):
        assert not blocks.is_whole(journey)
        assert blocks.stretch_of(journey) == 4
        assert 1 < blocks.bins_each(journey) < 120
        found = unpack(blocks.overview_block(journey), 30)

    assert found["queueDepth", "JFK"][1].max() == 36
    assert found["leading", ""][1].max() == 76
    assert ("queueDepth", "Cancelled") not in found
