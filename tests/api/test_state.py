"""GET of a run bin by bin: state, state_window, metrics."""

import json
import math

import pytest
from django.utils import timezone

from flowtime.engine import evaluate, load_model
from runs import arrays, layout, selectors
from runs.catalog import get_entry
from runs.errors import RunUnreadable
from runs.models import Run
from runs.reading import readable
from runs.state import read_window
from tests.factories import RunFactory
from tests.flows import make_run

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

AIRPORTS = ("EWR", "JFK", "LGA")


@pytest.fixture
def storm(api):
    """The storm over New York, and the address of its run."""
    return f"/v1/runs/{make_run(api, 'nyc-departures')['runId']}"


@pytest.fixture
def desk(api):
    return f"/v1/runs/{make_run(api)['runId']}"


@pytest.fixture
def cold():
    """Nothing is remembered of any bundle."""
    arrays.STORE.clear()
    layout.forget_layouts()


def by_id(items, key="nodeId"):
    return {item[key]: item for item in items}


def refuse(text):
    raise AssertionError(f"{text} is no JSON")


class TestState:
    def test_tells_how_many_waited_in_the_storms_wake(self, api, storm):
        body = api.get(f"{storm}/state?bin=115").json()

        nodes = by_id(body["nodes"])
        assert [nodes[name]["observed"]["queueDepth"] for name in AIRPORTS] == [24, 35, 17]
        assert nodes["JFK"]["colour"] == "red"
        assert nodes["JFK"]["observed"]["served"] == 18
        assert nodes["JFK"]["derived"]["latencyMinutes"] == pytest.approx(35 / 18 * 60)
        assert (body["bin"], body["beginsUtc"]) == (115, "2013-02-11T19:00:00Z")
        assert body["endsUtc"] == "2013-02-11T20:00:00Z"

    def test_says_null_where_nothing_is_defined(self, api, storm):
        response = api.get(f"{storm}/state?bin=3")

        body = json.loads(response.content, parse_constant=refuse)
        newark = by_id(body["nodes"])["EWR"]
        assert newark["observed"]["served"] == 0
        assert newark["derived"]["latencyMinutes"] is None
        assert newark["colour"] == "gray"

    def test_has_the_flow_of_every_edge(self, api, storm):
        edges = by_id(api.get(f"{storm}/state?bin=115").json()["edges"], "edgeId")

        assert edges["JFK->Departed"]["metrics"] == {"flowVolume": 18}
        assert edges["JFK->Cancelled"]["metrics"] == {"failuresVolume": 5}
        assert (edges["JFK->Departed"]["from"], edges["JFK->Departed"]["to"]) == ("JFK", "Departed")

    def test_has_the_warnings_of_the_bin_alone(self, api, storm):
        late = api.get(f"{storm}/state?bin=115").json()
        early = api.get(f"{storm}/state?bin=60").json()

        assert "backlog_age_risk" in by_id(late["nodes"])["JFK"]["warnings"]
        assert {w["code"] for w in late["warnings"]} >= {"backlog_age_risk", "backlog_overload"}
        assert "backlog_age_risk" not in by_id(early["nodes"])["JFK"]["warnings"]

    def test_is_what_the_series_say(self, api, storm):
        run_id = storm.rpartition("/")[2]
        values = api.get(f"/v1/runs/{run_id}/series/jfk_waiting@JFK_WAITING@DEFAULT").json()

        body = api.get(f"{storm}/state?bin=116").json()

        assert by_id(body["nodes"])["JFK"]["observed"]["queueDepth"] == values["values"][116] == 36

    @pytest.mark.parametrize("query", ["", "?bin=", "?bin=120", "?bin=-1", "?bin=x", "?bin=1.5"])
    def test_of_no_bin_of_the_run_is_refused(self, api, storm, query):
        response = api.get(f"{storm}/state{query}")

        assert response.status_code == 400
        assert response.json()["errors"][0]["pointer"] == "?bin"

    def test_without_a_place_is_empty(self, api):
        run = make_run(api, "bare")

        body = api.get(f"/v1/runs/{run['runId']}/state?bin=0").json()

        assert (body["nodes"], body["edges"], body["beginsUtc"]) == ([], [], None)


class TestWindow:
    def test_is_the_run_by_column(self, api, storm):
        body = api.get(f"{storm}/state_window").json()

        jfk = by_id(body["nodes"])["JFK"]
        assert (body["from"], body["to"], body["binMinutes"]) == (0, 119, 60)
        assert len(body["timestampsUtc"]) == len(jfk["colours"]) == 120
        assert body["timestampsUtc"][115] == "2013-02-11T19:00:00Z"
        assert max(jfk["observed"]["queueDepth"]) == jfk["observed"]["queueDepth"][116] == 36
        assert jfk["derived"]["latencyMinutes"][3] is None
        assert set(by_id(body["nodes"])["Cancelled"]["colours"]) == {"d"}

    def test_has_in_each_column_what_the_bin_has(self, api, storm):
        window = api.get(f"{storm}/state_window?from=114&to=116").json()
        state = api.get(f"{storm}/state?bin=115").json()

        for node, seen in zip(window["nodes"], state["nodes"], strict=True):
            assert {role: v[1] for role, v in node["observed"].items()} == seen["observed"]
            assert {metric: v[1] for metric, v in node["derived"].items()} == seen["derived"]
        for edge, seen in zip(window["edges"], state["edges"], strict=True):
            assert {metric: v[1] for metric, v in edge["metrics"].items()} == seen["metrics"]

    def test_holds_both_ends(self, api, storm):
        body = api.get(f"{storm}/state_window?from=115&to=115").json()

        assert by_id(body["nodes"])["EWR"]["observed"]["queueDepth"] == [24]
        assert body["timestampsUtc"] == ["2013-02-11T19:00:00Z"]

    def test_holds_the_letters_of_the_run_shape(self, api, desk):
        run = api.get(desk).json()
        letters = api.get(f"{desk}/state_window").json()["nodes"][0]["colours"]

        assert "".join(letters[i * 4 // 48] for i in range(48)) == run["shape"]

    @pytest.mark.parametrize(
        ("query", "pointer"),
        [
            ("from=120", "?from"),
            ("from=-1", "?from"),
            ("to=120", "?to"),
            ("from=5&to=4", "?from"),
            ("from=x", "?from"),
            ("bin=4", "?bin"),
            ("from=1&from=2", "?from"),
        ],
    )
    def test_is_asked_for_strictly(self, api, storm, query, pointer):
        response = api.get(f"{storm}/state_window?{query}")

        assert response.status_code == 400
        assert response.json()["errors"][0]["pointer"] == pointer

    def test_beyond_the_limit_is_refused(self, api, storm, monkeypatch):
        monkeypatch.setattr("runs.state.MAX_CELLS", 70)

        response = api.get(f"{storm}/state_window?from=0&to=10")

        assert response.status_code == 413
        assert response.json()["code"] == "window_too_large"
        assert response.json()["maxBins"] == 10
        assert api.get(f"{storm}/state_window?from=0&to=9").status_code == 200

    def test_has_no_clock_where_the_model_has_none(self, api):
        run = make_run(api, "counted")

        body = api.get(f"/v1/runs/{run['runId']}/state_window").json()

        assert body["timestampsUtc"] is None
        assert by_id(body["nodes"])["Gate"]["observed"]["arrivals"] == [8, None, 4, 12]

    def test_is_not_sent_again(self, api, storm):
        first = api.get(f"{storm}/state_window?from=1&to=2")

        second = api.get(
            f"{storm}/state_window?from=1&to=2", headers={"If-None-Match": first["ETag"]}
        )
        weak = api.get(
            f"{storm}/state_window?from=1&to=2", headers={"If-None-Match": f"W/{first['ETag']}"}
        )

        assert first["ETag"].startswith('"')
        assert (second.status_code, second.content) == (304, b"")
        assert weak.status_code == 304
        assert api.get(f"{storm}/state_window?from=1&to=3")["ETag"] != first["ETag"]
        assert api.get(f"{storm}/metrics?from=1&to=2")["ETag"] != first["ETag"]


class TestMetrics:
    def test_sum_up_the_storm(self, api, storm):
        nodes = by_id(api.get(f"{storm}/metrics").json()["nodes"])

        jfk = nodes["JFK"]
        assert jfk["totals"]["served"] == 1129
        assert jfk["peakQueue"] == {"value": 36, "bin": 116, "beginsUtc": "2013-02-11T20:00:00Z"}
        assert jfk["utilization"]["p95"] == 1
        assert jfk["utilization"]["definedBins"] < 120
        assert 0 < jfk["sla"]["completion"]["share"] < 1
        assert jfk["sla"]["backlogAge"]["share"] == pytest.approx(114 / 120)
        assert jfk["flowLatencyMs"]["max"] > jfk["flowLatencyMs"]["p50"] > 0
        assert nodes["Departed"]["peakQueue"] is None

    def test_agree_with_the_engine(self, api, storm):
        run = selectors.get_run(storm.rpartition("/")[2])
        with readable(run) as bundle:
            model = load_model(bundle.model_document)
            texts = list(bundle.record.provenance["sources"])
        result = evaluate(model, sources=get_entry("nyc-departures").sources(texts))

        nodes = by_id(api.get(f"{storm}/metrics?from=20&to=90").json()["nodes"])

        for node in model.topology.nodes:
            expected = {name: sla.share for name, sla in result.sla(node.id, 20, 91).items()}
            found = {name: sla["share"] for name, sla in nodes[node.id]["sla"].items()}
            assert found == expected, node.id

    def test_are_of_the_range_alone(self, api, desk):
        node = api.get(f"{desk}/metrics?from=1&to=2").json()["nodes"][0]

        assert node["totals"]["arrivals"] == 12
        assert node["totals"]["served"] == 10
        assert node["peakQueue"]["bin"] == 1

    def test_say_null_where_nothing_is_defined(self, api):
        run = make_run(api, "counted")

        nodes = by_id(api.get(f"/v1/runs/{run['runId']}/metrics?from=1&to=1").json()["nodes"])

        assert nodes["Gate"]["totals"]["arrivals"] is None
        assert nodes["Shelf"]["utilization"] is None


ROUTES = ["state?bin=1", "state_window", "metrics", "export"]


@pytest.mark.parametrize("route", ROUTES)
class TestEveryRoute:
    def test_is_open_to_viewers_and_not_to_strangers(self, desk, viewer_api, anonymous_api, route):
        assert viewer_api.get(f"{desk}/{route}").status_code == 200
        assert anonymous_api.get(f"{desk}/{route}").status_code == 401

    def test_of_no_run_is_not_found(self, api, route):
        response = api.get(f"/v1/runs/run_nowhere/{route}")

        assert response.status_code == 404
        assert response.json()["code"] == "run_not_found"

    def test_of_an_unfinished_run_is_refused(self, api, route):
        run = RunFactory(
            status=Run.Status.RUNNING, finished_at=None, heartbeat_at=timezone.now(), bins=4
        )

        response = api.get(f"/v1/runs/{run.pk}/{route}")

        assert response.status_code == 422
        assert response.json()["detail"] == "The run has not finished."

    def test_of_missing_files_is_refused(self, api, desk, data_dirs, route):
        api.get(f"{desk}/{route}")
        run_id = desk.rpartition("/")[2]
        (data_dirs.runs / run_id).rename(data_dirs.data / "elsewhere")

        response = api.get(f"{desk}/{route}")

        assert response.status_code == 422
        assert response.json()["code"] == "run_unreadable"

    def test_of_a_damaged_file_is_refused(self, api, desk, data_dirs, cold, route):
        run_id = desk.rpartition("/")[2]
        path = data_dirs.runs / run_id / "series" / "desk_queue@DESK_QUEUE@DEFAULT.csv"
        path.write_bytes(path.read_bytes().replace(b"1,4", b"1,5"))

        response = api.get(f"{desk}/{route}")

        assert response.status_code == 422
        assert response.json()["code"] == "run_unreadable"

    def test_has_an_etag_of_its_own(self, api, desk, route):
        response = api.get(f"{desk}/{route}")

        again = api.get(f"{desk}/{route}", headers={"If-None-Match": response["ETag"]})

        assert again.status_code == 304


def test_a_run_says_where_its_states_are(api, desk):
    links = api.get(desk).json()["links"]

    assert api.get(f"{links['state']}?bin=0").status_code == 200
    assert api.get(links["stateWindow"]).status_code == 200


def test_nothing_of_a_bundle_with_a_changed_index_is_kept(api, desk, cold, data_dirs):
    run_id = desk.rpartition("/")[2]
    index = data_dirs.runs / run_id / "series" / "index.json"
    index.write_bytes(index.read_bytes().replace(b"stock", b"ratio"))

    with pytest.raises(RunUnreadable):
        read_window(selectors.get_run(run_id), 0, 3)

    assert len(arrays.STORE) == 0


def test_every_number_is_finite_or_null(api, storm):
    body = json.loads(api.get(f"{storm}/state_window").content, parse_constant=refuse)

    for node in body["nodes"]:
        for values in [*node["observed"].values(), *node["derived"].values()]:
            assert all(value is None or math.isfinite(value) for value in values)
