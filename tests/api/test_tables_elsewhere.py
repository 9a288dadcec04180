"""Exported tables in other programs' hands: pandas, polars and DuckDB read them unchanged, with equal numbers."""

import json

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest

from tests.flows import make_run

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

FORMS = ("csv", "ndjson", "parquet")
KEYS = ["time_bin", "node_id", "class", "measure"]


@pytest.fixture
def expected(api, exported):
    """The rows as the lines of JSON have them."""
    return [json.loads(line) for line in exported["ndjson"].read_text().splitlines()]


@pytest.fixture
def exported(api, tmp_path):
    """One run with gaps and class parts, a file in each form."""
    run = make_run(api, "counted")
    files = {}
    for form in FORMS:
        response = api.get(f"/v1/runs/{run['runId']}/export?format={form}")
        files[form] = tmp_path / f"table.{form}"
        files[form].write_bytes(response.getvalue())
    return files


@pytest.fixture
def dated(api, tmp_path):
    """One run whose bins have a date."""
    run = make_run(api, "desk")
    file = tmp_path / "dated.parquet"
    file.write_bytes(api.get(f"/v1/runs/{run['runId']}/export?format=parquet").getvalue())
    return file


def with_pandas(form, file):
    read = {
        "csv": lambda: pd.read_csv(file),
        "ndjson": lambda: pd.read_json(file, lines=True),
        "parquet": lambda: pd.read_parquet(file),
    }
    return read[form]()[[*KEYS, "value"]].to_dict("records")


def with_polars(form, file):
    read = {"csv": pl.read_csv, "ndjson": pl.read_ndjson, "parquet": pl.read_parquet}
    return read[form](file).select([*KEYS, "value"]).to_dicts()


def with_duckdb(form, file):
    read = {"csv": "read_csv", "ndjson": "read_json", "parquet": "read_parquet"}
    columns = ", ".join(f'"{name}"' for name in [*KEYS, "value"])
    found = duckdb.sql(f"SELECT {columns} FROM {read[form]}('{file}')")
    return [dict(zip([*KEYS, "value"], row, strict=True)) for row in found.fetchall()]


READERS = {"pandas": with_pandas, "polars": with_polars, "duckdb": with_duckdb}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("library", READERS)
def test_the_numbers_are_equal_and_gaps_are_missing(exported, expected, library, form):
    rows = READERS[library](form, exported[form])

    assert [[row[key] for key in KEYS] for row in rows] == [
        [row[key] for key in KEYS] for row in expected
    ]
    values = np.array([row["value"] for row in rows], dtype=float)
    wanted = np.array([row["value"] for row in expected], dtype=float)
    assert np.isnan(wanted).any()
    assert np.array_equal(values, wanted, equal_nan=True)


def test_parquet_has_types_and_says_which_run_it_is(dated):
    import pyarrow.parquet as pq

    file = pq.ParquetFile(dated)

    assert {field.name: str(field.type) for field in file.schema_arrow} == {
        "time_bin": "int32",
        "bin_start_utc": "timestamp[ms, tz=UTC]",
        "node_id": "string",
        "class": "string",
        "measure": "string",
        "value": "double",
    }
    assert file.schema_arrow.metadata[b"flowtime.runId"].startswith(b"run_")
    first = pd.read_parquet(dated).iloc[0]
    assert first["bin_start_utc"] == pd.Timestamp("2026-03-02T08:00:00Z")


def test_undefined_is_null_in_parquet_and_not_a_number_that_is_none(exported):
    table = pl.read_parquet(exported["parquet"])

    assert table["value"].null_count() > 0
    assert table["value"].is_nan().sum() == 0
    assert table["bin_start_utc"].null_count() == len(table)


def test_the_same_question_gets_the_same_bytes(api):
    run = make_run(api, "counted")
    address = f"/v1/runs/{run['runId']}/export?format=parquet"

    assert api.get(address).getvalue() == api.get(address).getvalue()
