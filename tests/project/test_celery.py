"""Celery instead of the database queue: by one setting, with the same rows."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.project.test_settings import KEY, REPOSITORY

RING = """
import django
django.setup()
from flowtime.tasks import celery
from runs import tasks

result = tasks.execute.enqueue("run_none", "req-1")
connection = celery.app.connection_for_read()
message = connection.SimpleQueue("celery").get(timeout=1)
print(message.headers["task"], message.payload[0])
celery.ring(*message.payload[0])
print("rung", result.status.value)
"""


@pytest.mark.slow
def test_a_bell_carries_the_task_and_the_id_of_the_row(tmp_path: Path):
    environment = {
        "DJANGO_SETTINGS_MODULE": "flowtime.settings",
        "SECRET_KEY": KEY,
        "FLOWTIME_DATA_DIR": str(tmp_path),
        "FLOWTIME_TASKS": "celery",
        "CELERY_BROKER_URL": "memory://",
    }
    migrate = [sys.executable, "manage.py", "migrate", "-v0"]
    subprocess.run(migrate, cwd=REPOSITORY, env=environment, check=True, timeout=120)

    result = subprocess.run(
        [sys.executable, "-c", RING],
        cwd=REPOSITORY,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert result.returncode == 0, result.stderr
    assert result.stdout.splitlines() == [
        "flowtime.ring ['runs.tasks.execute', ['run_none', 'req-1'], {}]",
        "rung READY",
    ]
