"""The types of the JSON files: what they accept, what they write, and that nothing else escapes (bundles §2, §3)."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from flowtime.bundles import (
    AutoCapture,
    BundleCorrupt,
    Grid,
    RunManifest,
    RunRecord,
    RunWarning,
    SeriesEntry,
    SeriesIndex,
    TelemetryManifest,
    decode,
    encode,
)

KINDS = [RunManifest, RunRecord, SeriesIndex, TelemetryManifest, AutoCapture]
DIGEST = "sha256:" + "0" * 64

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=20,
)


def test_a_record_is_written_and_read_back(a_record):
    record = a_record("run_1", parameters={"a": None, "b": [1, 2.5, {"c": True}], "é": "\u2028"})

    text = encode(record)

    assert decode(RunRecord, text, file="run.json") == record
    assert json.loads(text)["parameters"] == {"a": None, "b": [1, 2.5, {"c": True}], "é": "\u2028"}
    assert text.endswith(b"}\n")


def test_a_byte_order_mark_is_accepted(a_record):
    record = a_record("run_1")

    assert decode(RunRecord, b"\xef\xbb\xbf" + encode(record), file="run.json") == record


def test_the_class_of_a_series_is_called_class():
    entry = SeriesEntry(
        series_id="a@A@Gold", kind="flow", unit="x", class_id="Gold", points=1, hash=DIGEST
    )

    assert json.loads(encode(SeriesIndex(series=(entry,))))["series"][0]["class"] == "Gold"


def test_a_worst_value_that_is_not_finite_is_left_out():
    warning = RunWarning(code="a", severity="warning", message="b", worst_value=float("inf"))

    assert warning.worst_value is None


@pytest.mark.parametrize(
    ("unit", "minutes"), [("minutes", 35), ("hours", 2100), ("days", 50400), ("weeks", 352800)]
)
def test_a_grid_lasts_as_long_as_its_unit_says(unit, minutes):
    assert Grid(bins=7, bin_size=5, bin_unit=unit).duration_minutes == minutes


def test_a_wrong_fact_cannot_be_made(a_record):
    for change in (
        {"mode": "other"},
        {"shape": "x" * 48},
        {"created_utc": "yesterday"},
        {"created_utc": "2026-11-23T10:15:00+01:00"},
        {"input_hash": "abc"},
        {"parameters": {"a": [float("nan")]}},
        {"unknown": 1},
    ):
        with pytest.raises(ValidationError):
            a_record("run_1", **change)


@given(st.sampled_from(KINDS), st.binary(max_size=200))
def test_bytes_of_any_kind_are_a_refusal(kind, data):
    with pytest.raises(BundleCorrupt) as refused:
        decode(kind, data, file="x.json")

    assert refused.value.extra["file"] == "x.json"


@given(st.sampled_from(KINDS), json_values, st.data())
def test_json_of_any_kind_is_a_refusal(kind, value, data):
    if isinstance(value, dict):
        field = data.draw(st.sampled_from([f.alias or n for n, f in kind.model_fields.items()]))
        value = {"schemaVersion": kind.newest, field: value}

    with pytest.raises(BundleCorrupt) as refused:
        decode(kind, json.dumps(value).encode(), file="x.json")

    assert refused.value.detail.isprintable()
    assert len(refused.value.detail) < 400
