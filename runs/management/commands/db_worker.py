"""`db_worker`: the database queue's worker, which also says that it is there and rings for lost jobs."""

from typing import Any

from django_tasks_db.management.commands import db_worker

from flowtime.tasks.liveness import attending
from flowtime.tracing import start_tracing


class Command(db_worker.Command):
    help = "Do the background work: runs and captures."

    def add_arguments(self, parser: Any) -> None:
        super().add_arguments(parser)
        # A job rung by a person at a page should start at once.
        parser.set_defaults(queue_name="*", interval=0.2, reload=False, startup_delay=False)

    def configure_logging(self, verbosity: int) -> None:
        """Leave the log as the settings made it."""

    def handle(self, *args: Any, **options: Any) -> None:
        start_tracing("flowtime-worker")
        with attending():
            super().handle(*args, **options)
