"""Columns as the player reads them: exact, as narrow as that allows, and peaks kept where bins are drawn together."""

import json
import struct

import numpy as np
import pytest

from runs import blocks

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

    steps = blocks.largest_of(values, stretch)

    assert len(steps) == -(-len(values) // stretch)
    assert np.nanmax(steps) == 9
    expected = [values[at : at + stretch] for at in range(0, len(values), stretch)]
    for step, part in zip(steps, expected, strict=True):
        finite = part[np.isfinite(part)]
        assert step == finite.max() if finite.size else np.isnan(step)
