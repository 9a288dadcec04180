"""GET of one run: detail, events, model, index, series, graph; and cancelling."""

import json

import pytest
import yaml
from django.utils import timezone

from runs.models import Run
from tests.factories import RunFactory
from tests.flows import make_capture, make_run, post_run

pytestmark = pytest.mark.django_db

QUEUE = "desk_queue@DESK_QUEUE@DEFAULT"


@pytest.fixture
def run(api):
    return make_run(api)


class TestDetail:
    def test_equals_what_its_creation_answered(self, api, run):
        assert api.get(f"/v1/runs/{run['runId']}").json() == run

    def test_is_not_sent_again_while_nothing_changes(self, api, run):
        first = api.get(f"/v1/runs/{run['runId']}")
        etag = first["ETag"]

        second = api.get(f"/v1/runs/{run['runId']}", headers={"If-None-Match": etag})

        assert etag.startswith('"')
        assert second.status_code == 304
        assert second.content == b""
        assert second["ETag"] == etag

    def test_is_sent_again_when_something_changed(self, api, run):
        etag = api.get(f"/v1/runs/{run['runId']}")["ETag"]
        make_capture(api, run["runId"])

        response = api.get(f"/v1/runs/{run['runId']}", headers={"If-None-Match": etag})

        assert response.status_code == 200
        assert response["ETag"] != etag

    def test_tells_a_viewer_what_a_viewer_may(self, viewer_api, run):
        body = viewer_api.get(f"/v1/runs/{run['runId']}").json()

        assert body["actions"]["generateTelemetry"] == {
            "allowed": False,
            "reason": "You need the operator role.",
        }

    def test_tells_why_a_run_failed(self, api):
        run = RunFactory(
            status=Run.Status.FAILED, failure_code="model_invalid", failure_detail="No such source."
        )

        body = api.get(f"/v1/runs/{run.pk}").json()

        assert body["failure"] == {"code": "model_invalid", "detail": "No such source."}
        assert body["canReplay"] is False

    def test_notices_that_the_files_are_gone(self, api, run, data_dirs):
        (data_dirs.runs / run["runId"]).rename(data_dirs.data / "elsewhere")

        body = api.get(f"/v1/runs/{run['runId']}").json()

        assert body["canReplay"] is False
        assert body["actions"]["replayFromModel"]["reason"] == "The run's files are missing."

    def test_notices_one_changed_byte(self, api, run, data_dirs):
        path = data_dirs.runs / run["runId"] / "series" / f"{QUEUE}.csv"
        path.write_bytes(path.read_bytes().replace(b"1,4", b"1,5"))

        body = api.get(f"/v1/runs/{run['runId']}").json()

        assert body["canReplay"] is False
        assert (
            body["actions"]["replayFromModel"]["reason"]
            == "The run's files were changed since it was written."
        )

    def test_notices_one_changed_byte_of_its_telemetry(self, api, run, data_dirs):
        make_capture(api, run["runId"])
        bundle = data_dirs.telemetry / "runs" / run["runId"] / "g000001"
        path = bundle / "Desk_QueueDepth.csv"
        path.write_bytes(path.read_bytes().replace(b"1,4", b"1,5"))

        body = api.get(f"/v1/runs/{run['runId']}").json()

        assert body["telemetry"]["available"] is False
        assert body["canReplay"] is True
        assert (
            body["actions"]["replayFromTelemetry"]["reason"]
            == "The telemetry bundle was changed since it was generated."
        )

    @pytest.mark.parametrize(
        "run_id", ["run_nowhere", "..", "%2e%2e", "a%00b", "x" * 3000, "a;b", "a%5Cb", "%20"]
    )
    def test_of_no_run_is_not_found(self, api, run_id):
        response = api.get(f"/v1/runs/{run_id}")

        assert response.status_code == 404
        assert response["Content-Type"] == "application/problem+json"
        assert len(response.content) < 1000


class TestEvents:
    def test_are_listed_oldest_first(self, api, run):
        body = api.get(f"/v1/runs/{run['runId']}/events").json()

        assert [event["name"] for event in body["items"]] == ["run.created", "run.succeeded"]
        assert body["items"][0]["actor"] == "alice"
        assert body["items"][1]["attributes"]["durationMs"] >= 0

    def test_are_paged(self, api, run):
        first = api.get(f"/v1/runs/{run['runId']}/events?pageSize=1").json()
        query = {"pageSize": 1, "cursor": first["nextCursor"]}
        second = api.get(f"/v1/runs/{run['runId']}/events", query).json()

        assert [event["name"] for event in second["items"]] == ["run.succeeded"]


class TestModel:
    def test_is_the_bound_model(self, api, run):
        response = api.get(f"/v1/runs/{run['runId']}/model")

        assert response["Content-Type"] == "application/yaml"
        model = yaml.safe_load(response.content)
        assert "parameters" not in model
        assert model["topology"]["nodes"][0]["semantics"]["capacity"] == 5

    def test_of_a_run_whose_files_are_gone(self, api, run, data_dirs):
        (data_dirs.runs / run["runId"]).rename(data_dirs.data / "elsewhere")

        response = api.get(f"/v1/runs/{run['runId']}/model")

        assert response.status_code == 422
        assert response.json()["code"] == "run_unreadable"

    def test_of_an_unfinished_run(self, api):
        run = RunFactory(status=Run.Status.RUNNING, finished_at=None)

        response = api.get(f"/v1/runs/{run.pk}/model")

        assert response.status_code == 422
        assert response.json()["detail"] == "The run has not finished."


class TestIndex:
    def test_lists_every_series(self, api, run):
        items = api.get(f"/v1/runs/{run['runId']}/index").json()["items"]

        queue = next(item for item in items if item["seriesId"] == QUEUE)
        assert queue["nodeId"] == "Desk"
        assert queue["kind"] == "stock"
        assert queue["unit"] == "entities"
        assert queue["class"] == "DEFAULT"
        assert queue["points"] == 4
        assert queue["hash"].startswith("sha256:")


class TestSeries:
    def test_has_a_value_a_bin(self, api, run):
        body = api.get(f"/v1/runs/{run['runId']}/series/{QUEUE}").json()

        assert body == {
            "seriesId": QUEUE,
            "kind": "stock",
            "unit": "entities",
            "points": 4,
            "bins": [0, 1, 2, 3],
            "values": [0, 4, 2, 0],
        }

    def test_is_cut_to_a_range(self, api, run):
        body = api.get(f"/v1/runs/{run['runId']}/series/{QUEUE}?from=1&to=2").json()

        assert (body["bins"], body["values"]) == ([1, 2], [4, 2])

    def test_beyond_the_end_is_empty(self, api, run):
        body = api.get(f"/v1/runs/{run['runId']}/series/{QUEUE}?from=9").json()

        assert (body["points"], body["bins"], body["values"]) == (0, [], [])

    def test_is_thinned_out_by_its_extremes(self, api, run):
        body = api.get(f"/v1/runs/{run['runId']}/series/{QUEUE}?maxPoints=2").json()

        assert body["points"] == 4
        assert body["values"] == [0, 4]

    def test_is_text_on_request(self, api, run):
        response = api.get(
            f"/v1/runs/{run['runId']}/series/{QUEUE}", headers={"Accept": "text/csv"}
        )

        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert response.content == b"bin_index,value\n0,0\n1,4\n2,2\n3,0\n"

    def test_says_null_where_nothing_is_defined(self, api):
        run = make_run(api, "counted")

        body = api.get(f"/v1/runs/{run['runId']}/series/coming@COMING@DEFAULT").json()

        assert body["values"] == [8, None, 4, 12]

    @pytest.mark.parametrize("query", ["from=-1", "to=x", "maxPoints=1", "maxPoints=0", "at=3"])
    def test_is_asked_for_strictly(self, api, run, query):
        response = api.get(f"/v1/runs/{run['runId']}/series/{QUEUE}?{query}")

        assert response.status_code == 400

    def test_is_not_sent_again_and_each_form_has_its_tag(self, api, run):
        address = f"/v1/runs/{run['runId']}/series/{QUEUE}"
        data, text = (
            api.get(address, headers={"Accept": f}) for f in ("application/json", "text/csv")
        )

        again = api.get(address, headers={"If-None-Match": data["ETag"]})

        assert again.status_code == 304
        assert data["ETag"] != text["ETag"]
        assert "Accept" in data["Vary"]
        assert api.get(f"{address}?from=1")["ETag"] != data["ETag"]

    @pytest.mark.parametrize("part", ["model", "index", "graph"])
    def test_what_never_changes_has_a_strong_tag(self, api, run, part):
        address = f"/v1/runs/{run['runId']}/{part}"
        first = api.get(address)

        again = api.get(address, headers={"If-None-Match": first["ETag"]})

        assert first.status_code == 200
        assert first["ETag"].startswith('"')
        assert (again.status_code, again.content) == (304, b"")

    def test_of_no_series_is_not_found(self, api, run):
        response = api.get(f"/v1/runs/{run['runId']}/series/nothing")

        assert response.status_code == 404
        assert response.json()["code"] == "series_not_found"


class TestGraph:
    def test_has_places_with_the_series_of_their_roles(self, api):
        run = make_run(api, "counted")

        body = api.get(f"/v1/runs/{run['runId']}/graph").json()

        gate = body["nodes"][0]
        assert gate["id"] == "Gate"
        assert gate["kind"] == "queue"
        assert gate["semantics"]["arrivals"] == "coming"
        assert gate["series"]["arrivals"] == "coming@COMING@DEFAULT"
        assert body["edges"][0]["from"] == "Gate"
        assert body["edges"][0]["to"] == "Shelf"
        assert body["edges"][0]["type"] == "terminal"


class TestCancelling:
    def test_ends_a_queued_run(self, api, run_tasks):
        queued = post_run(api, headers={"Prefer": "respond-async"}).json()

        response = api.post(f"/v1/runs/{queued['runId']}/cancel")

        assert response.status_code == 200
        assert response.json()["status"] == "canceled"
        run_tasks()
        assert Run.objects.get().status == Run.Status.CANCELED

    def test_asks_a_running_run_to_stop(self, api):
        run = RunFactory(status=Run.Status.RUNNING, finished_at=None, heartbeat_at=timezone.now())

        response = api.post(f"/v1/runs/{run.pk}/cancel")

        assert response.status_code == 200
        assert response.json()["status"] == "running"
        assert Run.objects.get().cancel_requested_at is not None

    def test_of_a_finished_run_is_a_conflict(self, api, run):
        response = api.post(f"/v1/runs/{run['runId']}/cancel")

        assert response.status_code == 409
        assert response.json()["code"] == "run_not_cancelable"
        assert Run.objects.get().status == Run.Status.SUCCEEDED


class TestTemplates:
    def test_are_listed_with_their_parameters(self, api):
        items = api.get("/v1/templates").json()["items"]

        desk = next(item for item in items if item["templateId"] == "desk")
        assert desk["title"] == "A small desk"
        assert desk["problems"] == []
        assert desk["parameters"][0] == {
            "name": "perHour",
            "type": "number",
            "title": None,
            "description": None,
            "default": 5,
            "required": False,
            "minimum": 1,
            "maximum": 50,
        }
        assert {"first-steps", "nyc-departures"} <= {item["templateId"] for item in items}

    def test_that_are_broken_are_listed_with_their_problems(self, api):
        items = api.get("/v1/templates").json()["items"]

        broken = next(item for item in items if item["templateId"] == "broken")
        assert broken["problems"][0]["code"] == "expression_syntax"

    def test_show_their_graph(self, api):
        body = api.get("/v1/templates/counted").json()

        assert [node["id"] for node in body["graph"]["nodes"]] == ["Gate", "Shelf"]
        assert body["captureKey"] == "counted"

    def test_that_are_broken_have_no_graph(self, api):
        assert api.get("/v1/templates/broken").json()["graph"] is None

    def test_edited_on_disk_are_seen(self, api, data_dirs):
        path = data_dirs.templates / "desk.yaml"
        path.write_text(path.read_text().replace("A small desk", "A larger desk"))

        assert api.get("/v1/templates/desk").json()["title"] == "A larger desk"

    def test_of_no_id_are_not_found(self, api):
        response = api.get("/v1/templates/nowhere")

        assert response.status_code == 404
        assert response.json()["code"] == "template_not_found"


def test_no_document_holds_a_number_that_is_none(api):
    run = make_run(api, "counted")

    def refuse(text):
        raise AssertionError(text)

    json.loads(api.get(f"/v1/runs/{run['runId']}").content, parse_constant=refuse)
