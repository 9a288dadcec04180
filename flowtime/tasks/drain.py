"""Do all waiting work at once, in this process."""

from django_tasks_db.management.commands.db_worker import Worker
from django_tasks_db.models import DBTaskResult

WORKER_ID = "drain"


def drain_tasks(*, limit: int = 1000) -> int:
    """Run every task that is ready, and those that they enqueue; how many there were."""
    worker = Worker(
        queue_names=["*"],
        interval=0,
        batch=True,
        backend_name="default",
        startup_delay=False,
        max_tasks=None,
        worker_id=WORKER_ID,
        excluded_queue_names=[],
    )
    for done in range(limit):
        waiting = DBTaskResult.objects.ready().first()
        if waiting is None:
            return done
        waiting.claim(WORKER_ID)
        worker.run_task(waiting)
    return limit
