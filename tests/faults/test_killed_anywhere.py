"""Row 1: kill -9 at every named step of every kind of work. Nothing half-made is seen, and a retry succeeds."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from flowtime import faults
from flowtime.bundles import StorageUnavailable
from runs import services as runs
from runs import tasks as run_tasks_module
from runs.maintenance import reap_runs, reindex_runs, sweep_runs, verify_runs
from runs.models import Run
from runs.requests import RunRequest
from telemetry import services as captures
from telemetry import tasks as capture_tasks_module
from telemetry.errors import CaptureExists
from telemetry.maintenance import reap_captures, reindex_captures, sweep_captures, verify_captures
from telemetry.models import Capture
from tests.conftest import client_of, make_person
from tests.faults.campaign import KILLED, in_a_child
from tests.faults.invariant import check_invariant, left_behind
from tests.flows import snapshot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.failure(1)]

PUBLISH = (
    "publish.staged",
    "publish.file_written",
    "publish.written",
    "publish.synced",
    "publish.sealed",
    "publish.parent_ready",
    "publish.renamed",
    "publish.parent_synced",
    "publish.done",
)
# Where it matters what lies under the name already, or who may take the name: the steps around the rename.
AROUND = ("publish.sealed", "publish.renamed", "run.published", "run.finishing")
RUN = ("run.evaluated", "run.series_written", *PUBLISH, "run.published", "run.finishing")
CAPTURE = ("capture.read", "capture.file_written", *PUBLISH, "capture.published")


@dataclass
class World:
    """One person with a finished run, its telemetry, and what of that was acknowledged."""

    person: Any
    dirs: Any
    run: Run = field(init=False)
    capture: Capture = field(init=False)

    def __post_init__(self) -> None:
        self.run = runs.create_run(RunRequest(template_id="desk"), user=self.person).run
        self.capture = captures.request_capture(run=self.run, user=self.person)

    @property
    def acknowledged(self) -> dict[str, dict[str, Any]]:
        kept = (
            self.dirs.runs / self.run.pk,
            self.dirs.telemetry / "runs" / self.run.pk / "g000001",
        )
        return {str(path): snapshot(path) for path in kept}

    def make_run(self, **options: Any) -> Run:
        request = RunRequest(template_id="desk", **options)
        return runs.create_run(request, user=self.person).run

    def make_capture(self, **options: Any) -> Capture:
        run = Run.objects.get(pk=self.run.pk)
        return captures.request_capture(run=run, user=self.person, **options)

    def replay(self, source: str) -> Run:
        return runs.create_replay(Run.objects.get(pk=self.run.pk), source=source, user=self.person)

    def queue_run(self) -> str:
        request = RunRequest(template_id="desk")
        return runs.create_run(request, user=self.person, is_async=True).run.pk

    def queue_capture(self) -> str:
        return self.make_capture(capture_key="storm", is_async=True).pk


@dataclass(frozen=True)
class Work:
    """One kind of work: the points it visits, what makes it ready, and the work itself."""

    points: tuple[str, ...]
    act: Callable[[World, Any], Any]
    ready: Callable[[World], Any] = lambda world: None
    # False where the work repairs rows: there is nothing that could be retried by another.
    is_job: bool = True
    # What goes wrong besides, so that the work takes the path of failure.
    also: str = ""


def forget_rows(world: World) -> None:
    Run.objects.filter(pk=world.run.pk).delete()
    Capture.objects.all().delete()


def let_generation_be_swept(world: World) -> None:
    world.make_run(run_id="mine")
    world.make_run(run_id="mine", overwrite=True)
    world.make_capture(overwrite=True)
    time.sleep(0.02)


def let_bundles_differ(world: World) -> None:
    Run.objects.update(integrity="unchecked")
    Capture.objects.update(integrity="unchecked")


def let_workers_die(world: World) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    world.queue_run()
    Run.objects.filter(status="queued").update(
        status="running", started_at=long_ago, heartbeat_at=long_ago, attempt=1
    )
    world.queue_capture()
    Capture.objects.filter(status="queued").update(
        status="generating", started_at=long_ago, heartbeat_at=long_ago, attempt=3
    )


def verify_all(world: World, _: Any) -> None:
    list(verify_runs(is_deep=True))
    list(verify_captures(is_deep=True))


def reindex_all(world: World, _: Any) -> None:
    reindex_runs()
    reindex_captures()


def sweep_all(world: World, _: Any) -> None:
    sweep_runs(grace_seconds=0)
    sweep_captures(grace_seconds=0)


def reap_all(world: World, _: Any) -> None:
    reap_runs()
    reap_captures()


WORK = {
    "run": Work(("run.reserved", *AROUND, "run.finished"), lambda world, _: world.make_run()),
    "named run": Work(
        ("run.reserved", *RUN, "run.finished"), lambda world, _: world.make_run(run_id="mine")
    ),
    "same run": Work(
        ("run.reserved", *AROUND),
        lambda world, _: world.make_run(is_deterministic=True),
    ),
    "replaced run": Work(
        ("run.reserved", *AROUND, "publish.done", "run.finished"),
        lambda world, _: world.make_run(run_id="mine", overwrite=True),
        ready=lambda world: world.make_run(run_id="mine"),
    ),
    "failing replacement": Work(
        ("run.failed",),
        lambda world, _: world.make_run(run_id="mine", overwrite=True),
        ready=lambda world: world.make_run(run_id="mine"),
        also="publish.synced=eio",
    ),
    "queued run": Work(
        ("run.claimed", *AROUND, "run.finished"),
        lambda world, run_id: run_tasks_module.execute.func(run_id),
        ready=World.queue_run,
    ),
    "capture": Work(
        ("capture.reserved", "publish.renamed", "capture.published", "capture.finished"),
        lambda world, _: world.make_capture(capture_key="storm"),
    ),
    "overwriting capture": Work(
        ("capture.reserved", *CAPTURE, "capture.finishing", "capture.finished"),
        lambda world, _: world.make_capture(overwrite=True),
    ),
    "queued capture": Work(
        ("capture.claimed", "publish.renamed", "capture.finishing", "capture.finished"),
        lambda world, capture_id: capture_tasks_module.generate.func(capture_id),
        ready=World.queue_capture,
    ),
    "replay from the model": Work(
        ("replay.prepared", "replay.compared", *AROUND),
        lambda world, _: world.replay("model"),
    ),
    "replay from telemetry": Work(
        ("replay.prepared", "replay.compared", "replay.copied", *AROUND),
        lambda world, _: world.replay("telemetry"),
    ),
    "verify": Work(
        ("verify.checked", "verify.stored"), verify_all, ready=let_bundles_differ, is_job=False
    ),
    "reindex": Work(
        (
            "reindex.run_read",
            "reindex.runs_writing",
            "reindex.runs_written",
            "reindex.capture_adopting",
            "reindex.captures_adopted",
            "reindex.reconciled",
            "reindex.summarised",
        ),
        reindex_all,
        ready=forget_rows,
        is_job=False,
    ),
    "sweep": Work(
        ("sweep.removed", "sweep.bundle_moved", "sweep.bundle_removed"),
        sweep_all,
        ready=let_generation_be_swept,
        is_job=False,
    ),
    "reap": Work(
        ("reap.requeued", "reap.rung", "reap.failed"), reap_all, ready=let_workers_die, is_job=False
    ),
}
MATRIX = [(name, point) for name, work in WORK.items() for point in work.points]


@pytest.fixture
def world(transactional_db, data_dirs):
    return World(make_person("alice", "operator"), data_dirs)


@pytest.fixture
def api(world):
    return client_of(world.person)


def settle(run_tasks: Callable[[], int]) -> None:
    """What the worker loop does by itself: reap, and do what was rung for."""
    reap_runs()
    reap_captures()
    run_tasks()


@pytest.mark.parametrize("name", WORK)
def test_each_work_visits_the_points_that_are_said_of_it(world, name, tally):
    made_ready = WORK[name].ready(world)
    if name == "reindex":
        # A row whose bundle can be looked at, beside those that are gone.
        world.make_run()

    with faults.armed(WORK[name].also) as plan, suppress(StorageUnavailable):
        WORK[name].act(world, made_ready)

    assert set(plan.visits) >= set(WORK[name].points)
    tally.points(plan.visits)


def test_every_point_is_visited_by_some_work():
    assert {point for _, point in MATRIX} == set(faults.POINTS)


@pytest.mark.parametrize(("name", "point"), MATRIX)
def test_a_process_killed_there_loses_nothing(world, api, run_tasks, name, point, tally):
    work = WORK[name]
    kept = world.acknowledged
    made_ready = work.ready(world)
    if name == "reindex":
        world.make_run()
    if name == "sweep":
        kept = {path: files for path, files in kept.items() if "g000001" not in path}

    death = in_a_child(lambda: work.act(world, made_ready), f"{work.also},{point}=kill")

    assert death == KILLED
    check_invariant(world.dirs, api, acknowledged=kept)
    tally.kills()
    if name == "failing replacement":
        # Brought back by reindex, which the check above has run.
        assert Run.objects.get(pk="mine").status == "succeeded"
    if work.is_job and (not made_ready or "replace" in name):
        retry(work, world)
    elif not work.is_job:
        work.act(world, made_ready)
    settle(run_tasks)
    assert not Run.objects.filter(status__in=Run.Status.active()).exists()
    assert not Capture.objects.filter(status__in=Capture.Status.active()).exists()
    assert not Run.objects.filter(telemetry_in_progress=True).exists()
    if made_ready and work.is_job and "replace" not in name:
        row = Run.objects.filter(pk=made_ready).first() or Capture.objects.get(pk=made_ready)
        assert row.status == "succeeded"
    check_invariant(world.dirs, api, acknowledged=kept)
    sweep_all(world, None)
    assert left_behind(world.dirs) == []


def retry(work: Work, world: World) -> None:
    """The same request again succeeds at once, or finds what the dead process had finished."""
    try:
        assert work.act(world, None).status == "succeeded"
    except CaptureExists:
        assert Capture.objects.get(capture_key="storm").status == "succeeded"
    except runs.RunExists:
        assert Run.objects.get(pk="mine").status == "succeeded"
