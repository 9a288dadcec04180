"""GET of a run as one table: CSV, lines of JSON, Parquet."""

import csv
import io
import json

import pytest

from tests.flows import make_run

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

COLUMNS = ["time_bin", "bin_start_utc", "node_id", "class", "measure", "value"]


@pytest.fixture
def storm(api):
    return f"/v1/runs/{make_run(api, 'nyc-departures')['runId']}"


@pytest.fixture
def counted(api):
    return f"/v1/runs/{make_run(api, 'counted')['runId']}"


def text_of(response):
    assert response.status_code == 200, response.content
    return response.getvalue().decode()


def read_csv(response):
    return list(csv.DictReader(io.StringIO(text_of(response))))


def read_lines(response):
    return [json.loads(line) for line in text_of(response).splitlines()]


def test_csv_parses_back(api, storm):
    response = api.get(f"{storm}/export?format=csv")

    rows = read_csv(response)
    assert list(rows[0]) == COLUMNS
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].endswith('.csv"')
    found = {
        row["node_id"]: row["value"]
        for row in rows
        if (row["time_bin"], row["measure"], row["class"]) == ("115", "queueDepth", "DEFAULT")
    }
    assert (found["EWR"], found["JFK"], found["LGA"]) == ("24", "35", "17")
    assert {row["bin_start_utc"] for row in rows if row["time_bin"] == "115"} == {
        "2013-02-11T19:00:00Z"
    }


def test_lines_of_json_say_the_same(api, storm):
    response = api.get(f"{storm}/export?format=ndjson")
    rows = read_csv(api.get(f"{storm}/export?format=csv"))

    lines = read_lines(response)

    assert response["Content-Type"] == "application/x-ndjson"
    assert list(lines[0]) == COLUMNS
    assert [[str(line[name]) for name in COLUMNS[:-1]] + [line["value"]] for line in lines] == [
        [row[name] for name in COLUMNS[:-1]] + [float(row["value"]) if row["value"] else None]
        for row in rows
    ]


def test_class_parts_have_rows_of_their_own(api, counted):
    rows = read_csv(api.get(f"{counted}/export"))

    served = [
        (r["class"], r["value"]) for r in rows if r["measure"] == "served" and r["time_bin"] == "0"
    ]
    assert ("Adult", "6") in served
    assert ("Child", "2") in served


def test_an_undefined_value_is_an_empty_cell_or_null(api, counted):
    rows = read_csv(api.get(f"{counted}/export?format=csv"))
    lines = read_lines(api.get(f"{counted}/export?format=ndjson"))

    gap = {"time_bin": "1", "bin_start_utc": "", "node_id": "Gate", "class": "DEFAULT"}
    assert gap | {"measure": "arrivals", "value": ""} in rows
    assert {
        "time_bin": 1,
        "bin_start_utc": None,
        "node_id": "Gate",
        "class": "DEFAULT",
        "measure": "arrivals",
        "value": None,
    } in lines


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "text/csv; charset=utf-8"),
        ("text/csv", "text/csv; charset=utf-8"),
        ("application/x-ndjson", "application/x-ndjson"),
        ("application/vnd.apache.parquet", "application/vnd.apache.parquet"),
    ],
)
def test_without_a_named_form_accept_decides(api, counted, accept, kind):
    response = api.get(f"{counted}/export", headers={"Accept": accept})

    assert response["Content-Type"] == kind
    assert "Accept" in response["Vary"]


def test_a_named_form_wins_over_accept(api, counted):
    response = api.get(f"{counted}/export?format=ndjson", headers={"Accept": "text/html"})

    assert response["Content-Type"] == "application/x-ndjson"


def test_a_form_that_nobody_has_is_not_acceptable(api, counted):
    response = api.get(f"{counted}/export", headers={"Accept": "application/json"})

    assert response.status_code == 406
    assert response.json()["code"] == "not_acceptable"


@pytest.mark.parametrize("accept", ["*/*", "application/json"])
def test_another_form_is_refused_with_a_sentence(api, counted, accept):
    response = api.get(f"{counted}/export?format=xlsx", headers={"Accept": accept})

    assert response.status_code == 400
    error = response.json()["errors"][0]
    assert (error["pointer"], error["code"]) == ("?format", "invalid_choice")
    assert error["detail"] == "One of csv, ndjson, parquet."


def test_each_form_and_range_has_its_own_etag(api, counted):
    queries = ("format=csv", "format=ndjson", "format=parquet", "format=csv&from=1")
    tags = {api.get(f"{counted}/export?{query}")["ETag"] for query in queries}

    assert len(tags) == 4
    again = api.get(f"{counted}/export?format=csv", headers={"If-None-Match": ", ".join(tags)})
    assert again.status_code == 304
    assert again.content == b""


def test_a_range_of_bins_is_exported_alone(api, counted):
    response = api.get(f"{counted}/export?format=csv&from=1&to=2")

    rows = read_csv(response)
    assert {row["time_bin"] for row in rows} == {"1", "2"}
    assert "-1-2.csv" in response["Content-Disposition"]
    everything = read_csv(api.get(f"{counted}/export?format=csv"))
    assert rows == [row for row in everything if row["time_bin"] in ("1", "2")]


@pytest.mark.parametrize("query", ["from=9", "to=4", "from=2&to=1", "from=x", "bins=1"])
def test_a_range_is_asked_for_strictly(api, counted, query):
    assert api.get(f"{counted}/export?{query}").status_code == 400


def test_records_end_as_rfc_4180_has_it(api, counted):
    text = text_of(api.get(f"{counted}/export?format=csv"))

    assert text.endswith("\r\n")
    assert text.count("\n") == text.count("\r\n")
