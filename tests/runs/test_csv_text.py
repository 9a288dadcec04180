"""CSV that a spreadsheet opens as what it is."""

import csv
import io

import pytest

from runs.csv_text import csv_line, csv_table


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\r=1", "=cmd|' /C calc'!A0"]
)
def test_text_never_begins_a_formula(text):
    (cell,) = next(csv.reader(io.StringIO(csv_line([text]), newline="")))

    assert cell == f"'{text}"


@pytest.mark.parametrize("number", [-1, -0.5, 1e-300, 3, 0.1])
def test_numbers_stay_numbers(number):
    assert float(csv_line([number])) == number


@pytest.mark.parametrize("text", ["a,b", 'say "x"', "two\nlines", "plain", "a=b", ""])
def test_any_other_text_reads_back_as_it_was(text):
    rows = list(csv.reader(io.StringIO(csv_table([[text, "end"]]).decode(), newline="")))

    assert rows == [[text, "end"]]


def test_records_end_as_rfc_4180_has_it_and_nothing_is_an_empty_cell():
    assert csv_table([["a", None], ["b", 2]]) == b"a,\r\nb,2\r\n"
