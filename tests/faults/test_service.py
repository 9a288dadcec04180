"""Rows 7, 8, 11 and 24 on a whole service: races over HTTP, workers that die at work, SIGTERM in the middle."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.service import Place, kill, make_place, serving
from tests.project.test_serve import is_alive, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.one_database]

ASYNC = {"Prefer": "respond-async"}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    return make_place(tmp_path_factory.mktemp("service") / "data")


def together(count, act):
    barrier = threading.Barrier(count)

    def call(number):
        barrier.wait()
        return act(number)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


@pytest.mark.failure(7)
@pytest.mark.failure(8)
def test_two_web_workers_agree_on_who_was_first(place, tally):
    with serving(place, task_workers=0) as service:
        run_id = service.post_run().id

        answers = together(8, lambda _: service.post_capture(run_id))

        assert sorted(answer.status for answer in answers) == [201] + [409] * 7
        codes = {answer.body["code"] for answer in answers if answer.status == 409}
        assert codes <= {"capture_exists", "capture_in_progress"}

        answers = together(6, lambda _: service.post_capture(run_id, overwrite=True))

        assert [answer.status for answer in answers] == [201] * 6
        generations = sorted(answer.body["capture"]["generation"] for answer in answers)
        assert generations == [f"g{number:06d}" for number in range(2, 8)]

        def act(number):
            if number % 2:
                return service.post_capture(run_id, overwrite=True)
            return service.post_replay(run_id, "telemetry")

        answers = together(8, act)

        assert [answer.status for answer in answers] == [201] * 8, answers
        for replay in answers[::2]:
            found = replay.body["provenance"]["reproduction"]
            assert found["identical"] == found["total"] > 0
        tally.inputs(22)
    told, _, again = place.maintain("verify --deep", "reindex", "reindex")
    assert told["problems"] == []
    assert not again["runs"]["adopted"] and not again["captures"]["adopted"]


@pytest.mark.failure(11)
def test_a_worker_killed_at_work_is_replaced_and_its_job_is_done_again(place, tmp_path, tally):
    here = tmp_path / "here"
    armed = {"DEBUG": "true", "FLOWTIME_FAILPOINTS": f"run.evaluated=pause:{here}"}
    with serving(place, workers=1, task_workers=1, **armed) as service:
        job = service.post_run(headers=ASYNC)
        assert job.status == 202
        wait_for(here.exists)

        here.unlink()
        (worker,) = service.task_workers()
        kill(worker)
        wait_for(lambda: here.exists() or status_of(service, job.id) == "succeeded")
        here.unlink(missing_ok=True)

        wait_for(lambda: status_of(service, job.id) == "succeeded")
        tally.kills()


@pytest.mark.failure(24)
def test_sigterm_lets_a_request_and_a_job_come_to_their_end(place, tally):
    armed = {"DEBUG": "true", "FLOWTIME_FAILPOINTS": "run.evaluated=sleep:1500"}
    answers = []
    with serving(place, workers=1, task_workers=1, **armed) as service:
        job = service.post_run(headers=ASYNC)
        wait_for(lambda: status_of(service, job.id) == "running")
        client = threading.Thread(target=lambda: answers.append(service.post_run()))
        client.start()
        time.sleep(0.4)

        service.process.send_signal(signal.SIGTERM)

        client.join()
        assert service.process.wait(timeout=40) == 0
    assert [answer.status for answer in answers] == [201]
    told = place.maintain("reap", "verify --deep")
    assert told[0] == {"rung": [], "failed": []}
    ids = {job.id, answers[0].id}
    status = "from runs.models import Run; print(sorted(Run.objects.filter(pk__in={}).values_list('status', flat=True)))"
    assert place.manage("shell", "--no-imports", "-c", status.format(ids)).strip() == str(
        ["succeeded", "succeeded"]
    )
    tally.inputs(2)


@pytest.mark.failure(24)
def test_what_does_not_stop_in_time_is_killed_and_done_again(place, tally):
    """A job and a request outlive the grace period: nothing is visible, and the next start does both."""
    armed = {"DEBUG": "true", "FLOWTIME_FAILPOINTS": "run.evaluated=sleep:120000"}
    cut = f"run_cut_{time.time_ns()}"
    answers = []
    with serving(place, workers=1, task_workers=1, **armed) as service:
        job = service.post_run(headers=ASYNC)
        wait_for(lambda: status_of(service, job.id) == "running")
        client = threading.Thread(
            target=lambda: answers.append(service.post_run(options={"runId": cut}))
        )
        client.start()
        wait_for(lambda: status_of(service, cut) == "running")
        family = [*service.web_workers(), *service.task_workers()]

        service.process.send_signal(signal.SIGTERM)

        assert service.process.wait(timeout=60) == 0
        client.join()
        wait_for(lambda: not any(is_alive(pid) for pid in family))
    assert [answer.status for answer in answers] == [0]
    assert not {job.id, cut} & {path.name for path in (place.data / "runs").iterdir()}

    with serving(place, workers=1, task_workers=1) as service:
        wait_for(lambda: status_of(service, job.id) == "succeeded")
        wait_for(lambda: status_of(service, cut) == "succeeded")
    assert place.maintain("verify --deep")[0]["problems"] == []
    tally.kills(2)


def status_of(service, run_id):
    return service.ask("GET", f"/v1/runs/{run_id}").body.get("status")
