"""The Celery bell, imported only when FLOWTIME_TASKS=celery: `celery -A flowtime.tasks.celery worker`."""

import os
import uuid
from contextlib import ExitStack
from typing import Any

import celery
from celery.signals import worker_process_init, worker_ready, worker_shutting_down
from django.conf import settings
from django.utils import timezone
from django.utils.module_loading import import_string
from django_tasks.backends.base import BaseTaskBackend
from django_tasks.base import Task, TaskResult, TaskResultStatus
from django_tasks.signals import task_enqueued

from flowtime.tasks.liveness import attending
from flowtime.tracing import start_tracing

# With this variable set Celery itself sets Django up in a worker, and minds its connections.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "flowtime.settings")

app = celery.Celery("flowtime", broker=settings.CELERY_BROKER_URL)
app.conf.update(
    task_ignore_result=True,
    task_acks_late=True,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    # A broker that is away must not hold up a request: the row is there, and is rung again.
    task_publish_retry=False,
    broker_transport_options={"socket_connect_timeout": 2},
)
_chores = ExitStack()


@app.task(name="flowtime.ring")
def ring(path: str, args: list[Any], kwargs: dict[str, Any]) -> None:
    """Call the task at ``path``. The id in ``args`` is all it needs: the row says the rest."""
    import_string(path).call(*args, **kwargs)


class CeleryBackend(BaseTaskBackend):
    """django-tasks over Celery: enqueue only; what became of a job is on its row."""

    def enqueue(self, task: Task, args: Any, kwargs: Any) -> TaskResult:
        """Ring. A lost bell is no lost job: ``reap`` rings again."""
        result: TaskResult = TaskResult(
            task=task,
            id=str(uuid.uuid4()),
            status=TaskResultStatus.READY,
            enqueued_at=timezone.now(),
            started_at=None,
            finished_at=None,
            last_attempted_at=None,
            args=list(args),
            kwargs=dict(kwargs),
            backend=self.alias,
            errors=[],
            worker_ids=[],
        )
        ring.apply_async((task.module_path, result.args, result.kwargs), task_id=result.id)
        task_enqueued.send(type(self), task_result=result)
        return result


@worker_process_init.connect
def _start_traces(**_: Any) -> None:
    start_tracing("flowtime-worker")


@worker_ready.connect
def _start_chores(**_: Any) -> None:
    _chores.enter_context(attending())


@worker_shutting_down.connect
def _stop_chores(**_: Any) -> None:
    _chores.close()
