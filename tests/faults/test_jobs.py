"""Row 11: jobs whose worker died again and again, whose bell was lost, or that were cancelled meanwhile; and races of processes."""

from __future__ import annotations

import os
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from flowtime import faults
from runs import services as runs
from runs import tasks as run_jobs
from runs.maintenance import WORKER_LOST, reap_runs
from runs.models import Run
from runs.requests import RunRequest
from telemetry import services as captures
from telemetry import tasks as capture_jobs
from telemetry.maintenance import reap_captures
from telemetry.models import Capture
from tests.conftest import client_of, make_person
from tests.faults.campaign import KILLED, in_a_child
from tests.faults.invariant import check_invariant

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def alice(transactional_db):
    return make_person("alice", "operator")


@pytest.fixture
def run(alice):
    return runs.create_run(RunRequest(template_id="desk"), user=alice).run


@pytest.fixture
def queued(alice):
    request = RunRequest(template_id="desk")
    return runs.create_run(request, user=alice, is_async=True).run


@pytest.mark.failure(11)
class TestDeath:
    def test_a_job_that_kills_every_worker_is_given_up_with_a_reason(
        self, alice, queued, data_dirs, tally
    ):
        for attempt in (1, 2, 3):
            death = in_a_child(lambda: run_jobs.execute.func(queued.pk), "run.evaluated=kill")
            assert death == KILLED
            assert Run.objects.get().attempt == attempt
            reaped = reap_runs()

        assert reaped.failed == [queued.pk]
        found = Run.objects.get()
        assert (found.status, found.failure_code) == ("failed", WORKER_LOST)
        assert found.failure_detail.endswith(".")
        check_invariant(data_dirs, client_of(alice))
        tally.kills(3)

    def test_a_capture_that_kills_every_worker_frees_its_target(self, alice, run, data_dirs, tally):
        capture = captures.request_capture(run=run, user=alice, is_async=True)
        for _ in range(3):
            death = in_a_child(
                lambda: capture_jobs.generate.func(capture.pk), "capture.published=kill"
            )
            assert death == KILLED
            reap_captures()

        assert Capture.objects.get().failure_code == WORKER_LOST
        assert Run.objects.get().telemetry_in_progress is False
        assert captures.request_capture(run=run, user=alice).status == "succeeded"
        check_invariant(data_dirs, client_of(alice))
        tally.kills(3)

    def test_a_job_is_rung_for_again_as_soon_as_its_process_is_gone(self, queued, run_tasks, tally):
        in_a_child(lambda: run_jobs.execute.func(queued.pk), "run.published=kill")
        beat = Run.objects.get().heartbeat_at
        assert timezone.now() - beat < timedelta(seconds=25)

        assert reap_runs().rung == [queued.pk]
        assert reap_runs().rung == []
        run_tasks()

        assert Run.objects.get().status == "succeeded"
        tally.kills()

    def test_a_job_at_work_is_left_alone(self, queued):
        seen = []

        def look(_):
            seen.append(reap_runs())

        with faults.armed("") as plan:
            plan.actions = {"run.evaluated": (lambda: look(None), None)}
            run_jobs.execute.func(queued.pk)

        assert [reaped.rung for reaped in seen] == [[]]
        assert Run.objects.get().attempt == 1

    def test_a_job_that_was_cancelled_is_not_done_again(self, alice, queued, run_tasks, tally):
        in_a_child(lambda: run_jobs.execute.func(queued.pk), "run.claimed=kill")
        runs.cancel_run(Run.objects.get(), user=alice)

        reap_runs()
        run_tasks()

        assert Run.objects.get().status == "canceled"
        tally.kills()


@pytest.mark.failure(11)
class TestBell:
    def test_a_lost_bell_is_rung_again(self, alice, run, queued, run_tasks, tally):
        capture = captures.request_capture(run=run, user=alice, is_async=True)
        DBTaskResult.objects.all().delete()
        long_ago = timezone.now() - timedelta(minutes=2)
        Run.objects.filter(pk=queued.pk).update(created_at=long_ago)
        Capture.objects.update(requested_at=long_ago)
        assert run_tasks() == 0

        assert reap_runs().rung == [queued.pk]
        assert reap_captures().rung == [capture.pk]
        assert run_tasks() == 2

        assert Run.objects.get(pk=queued.pk).status == "succeeded"
        assert Capture.objects.get().status == "succeeded"
        tally.inputs(2)

    def test_the_workers_own_loop_rings_again_without_any_command(self, queued, run_tasks):
        from flowtime.tasks import liveness

        in_a_child(lambda: run_jobs.execute.func(queued.pk), "run.claimed=kill")
        (chore,) = [chore for _, chore in liveness.CHORES if chore.__name__ == "reap_jobs"]

        chore()
        run_tasks()

        assert Run.objects.get().status == "succeeded"


@pytest.mark.failure(7)
class TestProcesses:
    @staticmethod
    def at_once(count, act):
        """``act`` in ``count`` forked processes that start together: their exit codes."""
        connections.close_all()
        read, write = os.pipe()
        children = []
        for _ in range(count):
            child = os.fork()
            if child == 0:
                os.close(write)
                os.read(read, 1)
                try:
                    act()
                    connections.close_all()
                    os._exit(0)
                except Exception as error:
                    os._exit(9 if type(error).__name__.startswith("Capture") else 3)
            children.append(child)
        os.close(read)
        os.close(write)
        return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]

    def test_of_many_processes_one_makes_the_capture(self, alice, run, data_dirs, tally):
        codes = self.at_once(5, lambda: captures.request_capture(run=run, user=alice))

        assert sorted(codes) == [0, 9, 9, 9, 9]
        assert Capture.objects.get(status="succeeded").generation == 1
        check_invariant(data_dirs, client_of(alice))
        tally.inputs(5)

    def test_overwriting_processes_take_turns(self, alice, run, data_dirs, tally):
        codes = self.at_once(
            4, lambda: captures.request_capture(run=run, user=alice, overwrite=True)
        )

        assert codes == [0, 0, 0, 0]
        generations = Capture.objects.order_by("generation").values_list("generation", flat=True)
        assert list(generations) == [1, 2, 3, 4]
        check_invariant(data_dirs, client_of(alice))
        tally.inputs(4)
