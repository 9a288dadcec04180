"""`serve`: the web server and the task workers, supervised as one."""

import os
import shutil
import socket
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from flowtime.checks import root_problems
from flowtime.health import database_problem, migration_problem
from flowtime.supervisor import Child, Supervisor

BACKLOG = 512


class Command(BaseCommand):
    help = "Start the web server and the task workers; Ctrl-C or SIGTERM stops both."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="127.0.0.1", help="Address to listen on.")
        parser.add_argument("--port", type=int, default=8000, help="0 picks a free port.")
        parser.add_argument("--workers", type=int, default=2, help="Web processes.")
        parser.add_argument("--threads", type=int, default=4, help="Threads in each.")
        parser.add_argument("--task-workers", type=int, default=1, help="Task processes.")

    def handle(self, **options: Any) -> None:
        refuse_unready()
        listener = listen(options["host"], options["port"])
        children = [
            web_child(listener, workers=options["workers"], threads=options["threads"]),
            *(task_child(number) for number in range(1, options["task_workers"] + 1)),
        ]
        host, port = listener.getsockname()[:2]
        self.stdout.write(f"FlowTime is at {address(host, port)} (Ctrl-C stops it)")
        self.stdout.flush()
        code = Supervisor(children, tell=self._tell).run()
        self.stdout.write("FlowTime has stopped.")
        if code:
            raise CommandError("A process died again and again; its last words are above.")

    def _tell(self, event: str, name: str, number: int) -> None:
        what = f"exit code {number}" if event == "died" else f"process {number}"
        self.stdout.write(f"{name} {event} ({what})")
        self.stdout.flush()


def refuse_unready() -> None:
    """Raise CommandError for what would make every request fail."""
    if problem := database_problem() or migration_problem():
        raise CommandError(f"{problem} Run `python manage.py migrate`.")
    if problems := root_problems():
        raise CommandError(" ".join(f"{one.sentence} {one.hint}" for one in problems))


def listen(host: str, port: int) -> socket.socket:
    """The listening socket. The supervisor keeps it, so a restarted server loses no connection."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        raise CommandError(f"Port {port} cannot be used: {error.strerror}.") from None
    listener.listen(BACKLOG)
    return listener


def address(host: str, port: int) -> str:
    """The URL to open in a browser on this machine."""
    # Where everything listens, this machine is one of the places; nothing is bound here.
    everywhere = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}  # nosec B104
    shown = everywhere.get(host, f"[{host}]" if ":" in host else host)
    return f"http://{shown}:{port}/"


def web_child(listener: socket.socket, *, workers: int, threads: int) -> Child:
    """gunicorn on the listening socket."""
    command = [sys.executable, "-m", "gunicorn", "flowtime.wsgi:application"]
    command += ["--bind", f"fd://{listener.fileno()}", "--workers", str(workers)]
    command += ["--worker-class", "gthread", "--threads", str(threads), "--timeout", "120"]
    command += ["--graceful-timeout", "20", "--no-control-socket", "--log-level", "warning"]
    # gunicorn makes a file of its own name there, and unlinks it at once.
    memory = Path("/dev/shm")  # nosec B108
    if memory.is_dir():
        # The heartbeat file of a web process must not wait for a busy disk.
        command += ["--worker-tmp-dir", str(memory)]
    return Child("web", command, environment(), files=(listener.fileno(),))


def task_child(number: int) -> Child:
    """One task worker of the chosen backend."""
    if settings.FLOWTIME_TASKS == "celery":
        command = [sys.executable, "-m", "celery", "-A", "flowtime.tasks.celery", "worker"]
        command += [
            "--concurrency",
            "1",
            "--hostname",
            f"worker{number}@%h",
            "--loglevel",
            "WARNING",
        ]
    else:
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "db_worker"]
    return Child(f"worker {number}", command, environment())


def environment() -> dict[str, str]:
    """The children's environment: one directory in which all of them count for /metrics."""
    counts = Path(settings.DATA_DIR) / "metrics"
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        # Counts of processes long gone would be added to ours.
        shutil.rmtree(counts, ignore_errors=True)
        counts.mkdir(parents=True, exist_ok=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(counts)
    return dict(os.environ)
