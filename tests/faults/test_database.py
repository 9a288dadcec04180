"""Rows 10, 13 and 14: the database is locked, the database is lost, the clock steps back."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import contextmanager
from datetime import timedelta

import psycopg
import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from flowtime.people.models import Session
from runs import services as runs
from runs.models import Run, RunDocument, RunEvent
from runs.requests import RunRequest
from telemetry.models import Capture, CaptureEvent
from tests.conftest import client_of, make_person, page_client
from tests.faults.invariant import check_invariant, command, rows_now
from tests.flows import (
    make_capture,
    make_run,
    post_capture,
    post_replay,
    post_run,
    snapshot,
)


@pytest.mark.failure(10)
@pytest.mark.django_db(transaction=True)
class TestLocked:
    @pytest.fixture
    def alice(self, transactional_db):
        return make_person("alice", "operator")

    @pytest.fixture
    def api(self, alice):
        return client_of(alice)

    @staticmethod
    def wait_at_most(milliseconds):
        """How long our own connection waits for a lock; in production it is 20 s."""
        with connection.cursor() as cursor:
            if connection.vendor == "sqlite":
                cursor.execute(f"PRAGMA busy_timeout = {milliseconds}")
            else:
                cursor.execute(f"SET lock_timeout = '{milliseconds}ms'")

    @staticmethod
    @contextmanager
    def locked():
        """Somebody else writes, and does not come to an end."""
        if connection.vendor == "sqlite":
            other = sqlite3.connect(
                connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False
            )
            other.execute("BEGIN IMMEDIATE")
        else:
            # Our own connection must have let its locks go.
            other = psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None})
            for model in (Run, Capture, Session):
                other.execute(f"LOCK TABLE {model._meta.db_table} IN EXCLUSIVE MODE")
        try:
            yield other
        finally:
            other.rollback()
            other.close()

    def test_a_request_waits_and_is_then_told_to_come_again(self, api, alice, data_dirs, tally):
        run = make_run(api)
        before = rows_now(), snapshot(data_dirs.runs), snapshot(data_dirs.telemetry)
        pages = page_client(alice)
        self.wait_at_most(150)

        with self.locked():
            answers = [post_run(api), post_capture(api, run["runId"])]
            answers.append(post_replay(api, run["runId"], "model"))
            page = pages.post(f"/runs/{run['runId']}/replay", {"from": "model"})
            listed = api.get("/v1/runs")

        for answer in answers:
            assert (answer.status_code, answer.json()["code"]) == (503, "busy")
            assert int(answer["Retry-After"]) >= 1
        assert page.status_code == 503
        assert int(page["Retry-After"]) >= 1
        assert listed.status_code == 200
        assert (rows_now(), snapshot(data_dirs.runs), snapshot(data_dirs.telemetry)) == before
        assert post_capture(api, run["runId"]).status_code == 201
        check_invariant(data_dirs, api)
        tally.inputs(len(answers) + 1)

    def test_so_is_who_signs_in_or_comes_to_the_admin(self, alice, data_dirs, tally):
        door = Client(raise_request_exception=False)
        admin = page_client(make_person("ada", "admin"))
        admin.raise_request_exception = False
        run = runs.create_run(RunRequest(template_id="desk"), user=alice).run
        self.wait_at_most(150)

        with self.locked():
            answers = [
                door.post("/sign-in", {"username": "alice", "password": "alicealice"}),
                admin.post("/admin/telemetry/capture/maintenance", {"job": "verify-deep"}),
                admin.post(
                    "/admin/runs/run/",
                    {"action": "replay_from_model", "_selected_action": run.pk},
                ),
            ]

        for answer in answers:
            assert answer.status_code == 503, answer.content
            assert int(answer["Retry-After"]) >= 1
            assert "The database is busy" in answer.content.decode()
        assert Run.objects.count() == 1
        tally.inputs(len(answers))

    def test_a_request_succeeds_when_the_lock_goes_in_time(self, api, tally):
        self.wait_at_most(10_000)

        with self.locked() as other:
            threading.Timer(0.3, other.rollback).start()
            answer = post_run(api)

        assert answer.status_code == 201
        tally.inputs()


@pytest.mark.failure(13)
@pytest.mark.django_db
class TestLost:
    def test_a_rebuilt_index_gives_the_same_answers(self, api, admin_api, data_dirs, tally):
        run = make_run(api, "counted")
        make_run(api, options={"runId": "mine"})
        make_run(api, options={"runId": "mine", "overwriteExisting": True}, parameters={"extra": 2})
        make_run(api, options={"deterministicRunId": True}, parameters={"perHour": 7})
        make_capture(api, run["runId"], options={"nan": "zero", "gaps": "report"})
        make_capture(admin_api, run["runId"], output={"overwrite": True})
        make_capture(api, "mine", output={"captureKey": "storm"})
        replay = post_replay(api, run["runId"], "telemetry").json()
        post_replay(admin_api, replay["runId"], "model")
        hash_all()
        before = answers_of(api)

        for model in (RunEvent, CaptureEvent, RunDocument, Capture, Run):
            model.objects.all().delete()
        assert api.get("/v1/runs").json()["items"] == []
        found = command("reindex", "--rebuild")
        hash_all()

        assert len(found["runs"]["adopted"]) == 5
        assert answers_of(api) == before
        assert len(before) > 100
        check_invariant(data_dirs, api)
        tally.acknowledged(8)

    def test_rebuilding_beside_living_rows_changes_no_answer(self, api, data_dirs):
        run = make_run(api)
        make_capture(api, run["runId"])
        post_replay(api, run["runId"], "telemetry")
        command("verify", "--deep")
        before = answers_of(api)

        command("reindex", "--rebuild")
        command("verify", "--deep")

        assert answers_of(api) == before


def answers_of(api):
    """What every address says of every run and capture; when it was last checked is another matter."""
    found = {}

    def ask(path):
        response = api.get(path)
        assert response.status_code == 200, (path, response.content)
        is_json = response["Content-Type"].startswith("application/json")
        body = response.json() if is_json and not response.streaming else b"".join(response)
        found[path] = forget_checks(body)
        return body

    for item in ask("/v1/runs?pageSize=200")["items"]:
        at = f"/v1/runs/{item['runId']}"
        ask(at)
        for part in ("model", "graph", "state?bin=1", "state_window?from=0&to=1", "metrics"):
            ask(f"{at}/{part}")
        for entry in ask(f"{at}/index")["items"]:
            ask(f"{at}/series/{entry['seriesId']}")
    for item in ask("/v1/telemetry/captures?pageSize=200")["items"]:
        at = f"/v1/telemetry/captures/{item['captureId']}"
        ask(at)
        for file in ask(f"{at}/manifest")["files"]:
            ask(f"{at}/files/{file['path']}")
    return found


def hash_all():
    """Every bundle, those that were superseded too: without their names verify looks at current ones alone."""
    ids = [*Run.objects.values_list("pk", flat=True), *Capture.objects.values_list("pk", flat=True)]
    assert command("verify", "--deep", *ids)["problems"] == []


def forget_checks(body):
    if isinstance(body, dict):
        return {key: forget_checks(part) for key, part in body.items() if key != "checkedAtUtc"}
    return [forget_checks(part) for part in body] if isinstance(body, list) else body


@pytest.mark.failure(14)
@pytest.mark.django_db
class TestClock:
    @pytest.fixture
    def clock(self, monkeypatch):
        """A clock that the test may set back, even between two steps of one piece of work."""
        real, behind = timezone.now, [timedelta()]
        monkeypatch.setattr(timezone, "now", lambda: real() - behind[0])

        def set_back(**by):
            behind[0] += timedelta(**by)

        return set_back

    def test_work_goes_on_when_the_clock_steps_back(self, api, data_dirs, clock, tally):
        first = make_run(api)
        clock(hours=1)
        capture = make_capture(api, first["runId"])
        assert api.get(f"/v1/runs/{first['runId']}").json()["telemetry"]["available"] is True
        clock(hours=1)
        again = make_capture(api, first["runId"], output={"overwrite": True})
        assert (capture["generation"], again["generation"]) == ("g000001", "g000002")
        current = api.get(f"/v1/telemetry/captures/{again['captureId']}").json()
        assert current["status"] == "succeeded"
        clock(hours=1)
        replay = post_replay(api, first["runId"], "telemetry")
        assert replay.status_code == 201
        second = make_run(api)

        # By what the clock said when they were made, then by id: the same order every time.
        order = [item["runId"] for item in api.get("/v1/runs").json()["items"]]
        created = {run.pk: (run.created_at, run.pk) for run in Run.objects.all()}
        assert order == sorted(created, key=created.get, reverse=True)
        assert order[0] == first["runId"]
        assert order.index(second["runId"]) > 0
        check_invariant(data_dirs, api)
        tally.inputs()

    def test_a_run_does_not_end_before_it_begins(self, api, clock, monkeypatch):
        from runs import execution

        evaluate = execution._evaluate

        def step_back(*arguments):
            clock(minutes=5)
            return evaluate(*arguments)

        monkeypatch.setattr(execution, "_evaluate", step_back)

        run = make_run(api)

        assert run["finishedUtc"] == run["startedUtc"]

    def test_a_cancelled_run_does_not_either(self, api, clock):
        queued = post_run(api, headers={"Prefer": "respond-async"}).json()
        clock(minutes=5)

        cancelled = api.post(f"/v1/runs/{queued['runId']}/cancel")

        assert cancelled.json()["status"] == "canceled"

    def test_a_worker_is_not_silent_because_the_clock_went_back(self, api, clock):
        from flowtime.tasks import report_alive, worker_silence

        report_alive()
        clock(minutes=5)
        time.sleep(0.01)

        assert worker_silence() == timedelta()
