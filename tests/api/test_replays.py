"""Replays: from the model, and from telemetry that is there, missing, reused or changed."""

import pytest

from runs.models import Run
from tests.flows import make_capture, make_run, post_replay, post_run, snapshot
from tests.runs.catalog.goldens import IDS

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(api):
    return make_run(api, parameters={"perHour": 6}, rng={"kind": "pcg32", "seed": 7})


class TestFromTheModel:
    def test_repeats_every_series_exactly(self, api, run):
        response = post_replay(api, run["runId"], "model")

        assert response.status_code == 201
        replay = response.json()
        assert replay["mode"] == "simulation"
        assert replay["sourceRunId"] == run["runId"]
        assert replay["parameters"] == run["parameters"]
        assert replay["rng"] == run["rng"]
        assert replay["resultHash"] == run["resultHash"]
        assert replay["provenance"]["replayOf"] == "model"
        found = replay["provenance"]["reproduction"]
        assert found["identical"] == found["total"] > 0
        assert found["maxAbsDiff"] == 0

    def test_uses_the_template_as_it_was(self, api, run, data_dirs):
        path = data_dirs.templates / "desk.yaml"
        path.write_text(path.read_text().replace("[4, 9, 3, 2]", "[1, 1, 1, 1]"))

        replay = post_replay(api, run["runId"], "model").json()

        assert replay["resultHash"] == run["resultHash"]

    def test_uses_external_data_as_it_was(self, api, data_dirs):
        run = make_run(api, "counted")
        (data_dirs.templates / "counted.csv").write_text("bin_index,gate\n0,1\n1,1\n2,1\n3,1\n")

        replay = post_replay(api, run["runId"], "model").json()

        assert replay["resultHash"] == run["resultHash"]

    def test_is_refused_where_the_files_are_gone(self, api, run, data_dirs):
        (data_dirs.runs / run["runId"]).rename(data_dirs.data / "elsewhere")

        response = post_replay(api, run["runId"], "model")

        assert response.status_code == 422
        assert response.json()["code"] == "run_unreadable"
        assert Run.objects.count() == 1


class TestFromTelemetry:
    @pytest.mark.parametrize("template", ["desk", "counted"])
    def test_repeats_every_series_exactly(self, api, template):
        run = make_run(api, template)
        capture = make_capture(api, run["runId"])

        response = post_replay(api, run["runId"], "telemetry")

        assert response.status_code == 201, response.content
        replay = response.json()
        assert replay["mode"] == "telemetry"
        assert replay["sourceRunId"] == run["runId"]
        assert replay["provenance"]["captureId"] == capture["captureId"]
        assert replay["telemetry"] == {
            "available": True,
            "generatedAtUtc": capture["generatedAtUtc"],
            "warningCount": capture["warningCount"],
            "sourceRunId": run["runId"],
        }
        found = replay["provenance"]["reproduction"]
        assert found["identical"] == found["total"] > 0

    def test_keeps_its_own_copy_of_the_bundle(self, api, run, data_dirs):
        make_capture(api, run["runId"])
        replay = post_replay(api, run["runId"], "telemetry").json()

        source = snapshot(data_dirs.telemetry / "runs" / run["runId"] / "g000001")
        assert snapshot(data_dirs.runs / replay["runId"] / "telemetry") == source

    def test_can_itself_be_replayed_from_its_copy(self, api, run, data_dirs):
        make_capture(api, run["runId"])
        replay = post_replay(api, run["runId"], "telemetry").json()
        (data_dirs.telemetry / "runs" / run["runId"]).rename(data_dirs.data / "elsewhere")

        second = post_replay(api, replay["runId"], "telemetry")

        assert second.status_code == 201, second.content
        found = second.json()["provenance"]["reproduction"]
        assert found["identical"] == found["total"]

    def test_of_a_replay_goes_back_to_the_model_alone(self, api, run):
        make_capture(api, run["runId"])
        replay = post_replay(api, run["runId"], "telemetry").json()

        back = post_replay(api, replay["runId"], "model").json()

        assert back["mode"] == "simulation"
        assert back["sourceRunId"] == replay["runId"]
        assert back["resultHash"] == run["resultHash"]
        assert back["telemetry"]["available"] is False

    def test_needs_telemetry(self, api, run):
        response = post_replay(api, run["runId"], "telemetry")

        assert response.status_code == 422
        assert response.json()["code"] == "bundle_missing"
        assert response.json()["detail"] == "Generate telemetry first."
        assert Run.objects.count() == 1

    def test_is_refused_where_the_bundle_is_gone(self, api, run, data_dirs):
        make_capture(api, run["runId"])
        (data_dirs.telemetry / "runs" / run["runId"]).rename(data_dirs.data / "elsewhere")

        response = post_replay(api, run["runId"], "telemetry")

        assert response.status_code == 422
        assert response.json()["code"] == "bundle_missing"
        shown = api.get(f"/v1/runs/{run['runId']}").json()
        assert shown["telemetry"]["available"] is False
        reason = shown["actions"]["replayFromTelemetry"]["reason"]
        assert reason == "The telemetry bundle is missing."

    @pytest.mark.parametrize(
        "damage",
        [
            lambda data: data[:-1] + b"9",
            lambda data: data.replace(b"1,4", b"1,5"),
            lambda data: data[:10],
            lambda data: data.replace(b"\n", b"\r\n"),
            lambda data: b"",
        ],
        ids=["last byte", "one digit", "cut", "line ends", "empty"],
    )
    def test_is_refused_where_the_bundle_was_changed(self, api, run, data_dirs, damage):
        make_capture(api, run["runId"])
        path = data_dirs.telemetry / "runs" / run["runId"] / "g000001" / "Desk_QueueDepth.csv"
        path.write_bytes(damage(path.read_bytes().replace(b"1,3", b"1,4")))

        response = post_replay(api, run["runId"], "telemetry")

        assert response.status_code == 422
        assert response.json()["code"] == "bundle_corrupt"
        assert Run.objects.count() == 1

    def test_comes_back_when_the_bundle_does(self, api, run, data_dirs):
        make_capture(api, run["runId"])
        bundle = data_dirs.telemetry / "runs" / run["runId"]
        bundle.rename(data_dirs.data / "elsewhere")
        assert api.get(f"/v1/runs/{run['runId']}").json()["telemetry"]["available"] is False

        (data_dirs.data / "elsewhere").rename(bundle)

        assert api.get(f"/v1/runs/{run['runId']}").json()["telemetry"]["available"] is True
        assert post_replay(api, run["runId"], "telemetry").status_code == 201

    def test_runs_in_the_background_too(self, api, run, run_tasks):
        make_capture(api, run["runId"])

        response = post_replay(api, run["runId"], "telemetry", Prefer="respond-async")

        assert response.status_code == 202
        run_tasks()
        replay = api.get(response["Location"]).json()
        assert replay["status"] == "succeeded"
        found = replay["provenance"]["reproduction"]
        assert found["identical"] == found["total"] > 0

    def test_replays_one_generation_wholly_although_it_is_replaced(self, api, run, run_tasks):
        first = make_capture(api, run["runId"])
        queued = post_replay(api, run["runId"], "telemetry", Prefer="respond-async").json()
        make_capture(api, run["runId"], output={"overwrite": True})

        run_tasks()

        replay = api.get(f"/v1/runs/{queued['runId']}").json()
        assert replay["status"] == "succeeded"
        assert replay["provenance"]["captureId"] == first["captureId"]
        assert replay["telemetry"]["generatedAtUtc"] == first["generatedAtUtc"]


class TestARunOfModeTelemetry:
    def telemetry(self, api, template_id="desk", **source):
        options = source.pop("options", {})
        return post_run(api, template_id, mode="telemetry", telemetry=source, options=options)

    def test_takes_a_run(self, api, run):
        make_capture(api, run["runId"])

        response = self.telemetry(api, sourceRunId=run["runId"])

        assert response.status_code == 201, response.content
        body = response.json()
        assert body["mode"] == "telemetry"
        assert body["sourceRunId"] == run["runId"]
        assert body["provenance"]["reproduction"] is None

    def test_takes_a_capture(self, api, run):
        capture = make_capture(api, run["runId"])

        response = self.telemetry(api, captureId=capture["captureId"])

        assert response.status_code == 201
        assert response.json()["provenance"]["captureId"] == capture["captureId"]

    def test_takes_a_key_and_a_directory(self, api, run, data_dirs):
        make_capture(api, run["runId"], output={"captureKey": "storm"})

        by_key = self.telemetry(api, captureKey="storm")
        by_name = self.telemetry(api, captureDirectory="library/storm")
        by_place = self.telemetry(
            api, captureDirectory=str(data_dirs.telemetry / "library" / "storm")
        )

        assert by_key.status_code == by_name.status_code == by_place.status_code == 201
        assert by_key.json()["inputHash"] == by_name.json()["inputHash"]

    def test_observes_instead_of_computing(self, api, run):
        make_capture(api, run["runId"])
        other = post_run(
            api,
            parameters={"perHour": 50},
            mode="telemetry",
            telemetry={"sourceRunId": run["runId"]},
        ).json()

        series = api.get(f"/v1/runs/{other['runId']}/series/desk_served@DESK_SERVED@DEFAULT").json()
        source = api.get(f"/v1/runs/{run['runId']}/series/desk_served@DESK_SERVED@DEFAULT").json()
        assert series["values"] == source["values"]

    def test_plans_what_it_binds(self, api, run):
        make_capture(api, run["runId"])

        response = self.telemetry(api, sourceRunId=run["runId"], options={"dryRun": True})

        planned = response.json()["plan"]["telemetry"]
        assert planned["sourceRunId"] == run["runId"]
        assert {file["path"] for file in planned["files"]} == {
            "Desk_Arrivals.csv",
            "Desk_Capacity.csv",
            "Desk_QueueDepth.csv",
            "Desk_Served.csv",
        }
        assert planned["bindings"]["everybody"] == "Desk_Arrivals.csv"
        assert planned["bindings"]["desk_capacity"] == "Desk_Capacity.csv"

    def test_binds_as_told(self, api, run):
        make_capture(api, run["runId"])

        response = self.telemetry(
            api, sourceRunId=run["runId"], bindings={"visitors": "Desk_Arrivals.csv"}
        )

        assert response.status_code == 201, response.content

    def test_reports_every_binding_that_fails(self, api, run):
        make_capture(api, run["runId"])

        response = self.telemetry(
            api,
            sourceRunId=run["runId"],
            bindings={"nobody": "Desk_Arrivals.csv", "visitors": "None.csv"},
        )

        assert response.status_code == 422
        body = response.json()
        assert body["code"] == "bindings_invalid"
        assert {error["pointer"] for error in body["errors"]} == {
            "/telemetry/bindings/nobody",
            "/telemetry/bindings/visitors",
        }

    def test_refuses_another_grid_or_other_nodes(self, api, run, data_dirs):
        make_capture(api, run["runId"])
        text = (data_dirs.templates / "desk.yaml").read_text()
        shorter = text.replace("id: desk,", "id: shorter,").replace("bins: 4", "bins: 3")
        shorter = shorter.replace("[4, 9, 3, 2]", "[4, 9, 3]")
        (data_dirs.templates / "shorter.yaml").write_text(shorter)
        renamed = text.replace("id: desk,", "id: renamed,").replace("id: Desk", "id: Counter")
        (data_dirs.templates / "renamed.yaml").write_text(renamed)

        for template_id in ("shorter", "renamed"):
            response = self.telemetry(api, template_id, sourceRunId=run["runId"])
            assert response.status_code == 422
            assert response.json()["code"] == "bundle_mismatch"
        assert Run.objects.count() == 1

    @pytest.mark.parametrize(
        ("source", "status", "code"),
        [
            ({"sourceRunId": "run_nowhere"}, 404, "run_not_found"),
            ({"captureId": "cap_nowhere"}, 404, "capture_not_found"),
            ({"captureKey": "nowhere"}, 422, "bundle_missing"),
            ({"captureKey": "../x"}, 400, "invalid_id"),
            ({"captureDirectory": "nowhere"}, 422, "bundle_missing"),
            ({"captureDirectory": "../.."}, 400, "outside_roots"),
            ({"captureDirectory": "/etc"}, 400, "outside_roots"),
            ({}, 400, "invalid_request"),
            ({"captureKey": "a", "captureId": "b"}, 400, "invalid_request"),
        ],
    )
    def test_says_why_there_is_nothing_to_replay(self, api, source, status, code):
        response = self.telemetry(api, **source)

        assert response.status_code == status
        assert response.json()["code"] == code
        assert not Run.objects.exists()

    def test_says_that_the_source_has_no_telemetry(self, api, run):
        response = self.telemetry(api, sourceRunId=run["runId"])

        assert response.status_code == 422
        assert response.json()["code"] == "bundle_missing"
        assert "Generate telemetry first" in response.json()["detail"]


# Why some series of a few templates differ: their names end in these, and a warning gives the reason.
DIFFERING = {
    "shared-database": ("allocation", "limited", "demand", "shortfall", "constraint_status"),
    "claims-intake": ("allocation", "limited", "demand", "shortfall", "constraint_status"),
    "call-centre-uncertain": ("kingman_wait_ms",),
}


@pytest.mark.one_database
@pytest.mark.parametrize("template_id", IDS)
def test_a_shipped_template_repeats_itself_exactly_or_says_what_differs_and_why(api, template_id):
    assert_told(api, make_run(api, template_id), DIFFERING.get(template_id, ()))


def test_a_storm_with_amounts_that_round_repeats_itself_exactly(api):
    run = make_run(api, "nyc-departures", parameters={"stormSeverity": 0.9})

    assert_told(api, run, ())


def assert_told(api, run, endings):
    """A replay from telemetry differs from ``run`` in series that end like this alone, and its warnings name them."""
    make_capture(api, run["runId"])

    replay = post_replay(api, run["runId"], "telemetry").json()

    found = replay["provenance"]["reproduction"]
    told = [w["message"] for w in replay["warnings"] if w["code"] == "replay_differs"]
    assert found["total"] > 18
    assert (found["identical"] == found["total"]) == (not endings)
    assert len(told) == bool(endings)
    for message in told:
        count, _, rest = message.partition(" series differ")
        assert int(count) == found["total"] - found["identical"]
        named = rest.partition("(")[2].partition(")")[0].partition(" and ")[0].split(", ")
        assert all(name.endswith(endings) for name in named)


def test_the_blizzard_repeats_itself_exactly_from_its_model(api):
    run = make_run(api, "nyc-departures")

    replay = post_replay(api, run["runId"], "model")

    assert replay.status_code == 201, replay.content
    found = replay.json()["provenance"]["reproduction"]
    assert found["identical"] == found["total"] > 36
