"""Jobs are rows: claimed once, kept alive, rung again when their worker dies, given up in the end."""

import threading
import time
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from flowtime.tasks import STALE_AFTER, claim, heartbeat, is_stale, reap
from runs.models import Run

NOW = timezone.now()
LONG_AGO = NOW - timedelta(hours=1)


def make_run(run_id: str = "run_1", **columns: Any) -> Run:
    facts = {
        "template_id": "t",
        "template_title": "T",
        "template_version": "1",
        "created_at": LONG_AGO,
        "bins": 1,
        "bin_size": 1,
        "bin_unit": "hours",
        "window_minutes": 60,
    }
    return Run.objects.create(id=run_id, **facts | columns)


@pytest.mark.django_db
class TestClaim:
    def test_takes_a_queued_job(self):
        run = make_run()

        assert claim(Run, run.pk, from_status="queued", to_status="running")

        run.refresh_from_db()
        assert (run.status, run.attempt) == ("running", 1)
        assert run.heartbeat_at is not None
        assert run.started_at is not None

    def test_takes_it_once(self):
        run = make_run()
        claim(Run, run.pk, from_status="queued", to_status="running")

        assert not claim(Run, run.pk, from_status="queued", to_status="running")

        run.refresh_from_db()
        assert run.attempt == 1

    def test_leaves_a_job_of_another_status_alone(self):
        run = make_run(status="canceled", finished_at=NOW)

        assert not claim(Run, run.pk, from_status="queued", to_status="running")


@pytest.mark.django_db(transaction=True)
class TestClaimAtOnce:
    def test_of_many_claimants_one_gets_the_job(self):
        run = make_run()
        start, won = threading.Barrier(8), []

        def compete() -> None:
            start.wait()
            if claim(Run, run.pk, from_status="queued", to_status="running"):
                won.append(threading.get_ident())
            connection.close()

        threads = [threading.Thread(target=compete) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(won) == 1

    def test_a_heartbeat_beats_while_the_work_goes_on(self):
        run = make_run(status="running", started_at=LONG_AGO, heartbeat_at=LONG_AGO)

        with heartbeat(Run, run.pk, seconds=0.02):
            time.sleep(0.3)
            run.refresh_from_db()

        assert run.heartbeat_at > LONG_AGO
        beat = Run.objects.get().heartbeat_at
        time.sleep(0.1)
        assert Run.objects.get().heartbeat_at == beat


class TestStale:
    def test_a_fresh_beat_is_alive(self):
        assert not is_stale(NOW, now=NOW + STALE_AFTER)

    def test_an_old_beat_or_none_is_not(self):
        assert is_stale(NOW, now=NOW + STALE_AFTER + timedelta(seconds=1))
        assert is_stale(None, now=NOW)


@pytest.mark.django_db
class TestReap:
    @staticmethod
    def reap(**options: Any) -> tuple[Any, list[str], list[str]]:
        rung: list[str] = []
        failed: list[str] = []
        reaped = reap(
            Run,
            queued="queued",
            working="running",
            queued_at="created_at",
            ring=rung.append,
            give_up=failed.append,
            now=NOW,
            **options,
        )
        return reaped, rung, failed

    def test_rings_again_for_a_job_whose_worker_died(self):
        run = make_run(status="running", started_at=LONG_AGO, heartbeat_at=LONG_AGO, attempt=1)

        reaped, rung, failed = self.reap()

        run.refresh_from_db()
        assert run.status == "queued"
        assert (reaped.rung, rung, failed) == ([run.pk], [run.pk], [])

    def test_rings_again_for_a_job_whose_bell_was_lost_but_not_twice_in_a_row(self):
        run = make_run()

        assert self.reap()[1] == [run.pk]
        assert self.reap()[1] == []

    def test_leaves_a_living_job_alone(self):
        make_run(status="running", started_at=NOW, heartbeat_at=NOW, attempt=1)

        assert self.reap()[1:] == ([], [])

    def test_leaves_a_new_job_alone(self):
        make_run(created_at=NOW)

        assert self.reap()[1:] == ([], [])

    def test_gives_up_after_the_last_attempt(self):
        run = make_run(status="running", started_at=LONG_AGO, heartbeat_at=LONG_AGO, attempt=3)

        reaped, rung, failed = self.reap()

        assert (reaped.failed, rung, failed) == ([run.pk], [], [run.pk])
