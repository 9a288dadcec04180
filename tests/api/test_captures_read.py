"""GET of captures: list, detail, events, manifest, files; and verifying."""

import hashlib

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from telemetry.models import Capture
from tests.factories import CaptureFactory, RunFactory
from tests.flows import make_capture, make_run

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(api):
    return make_run(api)


@pytest.fixture
def capture(api, run):
    return make_capture(api, run["runId"])


def ids(response):
    assert response.status_code == 200, response.content
    return {item["captureId"] for item in response.json()["items"]}


class TestDetail:
    def test_equals_what_its_creation_answered(self, api, capture):
        shown = api.get(f"/v1/telemetry/captures/{capture['captureId']}").json()

        # A bundle this young may have been hashed again, which is a later time and nothing else.
        assert shown["integrity"].pop("checkedAtUtc") >= capture["integrity"].pop("checkedAtUtc")
        assert shown == capture

    @pytest.mark.parametrize("capture_id", ["cap_nowhere", "..", "a%00b", "x" * 3000])
    def test_of_no_capture_is_not_found(self, api, capture_id):
        response = api.get(f"/v1/telemetry/captures/{capture_id}")

        assert response.status_code == 404

    def test_notices_a_bundle_that_is_gone_and_one_that_is_back(self, api, capture, data_dirs):
        url = f"/v1/telemetry/captures/{capture['captureId']}"
        bundle = data_dirs.telemetry / "runs"
        bundle.rename(data_dirs.data / "elsewhere")
        assert api.get(url).json()["status"] == "missing"

        (data_dirs.data / "elsewhere").rename(bundle)

        body = api.get(url).json()
        assert body["status"] == "succeeded"
        assert body["integrity"]["state"] == "valid"

    def test_notices_a_file_that_was_added(self, api, run, capture, data_dirs):
        bundle = data_dirs.telemetry / "runs" / run["runId"] / "g000001"
        (bundle / "extra.csv").write_text("bin_index,value\n")

        body = api.get(f"/v1/telemetry/captures/{capture['captureId']}").json()

        assert body["integrity"]["state"] == "incomplete"
        assert body["integrity"]["problems"][0]["code"] == "unlisted"
        assert api.get(f"/v1/runs/{run['runId']}").json()["telemetry"]["available"] is False


class TestList:
    def test_shows_captures_newest_first(self, api):
        old, new = CaptureFactory(), CaptureFactory()

        body = api.get("/v1/telemetry/captures").json()

        assert [item["captureId"] for item in body["items"]] == [new.pk, old.pk]
        assert body["totalCount"] == 2

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("sourceRunId=run_a", {"cap_a"}),
            ("captureKey=storm", {"cap_b"}),
            ("status=failed", {"cap_c"}),
            ("status=failed&status=succeeded", {"cap_a", "cap_b", "cap_c"}),
            ("templateId=two", {"cap_b"}),
            ("hasWarnings=true", {"cap_b"}),
            ("hasWarnings=false", {"cap_a", "cap_c"}),
            ("createdAfter=2099-01-01T00:00:00Z", set()),
        ],
    )
    def test_is_narrowed_by_filters(self, api, query, expected):
        CaptureFactory(id="cap_a", source_run=RunFactory(id="run_a"))
        CaptureFactory(
            id="cap_b",
            target="library/storm",
            capture_key="storm",
            template_id="two",
            warning_count=1,
        )
        CaptureFactory(id="cap_c", status=Capture.Status.FAILED, failure_code="x", generation=None)

        assert ids(api.get(f"/v1/telemetry/captures?{query}")) == expected

    @pytest.mark.parametrize("query", ["status=done", "hasWarnings=2", "sort=id", "pageSize=x"])
    def test_is_strict(self, api, query):
        assert api.get(f"/v1/telemetry/captures?{query}").status_code == 400

    def test_is_two_queries_however_many_rows(self, api):
        CaptureFactory.create_batch(3)
        api.get("/v1/telemetry/captures?pageSize=2")
        CaptureFactory.create_batch(10)

        with CaptureQueriesContext(connection) as context:
            api.get("/v1/telemetry/captures?pageSize=2")

        assert len([q for q in context if "telemetry_capture" in q["sql"]]) == 2


class TestEvents:
    def test_are_listed_oldest_first(self, api, capture):
        url = f"/v1/telemetry/captures/{capture['captureId']}/events"

        names = [event["name"] for event in api.get(url).json()["items"]]

        assert names[0] == "capture.requested"
        assert names[-1] == "capture.succeeded"


class TestFiles:
    def test_are_those_of_the_manifest(self, api, capture):
        base = f"/v1/telemetry/captures/{capture['captureId']}"
        manifest = api.get(f"{base}/manifest").json()

        assert manifest["schemaVersion"] == 2
        for file in manifest["files"] + manifest["companions"]:
            response = api.get(f"{base}/files/{file['path']}")
            data = b"".join(response.streaming_content)
            assert response["Content-Disposition"] == f'attachment; filename="{file["path"]}"'
            assert "sha256:" + hashlib.sha256(data).hexdigest() == file["hash"]

    def test_include_the_manifest_itself(self, api, capture):
        base = f"/v1/telemetry/captures/{capture['captureId']}"

        data = b"".join(api.get(f"{base}/files/manifest.json").streaming_content)

        assert "sha256:" + hashlib.sha256(data).hexdigest() == capture["manifestHash"]

    @pytest.mark.parametrize(
        ("name", "kind"),
        [
            ("Desk_Served.csv", "text/csv; charset=utf-8"),
            ("datapackage.json", "application/json"),
            ("SHA256SUMS", "text/plain; charset=utf-8"),
        ],
    )
    def test_say_what_they_are(self, api, capture, name, kind):
        base = f"/v1/telemetry/captures/{capture['captureId']}"

        assert api.get(f"{base}/files/{name}")["Content-Type"] == kind

    def test_are_sent_whatever_is_accepted(self, api, capture):
        base = f"/v1/telemetry/captures/{capture['captureId']}"

        response = api.get(f"{base}/files/Desk_Served.csv", headers={"Accept": "text/csv"})

        assert response.status_code == 200
        assert response["Content-Type"] == "text/csv; charset=utf-8"

    @pytest.mark.parametrize(
        "name", ["other.csv", "..", "%2e%2e%2fx", "run.json", "a%00", ".hidden", "x" * 300]
    )
    def test_of_other_names_are_not_found(self, api, capture, name):
        response = api.get(f"/v1/telemetry/captures/{capture['captureId']}/files/{name}")

        assert response.status_code == 404

    def test_that_were_changed_are_refused(self, api, run, capture, data_dirs):
        path = data_dirs.telemetry / "runs" / run["runId"] / "g000001" / "Desk_Served.csv"
        path.write_bytes(path.read_bytes().replace(b"4", b"5"))

        response = api.get(f"/v1/telemetry/captures/{capture['captureId']}/files/Desk_Served.csv")

        assert response.status_code == 422
        assert response.json()["code"] == "bundle_corrupt"

    def test_of_a_capture_without_a_bundle_are_missing(self, api):
        capture = CaptureFactory(status=Capture.Status.FAILED, failure_code="x", generation=None)

        response = api.get(f"/v1/telemetry/captures/{capture.pk}/manifest")

        assert response.status_code == 422
        assert response.json()["code"] == "bundle_missing"


class TestVerifying:
    def test_says_that_nothing_changed(self, api, capture):
        response = api.post(f"/v1/telemetry/captures/{capture['captureId']}/verify")

        assert response.status_code == 200
        assert response.json()["integrity"]["state"] == "valid"

    def test_finds_one_changed_byte_and_makes_telemetry_unavailable(
        self, api, run, capture, data_dirs
    ):
        path = data_dirs.telemetry / "runs" / run["runId"] / "g000001" / "Desk_Served.csv"
        path.write_bytes(path.read_bytes().replace(b"0,4", b"0,5"))

        body = api.post(f"/v1/telemetry/captures/{capture['captureId']}/verify").json()

        assert body["integrity"]["state"] == "corrupt"
        assert body["integrity"]["problems"][0]["path"] == "Desk_Served.csv"
        assert api.get(f"/v1/runs/{run['runId']}").json()["telemetry"]["available"] is False
        events = api.get(f"/v1/telemetry/captures/{capture['captureId']}/events").json()["items"]
        assert events[-1]["name"] == "capture.verified"
        assert events[-1]["attributes"]["integrity"] == "corrupt"

    def test_is_not_for_viewers(self, viewer_api, capture):
        response = viewer_api.post(f"/v1/telemetry/captures/{capture['captureId']}/verify")

        assert response.status_code == 403
