"""POST /v1/runs in mode simulation."""

import re

import pytest

import runs.urls
from runs.models import Run, RunEvent
from runs.services import PAGES_BESIDE_RUNS
from telemetry.models import Capture
from tests.flows import make_run, post_run, snapshot

pytestmark = pytest.mark.django_db


class TestASimulation:
    def test_is_made_and_answered(self, api):
        response = post_run(api, parameters={"perHour": 6}, rng={"kind": "pcg32", "seed": 7})

        assert response.status_code == 201
        body = response.json()
        assert re.fullmatch(r"run_\d{8}T\d{6}Z_[0-9a-f]{8}", body["runId"])
        assert response["Location"] == f"/v1/runs/{body['runId']}"
        assert body["status"] == "succeeded"
        assert body["mode"] == "simulation"
        assert body["parameters"] == {"perHour": 6, "extra": 0}
        assert body["overrides"] == {"perHour": 6}
        assert body["rng"] == {"kind": "pcg32", "seed": 7, "mode": "expected", "replicate": 0}
        assert body["grid"] == {"bins": 4, "binSize": 1, "binUnit": "hours"}
        assert body["window"] == {"startUtc": "2026-03-02T08:00:00Z", "durationMinutes": 240}
        assert re.fullmatch("[.gyr]{48}", body["shape"])
        assert body["createdBy"] == "alice"
        assert body["provenance"]["replayOf"] is None
        for name in ("inputHash", "parametersHash", "scenarioHash", "modelHash"):
            assert re.fullmatch("sha256:[0-9a-f]{64}", body[name])

    def test_never_generates_telemetry(self, api, data_dirs):
        body = make_run(api)

        assert body["telemetry"] == {
            "available": False,
            "generatedAtUtc": None,
            "warningCount": 0,
            "sourceRunId": None,
        }
        assert snapshot(data_dirs.telemetry) == {}
        assert not Capture.objects.exists()

    def test_has_the_templates_seed_unless_told(self, api):
        assert make_run(api)["rng"]["seed"] == 123

    def test_writes_one_bundle_and_its_events(self, api, data_dirs):
        run_id = make_run(api)["runId"]

        assert {path.name for path in data_dirs.runs.iterdir()} >= {run_id}
        names = list(RunEvent.objects.values_list("name", flat=True))
        assert names == ["run.created", "run.succeeded"]
        assert {event.attributes["runId"] for event in RunEvent.objects.all()} == {run_id}

    def test_a_template_with_external_data_runs(self, api):
        body = make_run(api, "counted")

        assert body["classes"] == ["Adult", "Child"]
        assert body["classCoverage"] in ("full", "partial")

    def test_takes_an_id(self, api):
        assert make_run(api, options={"runId": "storm.1"})["runId"] == "storm.1"


class TestRefusals:
    def test_every_parameter_problem_is_reported_at_once(self, api):
        response = post_run(api, parameters={"perHour": 900, "extra": "many", "speed": 1})

        assert response.status_code == 422
        body = response.json()
        assert body["code"] == "parameters_invalid"
        assert {error["pointer"] for error in body["errors"]} == {
            "/parameters/perHour",
            "/parameters/extra",
            "/parameters/speed",
        }
        assert all(error["path"] and error["code"] and error["message"] for error in body["errors"])
        assert not Run.objects.exists()

    def test_an_unknown_template(self, api):
        response = post_run(api, "nowhere")

        assert response.status_code == 404
        assert response.json()["code"] == "template_not_found"

    def test_a_broken_template_says_why(self, api):
        response = post_run(api, "broken")

        assert response.status_code == 422
        assert response.json()["code"] == "template_invalid"
        assert response.json()["errors"][0]["path"] == "nodes[0].expr"

    @pytest.mark.parametrize(
        ("body", "pointer"),
        [
            ({"templateID": "desk"}, "/templateID"),
            ({"rng": {"kind": "mt19937"}}, "/rng/kind"),
            ({"rng": {"kind": "pcg32", "seed": 2**32}}, "/rng/seed"),
            ({"rng": {"kind": "pcg32", "seed": -1}}, "/rng/seed"),
            ({"rng": {"kind": "pcg32", "seed": True}}, "/rng/seed"),
            ({"rng": {"kind": "pcg32", "seed": 1.5}}, "/rng/seed"),
            ({"options": {"dryRun": "yes"}}, "/options/dryRun"),
            ({"options": {"runId": "../etc"}}, "/options/runId"),
            ({"options": {"runId": ""}}, "/options/runId"),
            ({"options": {"runId": " desk"}}, "/options/runId"),
            ({"options": {"runId": "desk\n"}}, "/options/runId"),
            ({"options": {"runId": "desk" * 32 + "s"}}, "/options/runId"),
            ({"options": {"runId": 7}}, "/options/runId"),
            ({"options": {"fast": True}}, "/options/fast"),
            ({"parameters": [1]}, "/parameters"),
            ({"mode": "dream"}, "/mode"),
            ({"mode": "telemetry"}, "/telemetry"),
            ({"telemetry": {"sourceRunId": "run_1"}}, "/telemetry"),
        ],
    )
    def test_a_body_that_is_not_the_schema(self, api, body, pointer):
        response = post_run(api, **body)

        assert response.status_code == 400
        assert response.json()["code"] == "invalid_request"
        assert pointer in {error["pointer"] for error in response.json()["errors"]}
        assert not Run.objects.exists()

    def test_a_body_without_a_template(self, api):
        response = api.post("/v1/runs", {}, format="json")

        assert response.status_code == 400
        assert response.json()["errors"][0]["pointer"] == "/templateId"

    def test_a_taken_id(self, api, data_dirs):
        first = make_run(api, options={"runId": "mine"})
        before = snapshot(data_dirs.runs)

        response = post_run(api, parameters={"extra": 1}, options={"runId": "mine"})

        assert response.status_code == 409
        assert response.json()["code"] == "run_exists"
        assert snapshot(data_dirs.runs) == before
        assert Run.objects.get().input_hash == first["inputHash"]

    def test_a_viewer_may_not(self, viewer_api):
        response = post_run(viewer_api)

        assert response.status_code == 403
        assert not Run.objects.exists()


class TestOverwriting:
    def test_replaces_a_finished_run(self, api):
        first = make_run(api, options={"runId": "mine"})

        second = make_run(
            api, parameters={"extra": 1}, options={"runId": "mine", "overwriteExisting": True}
        )

        assert second["inputHash"] != first["inputHash"]
        assert second["parameters"]["extra"] == 1
        assert Run.objects.count() == 1

    def test_leaves_a_running_run_alone(self, api):
        make_run(api, options={"runId": "mine"})
        Run.objects.update(status=Run.Status.RUNNING, finished_at=None)

        response = post_run(api, options={"runId": "mine", "overwriteExisting": True})

        assert response.status_code == 409
        assert Run.objects.get().status == Run.Status.RUNNING


class TestADeterministicId:
    OPTIONS = {"deterministicRunId": True}

    def test_is_made_of_template_and_input(self, api):
        body = make_run(api, options=self.OPTIONS)

        digest = body["inputHash"].removeprefix("sha256:")
        assert body["runId"] == f"run_desk_{digest[:16]}"

    def test_reuses_the_run_that_answers_the_same_question(self, api):
        first = make_run(api, options=self.OPTIONS)

        response = post_run(api, parameters={"extra": 0}, options=self.OPTIONS)

        assert response.status_code == 200
        assert response.json()["wasReused"] is True
        assert response.json()["runId"] == first["runId"]
        assert Run.objects.count() == 1

    def test_is_another_for_another_seed(self, api):
        first = make_run(api, options=self.OPTIONS)
        second = make_run(api, options=self.OPTIONS, rng={"kind": "pcg32", "seed": 9})

        assert first["runId"] != second["runId"]

    def test_is_made_again_on_request(self, api):
        first = make_run(api, options=self.OPTIONS)

        response = post_run(api, options={**self.OPTIONS, "overwriteExisting": True})

        assert response.status_code == 201
        assert response.json()["runId"] == first["runId"]
        assert response.json()["createdUtc"] > first["createdUtc"]

    def test_does_not_reuse_a_run_whose_files_are_gone(self, api, data_dirs):
        first = make_run(api, options=self.OPTIONS)
        (data_dirs.runs / first["runId"]).rename(data_dirs.runs / ".gone")

        response = post_run(api, options=self.OPTIONS)

        assert response.status_code == 201
        assert response.json()["runId"] == first["runId"]


class TestADryRun:
    def test_says_what_would_happen_and_writes_nothing(self, api, data_dirs):
        response = post_run(api, parameters={"perHour": 6}, options={"dryRun": True})

        assert response.status_code == 200
        body = response.json()
        assert body["isDryRun"] is True
        plan = body["plan"]
        assert plan["effectiveParameters"] == {"perHour": 6, "extra": 0}
        assert plan["templateVersion"] == "1.0.0"
        assert "desk_queue@DESK_QUEUE@DEFAULT" in plan["series"]
        assert plan["telemetry"] is None
        assert plan["estimate"]["cells"] > 0
        assert not Run.objects.exists()
        assert snapshot(data_dirs.runs) == {}

    def test_foretells_the_input_hash_and_the_deterministic_id(self, api):
        options = {"deterministicRunId": True}
        plan = post_run(api, options={**options, "dryRun": True}).json()["plan"]

        body = make_run(api, options=options)

        assert plan["inputHash"] == body["inputHash"]
        assert plan["runId"] == body["runId"]

    def test_never_reuses(self, api):
        make_run(api, options={"deterministicRunId": True})

        response = post_run(api, options={"deterministicRunId": True, "dryRun": True})

        assert response.status_code == 200
        assert response.json()["isDryRun"] is True

    def test_refuses_what_the_real_thing_refuses(self, api):
        make_run(api, options={"runId": "mine"})

        for body in (
            {"parameters": {"perHour": 900}},
            {"options": {"runId": "mine"}},
            {"mode": "telemetry", "telemetry": {"sourceRunId": "mine"}},
        ):
            options = body.pop("options", {})
            dry = post_run(api, **body, options={**options, "dryRun": True})
            real = post_run(api, **body, options=options)
            assert dry.status_code == real.status_code >= 400
            assert dry.json()["code"] == real.json()["code"]


class TestInTheBackground:
    PREFER = {"Prefer": "respond-async"}

    def test_is_queued_and_then_done_by_the_worker(self, api, run_tasks):
        response = post_run(api, headers=self.PREFER)

        assert response.status_code == 202
        assert response["Retry-After"]
        assert response.json()["status"] == "queued"
        assert response.json()["progress"] is not None
        location = response["Location"]

        assert run_tasks() == 1
        body = api.get(location).json()
        assert body["status"] == "succeeded"
        assert body["progress"] is None

    def test_is_refused_at_once_where_it_would_fail(self, api):
        response = post_run(api, headers=self.PREFER, parameters={"perHour": 900})

        assert response.status_code == 422
        assert not Run.objects.exists()

    def test_equals_the_run_of_the_foreground(self, api, run_tasks):
        here = make_run(api)
        there = post_run(api, headers=self.PREFER).json()["runId"]
        run_tasks()

        shown = api.get(f"/v1/runs/{there}").json()
        assert shown["resultHash"] == here["resultHash"]
        assert shown["inputHash"] == here["inputHash"]


def test_a_question_that_failed_under_a_name_may_be_asked_again(api):
    body = {"options": {"runId": "mine"}}
    make_run(api, **body)
    Run.objects.update(status=Run.Status.FAILED, failure_code="insufficient_storage")

    plan = post_run(api, options={"runId": "mine", "dryRun": True})
    other = post_run(api, **body, parameters={"extra": 1})
    again = post_run(api, **body)

    assert plan.status_code == 200
    assert (other.status_code, other.json()["code"]) == (409, "run_exists")
    assert again.status_code == 201
    assert post_run(api, **body).status_code == 409


class TestNamesOfPages:
    def test_a_run_is_not_called_as_a_page_beside_it(self, api):
        beside = {
            str(pattern.pattern).split("/")[1]
            for pattern in runs.urls.urlpatterns
            if str(pattern.pattern).startswith("runs/") and "<" not in str(pattern.pattern)
        }
        assert beside == PAGES_BESIDE_RUNS

        for name in sorted(beside):
            response = api.post(
                "/v1/runs", {"templateId": "first-steps", "options": {"runId": name}}
            )

            assert response.status_code == 400
            assert response.json()["code"] == "invalid_id"
        assert not Run.objects.exists()
