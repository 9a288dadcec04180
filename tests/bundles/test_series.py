"""Series text: exact both ways for every float64, and strict about everything else (bundles §4)."""

import math
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from flowtime.bundles import BundleCorrupt, format_series, parse_series


def bits(values: np.ndarray) -> bytes:
    return values.tobytes()


def parse(text: bytes, points: int) -> np.ndarray:
    return parse_series(text, points=points, file="a.csv")


def test_a_series_is_written_and_read_back():
    text = format_series(np.array([1.0, 2.5, -3.0, 0.1, 1e22, 5e-324]))

    assert text == b"bin_index,value\n0,1\n1,2.5\n2,-3\n3,0.1\n4,1e+22\n5,5e-324\n"
    assert parse(text, 6).tolist() == [1.0, 2.5, -3.0, 0.1, 1e22, 5e-324]


@given(hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(allow_nan=False)))
def test_every_float_reads_back_bit_for_bit(values):
    assert bits(parse(format_series(values), len(values))) == bits(values)


@given(st.lists(st.binary(min_size=8, max_size=8), min_size=1, max_size=60))
def test_every_bit_pattern_reads_back(patterns):
    values = np.array([struct.unpack("<d", pattern)[0] for pattern in patterns])

    again = parse(format_series(values), len(values))

    assert np.array_equal(np.isnan(again), np.isnan(values))
    assert bits(again[~np.isnan(again)]) == bits(values[~np.isnan(values)])


@given(
    hnp.arrays(
        np.float64, st.integers(1, 60), elements=st.floats(allow_nan=False, allow_infinity=False)
    )
)
def test_text_is_the_shortest_that_reads_back(values):
    rows = format_series(values).decode().splitlines()[1:]

    for row, value in zip(rows, values.tolist(), strict=True):
        digits = row.partition(",")[2].lstrip("-").split("e")[0].replace(".", "").strip("0")
        shortest = repr(value).lstrip("-").split("e")[0].replace(".", "").strip("0")
        assert len(digits) == len(shortest)
        assert ".0" not in row[-2:]


def test_what_is_not_finite_has_a_name():
    text = format_series(np.array([np.nan, np.inf, -np.inf, 1.0]))

    assert text == b"bin_index,value\n0,NaN\n1,Infinity\n2,-Infinity\n3,1\n"
    again = parse(text, 4)
    assert math.isnan(again[0])
    assert again[1:].tolist() == [np.inf, -np.inf, 1.0]


def test_an_empty_cell_is_missing():
    again = parse(b"bin_index,value\n0,\n1,2\n2,\n", 3)

    assert np.isnan(again).tolist() == [True, False, True]


def test_a_byte_order_mark_is_accepted():
    assert parse(b"\xef\xbb\xbfbin_index,value\n0,1\n", 1).tolist() == [1.0]


def test_the_result_can_be_written_to():
    for cell in (b"1", b"NaN", b"Infinity"):
        parse(b"bin_index,value\n0," + cell + b"\n", 1)[0] = 5.0


@pytest.mark.parametrize(
    ("body", "line", "column"),
    [
        pytest.param(b"bin,value\n0,1\n1,2\n", 1, 1, id="wrong header"),
        pytest.param(b"bin_index, value\n0,1\n1,2\n", 1, 1, id="space in the header"),
        pytest.param(b"0,1\n1,2\n", 1, 1, id="no header"),
        pytest.param(b"", 1, 1, id="nothing"),
        pytest.param(b"bin_index,value\n0,1\n", 3, 1, id="missing row"),
        pytest.param(b"bin_index,value\n0,1\n1,2\n2,3\n", 4, 1, id="extra row"),
        pytest.param(b"bin_index,value\n0,1\n0,2\n", 3, 1, id="duplicate row"),
        pytest.param(b"bin_index,value\n1,2\n0,1\n", 2, 1, id="unordered rows"),
        pytest.param(b"bin_index,value\n0,1\n\n1,2\n", 3, 1, id="empty line"),
        pytest.param(b"bin_index,value\n0,1\n1,2", 3, 4, id="cut last line"),
        pytest.param(b"bin_index,value\n0,1\n1,2,3\n", 3, 4, id="third cell"),
        pytest.param(b"bin_index,value\n0\n1,1,2\n", 2, 3, id="comma moved to another row"),
        pytest.param(b"bin_index,value\n0,1\n1,abc\n", 3, 3, id="text"),
        pytest.param(b"bin_index,value\n0,1\n1,1_000\n", 3, 3, id="underscore"),
        pytest.param(b"bin_index,value\n0,1\n1,0x10\n", 3, 3, id="hexadecimal"),
        pytest.param("bin_index,value\n0,1\n1,１２\n".encode(), 3, 3, id="full-width digits"),
        pytest.param(b"bin_index,value\n0,1\n1,1\x002\n", 3, 4, id="NUL"),
        pytest.param(b"bin_index,value\n0,1\n1,\xff\n", 3, 3, id="not UTF-8"),
        pytest.param(b"bin_index,value\n0,1\n1,1e999\n", 3, 3, id="too large"),
        pytest.param(b"bin_index,value\n0,1\n1,-1e999\n", 3, 3, id="too large below zero"),
        pytest.param(b"bin_index,value\n0,1\n1,nan\n", 3, 3, id="nan in lower case"),
        pytest.param(b"bin_index,value\n0,1\n1,inf\n", 3, 3, id="inf"),
        pytest.param(b"bin_index,value\n0,1\n1,null\n", 3, 3, id="null"),
        pytest.param(b"bin_index,value\n0,1\n1,true\n", 3, 3, id="true"),
        pytest.param(b'bin_index,value\n0,1\n1,"2"\n', 3, 3, id="quoted"),
        pytest.param(b"bin_index,value\n0,1\n1, 2\n", 3, 3, id="space"),
        pytest.param(b"bin_index,value\n0,1\n1,2 \n", 3, 3, id="space after"),
        pytest.param(b"bin_index,value\n0,1\n1,+2\n", 3, 3, id="plus"),
        pytest.param(b"bin_index,value\n0,1\n1,.5\n", 3, 3, id="no digit before the point"),
        pytest.param(b"bin_index,value\n0,1\n1,5.\n", 3, 3, id="no digit after the point"),
        pytest.param(b"bin_index,value\n0,1\n1,01\n", 3, 3, id="leading zero"),
        pytest.param(b"bin_index,value\n0,1\n1,=1+1\n", 3, 3, id="formula"),
        pytest.param(b"bin_index,value\n0,1\n1.0,2\n", 3, 1, id="index with a point"),
        pytest.param(b"bin_index,value\n0,1\n1e0,2\n", 3, 1, id="index with an exponent"),
        pytest.param(b"bin_index,value\n-0,1\n1,2\n", 2, 1, id="negative zero index"),
        pytest.param(b"bin_index,value\n0,1\n+1,2\n", 3, 1, id="index with a plus"),
        pytest.param(b"bin_index,value\r\n0,1\r\n1,2\r\n", 1, 16, id="CRLF"),
        pytest.param(b"bin_index,value\n0,1\n1,2\r\n", 3, 4, id="one CRLF"),
        pytest.param("bin_index,value\n0,1\n1,2\u2028\n".encode(), 3, 3, id="line separator"),
    ],
)
def test_anything_else_is_refused_where_it_stands(body, line, column):
    with pytest.raises(BundleCorrupt) as refused:
        parse(body, 2)

    assert refused.value.extra == {"file": "a.csv", "line": line, "column": column}
    assert refused.value.detail.startswith(f"a.csv, line {line}, column {column}: ")


def test_a_message_repeats_little_of_what_it_found():
    with pytest.raises(BundleCorrupt) as refused:
        parse(b"bin_index,value\n0," + b"x" * 100_000 + b"\n", 1)

    assert len(refused.value.detail) < 200


NUMBERS = {
    "0": 0.0,
    "1": 1.0,
    "-0": -0.0,
    "1.5": 1.5,
    "1e5": 1e5,
    "1E+5": 1e5,
    "NaN": math.nan,
    "": math.nan,
    "Infinity": math.inf,
    "-Infinity": -math.inf,
    "12345678901234567890123": 12345678901234567890123.0,
    "-9223372036854775809": -9223372036854775809.0,
}
REFUSED = ["x", "01", "1.", "1_0", " 1", "null", "1e999", "2\u00b2"]


@given(
    st.lists(st.sampled_from([*NUMBERS] * 3 + REFUSED), min_size=1, max_size=4), st.integers(1, 4)
)
def test_rows_are_accepted_together_exactly_when_each_is(cells, points):
    text = "bin_index,value\n" + "".join(f"{i},{cell}\n" for i, cell in enumerate(cells))
    is_good = len(cells) == points and not set(cells) & set(REFUSED)

    if is_good:
        expected = np.array([NUMBERS[cell] for cell in cells])
        assert np.array_equal(parse(text.encode(), points), expected, equal_nan=True)
    else:
        with pytest.raises(BundleCorrupt):
            parse(text.encode(), points)
