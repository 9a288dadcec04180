"""Health: alive, ready, and why not."""

import os
import shutil
import subprocess
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client
from django.utils import timezone

from flowtime.tasks import liveness


@pytest.fixture
def worker() -> None:
    liveness.report_alive()


class TestAlive:
    def test_answers_without_a_database_or_a_user(self):
        response = Client().get("/healthz")

        assert response.status_code == 200
        assert response.json() == {"status": "ok"}


@pytest.mark.django_db
class TestReady:
    def test_is_ready_when_everything_is_there(self, worker):
        response = Client().get("/readyz")

        assert response.status_code == 200
        assert set(response.json()["checks"].values()) == {"ok"}

    def test_says_that_no_worker_was_ever_heard_from(self):
        response = Client().get("/readyz")

        assert response.status_code == 503
        assert response["Retry-After"] == "5"
        assert response.json()["checks"]["worker"] == "No worker has been heard from."

    def test_says_for_how_long_the_worker_has_been_silent(self):
        cache.set(liveness.KEY, timezone.now() - timedelta(seconds=40))

        response = Client().get("/readyz")

        assert response.json()["checks"]["worker"] == "The worker has been silent for 40 s."

    def test_names_a_missing_root_by_its_setting(self, worker, data_dirs):
        shutil.rmtree(data_dirs.telemetry)

        response = Client().get("/readyz")

        assert response.status_code == 503
        assert response.json()["checks"]["roots"] == "FLOWTIME_TELEMETRY_ROOT does not exist."

    def test_wants_the_roots_apart(self, worker, settings, data_dirs):
        settings.TELEMETRY_ROOT = data_dirs.runs

        response = Client().get("/readyz")

        assert "one inside the other" in response.json()["checks"]["roots"]

    def test_stays_alive_while_it_is_not_ready(self, data_dirs):
        shutil.rmtree(data_dirs.runs)

        assert Client().get("/readyz").status_code == 503
        assert Client().get("/healthz").status_code == 200

    def test_says_that_little_space_is_left(self, worker, settings):
        settings.FLOWTIME_MIN_FREE_MB = 10**12

        response = Client().get("/readyz")

        assert response.status_code == 503
        assert response.json()["checks"]["space"] == (
            "Little space is left for runs and telemetry."
        )

    @pytest.mark.needs_root
    def test_says_that_no_file_can_be_made(self, worker, settings, data_dirs):
        if os.geteuid() != 0:
            pytest.skip("only root can mount a small file system")
        mount = ["mount", "-t", "tmpfs", "-o", "size=200m,nr_inodes=1", "tmpfs"]
        subprocess.run([*mount, str(data_dirs.runs)], check=True)
        try:
            response = Client().get("/readyz")
        finally:
            subprocess.run(["umount", str(data_dirs.runs)], check=True)

        assert response.json()["checks"]["space"] == "Little space is left for runs."

    def test_says_that_migrations_have_not_run(self, worker):
        MigrationRecorder.Migration.objects.filter(app="runs").order_by("name").last().delete()

        response = Client().get("/readyz")

        assert response.status_code == 503
        assert "migration" in response.json()["checks"]["migrations"]
