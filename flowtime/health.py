"""Health: is the process alive, and can it do its work."""

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from flowtime.checks import root_problems
from flowtime.tasks.liveness import SILENCE_LIMIT, worker_silence

public = login_not_required


@login_not_required
@never_cache
@require_safe
def healthz(_: HttpRequest) -> HttpResponse:
    """The process answers."""
    return JsonResponse({"status": "ok"})


@login_not_required
@never_cache
@require_safe
def readyz(_: HttpRequest) -> HttpResponse:
    """Everything a run needs is there; 503 and a sentence for each thing that is not."""
    checks = {name: check() for name, check in CHECKS.items()}
    is_ready = not any(checks.values())
    response = JsonResponse(
        {
            "status": "ready" if is_ready else "not ready",
            "checks": {name: problem or "ok" for name, problem in checks.items()},
        },
        status=200 if is_ready else 503,
    )
    if not is_ready:
        response["Retry-After"] = "5"
    return response


def database_problem() -> str:
    """Why the database cannot be used, or nothing."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return "The database cannot be reached."
    return ""


def migration_problem() -> str:
    """Why the database does not fit the code, or nothing."""
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "The migrations cannot be read."
    return f"{len(pending)} migrations have not run." if pending else ""


def roots_problem() -> str:
    """Why runs or telemetry cannot be written, or nothing."""
    return " ".join(problem.sentence for problem in root_problems())


def space_problem() -> str:
    """Why the next bundle may not fit, or nothing."""
    short = [
        name
        for name, root in (("runs", settings.RUNS_ROOT), ("telemetry", settings.TELEMETRY_ROOT))
        if Path(root).exists() and _is_short_of_space(os.statvfs(root))
    ]
    return f"Little space is left for {' and '.join(short)}." if short else ""


def _is_short_of_space(found: os.statvfs_result) -> bool:
    free = found.f_bavail * found.f_frsize
    # Some file systems have no table of files and say 0 of 0.
    has_no_files_left = found.f_files > 0 and found.f_favail == 0
    return free < settings.FLOWTIME_MIN_FREE_MB * 1024 * 1024 or has_no_files_left


def worker_problem() -> str:
    """Why background work will not be done, or nothing."""
    try:
        silence = worker_silence()
    except DatabaseError:
        return "The worker cannot be asked for."
    if silence is None:
        return "No worker has been heard from."
    if silence > SILENCE_LIMIT:
        return f"The worker has been silent for {_seconds(silence)} s."
    return ""


def _seconds(duration: timedelta) -> int:
    return int(duration.total_seconds())


CHECKS: dict[str, Callable[[], str]] = {
    "database": database_problem,
    "migrations": migration_problem,
    "roots": roots_problem,
    "space": space_problem,
    "worker": worker_problem,
}
