"""GET of two runs side by side."""

import pytest

from tests.flows import make_run, post_replay

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def compare(api, a, b):
    return api.get("/v1/compare", {"a": a["runId"], "b": b["runId"]})


def test_a_replay_is_identical_to_its_source(api):
    source = make_run(api, "nyc-departures")
    replay = post_replay(api, source["runId"], "model").json()

    body = compare(api, source, replay).json()

    assert body["isIdentical"] is True
    assert body["series"]["identical"] == body["series"]["matched"] > 100
    assert body["series"]["different"] == 0
    assert body["series"]["maxAbsDiff"] == 0
    assert body["series"]["firstDifferentBin"] is None
    assert (body["a"]["runId"], body["b"]["runId"]) == (source["runId"], replay["runId"])


def test_half_a_storm_differs_and_says_where_first(api):
    whole = make_run(api, "nyc-departures")
    half = make_run(api, "nyc-departures", parameters={"stormSeverity": 0.5})

    body = compare(api, whole, half).json()

    assert body["isIdentical"] is False
    assert body["parameters"][0] == {
        "name": "stormSeverity",
        "a": 1,
        "b": 0.5,
        "isDifferent": True,
    }
    assert not any(row["isDifferent"] for row in body["parameters"][1:])
    items = body["series"]["items"]
    assert items[0]["isIdentical"] is False
    assert items[-1]["isIdentical"] is True
    firsts = [row["firstDifferentBin"] for row in items if not row["isIdentical"]]
    assert body["series"]["firstDifferentBin"] == min(firsts)
    sizes = [row["maxAbsDiff"] for row in items]
    assert sizes == sorted(sizes, reverse=True)
    lost = next(row for row in items if row["seriesId"] == "jfk_lost@JFK_LOST@DEFAULT")
    ours, theirs = (
        api.get(f"/v1/runs/{run['runId']}/series/jfk_lost@JFK_LOST@DEFAULT").json()["values"]
        for run in (whole, half)
    )
    apart = [abs(a - b) for a, b in zip(ours, theirs, strict=True)]
    assert lost["maxAbsDiff"] == max(apart)
    assert lost["maxAbsDiffBin"] == apart.index(max(apart))
    assert lost["meanAbsDiff"] == pytest.approx(sum(apart) / 120)
    assert lost["firstDifferentBin"] == next(i for i, d in enumerate(apart) if d)
    assert lost["differentBins"] == sum(d > 0 for d in apart)


def test_an_undefined_bin_differs_from_a_defined_one(api):
    quiet = make_run(api, "counted", parameters={"limit": 100})
    narrow = make_run(api, "counted", parameters={"limit": 5})

    items = compare(api, quiet, narrow).json()["series"]["items"]

    assert all(row["maxAbsDiff"] is None or row["maxAbsDiff"] >= 0 for row in items)
    assert any(not row["isIdentical"] for row in items)


def test_runs_of_different_grids_have_no_bins_in_common(api):
    body = compare(api, make_run(api, "desk"), make_run(api, "counted")).json()

    assert body["isComparable"] is False
    assert body["isIdentical"] is False
    assert body["series"]["items"] == []
    assert body["series"]["firstDifferentBin"] is None
    assert body["parameters"][0]["isDifferent"] is True


def test_is_not_sent_again(api):
    a, b = make_run(api), make_run(api, parameters={"extra": 1})
    query = {"a": a["runId"], "b": b["runId"]}
    etag = api.get("/v1/compare", query)["ETag"]

    again = api.get("/v1/compare", query, headers={"If-None-Match": etag})

    assert again.status_code == 304
    assert compare(api, b, a)["ETag"] != etag


@pytest.mark.parametrize(
    ("query", "pointer"),
    [("", "?a"), ("a=x", "?b"), ("b=x", "?a"), ("a=", "?a"), ("a=x&b=y&c=z", "?c")],
)
def test_needs_two_runs(api, query, pointer):
    response = api.get(f"/v1/compare?{query}")

    assert response.status_code == 400
    assert response.json()["errors"][0]["pointer"] == pointer


def test_names_the_run_that_is_not_there(api):
    run = make_run(api)

    response = api.get("/v1/compare", {"a": run["runId"], "b": "run_nowhere"})

    assert response.status_code == 404
    assert "run_nowhere" in response.json()["detail"]


def test_of_missing_files_is_refused(api, data_dirs):
    a, b = make_run(api), make_run(api, parameters={"extra": 1})
    (data_dirs.runs / b["runId"]).rename(data_dirs.data / "elsewhere")

    response = compare(api, a, b)

    assert response.status_code == 422
    assert response.json()["code"] == "run_unreadable"
    assert response.json()["runId"] == b["runId"]


def test_is_open_to_viewers_and_not_to_strangers(api, viewer_api, anonymous_api):
    run = make_run(api)

    assert compare(viewer_api, run, run).status_code == 200
    assert compare(anonymous_api, run, run).status_code == 401
