"""System checks: the two roots and the database, before anything is written."""

import errno
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks


@dataclass(frozen=True, slots=True)
class RootProblem:
    """Something wrong with a root, said by the name of its setting and never by its path."""

    code: str
    sentence: str
    hint: str
    is_missing: bool = False


def root_problems() -> list[RootProblem]:
    """What stands in the way of reading and writing under the roots."""
    roots = {
        "FLOWTIME_RUNS_ROOT": Path(settings.RUNS_ROOT),
        "FLOWTIME_TELEMETRY_ROOT": Path(settings.TELEMETRY_ROOT),
    }
    found = [problem for name, root in roots.items() if (problem := _look_at(name, root))]
    runs, telemetry = (root.resolve() for root in roots.values())
    if runs == telemetry or runs in telemetry.parents or telemetry in runs.parents:
        found.append(
            RootProblem(
                "E003",
                "FLOWTIME_RUNS_ROOT and FLOWTIME_TELEMETRY_ROOT are the same or one inside the other.",
                "Give each its own directory.",
            )
        )
    return found


def _look_at(name: str, root: Path) -> RootProblem | None:
    try:
        there = root.stat()
    except FileNotFoundError:
        return RootProblem(
            "W001", f"{name} does not exist.", "`manage.py bootstrap` makes it.", is_missing=True
        )
    except OSError as error:
        reason = os.strerror(error.errno or errno.EIO)
        return RootProblem("E006", f"{name} cannot be reached: {reason}.", "Look at the disk.")
    if not stat.S_ISDIR(there.st_mode):
        return RootProblem("E001", f"{name} is not a directory.", "Name a directory.")
    if not os.access(root, os.R_OK | os.W_OK | os.X_OK):
        return RootProblem(
            "E002", f"{name} cannot be written.", "Let the user of this process read and write it."
        )
    staging = root / ".staging"
    if staging.exists() and staging.stat().st_dev != there.st_dev:
        return RootProblem(
            "E004",
            f"The staging area of {name} is on another file system.",
            "Publishing renames: both must be on one file system.",
        )
    return None


@checks.register("flowtime")
def check_roots(**_: Any) -> Sequence[checks.CheckMessage]:
    """The roots exist, can be written, and are apart. A missing one is a warning: bootstrap makes it."""
    return [
        (checks.Warning if problem.is_missing else checks.Error)(
            problem.sentence, hint=problem.hint, id=f"flowtime.{problem.code}"
        )
        for problem in root_problems()
    ]


@checks.register("flowtime")
def check_database_options(**_: Any) -> Sequence[checks.CheckMessage]:
    """SQLite takes the write lock when a transaction begins."""
    database = settings.DATABASES["default"]
    options = database.get("OPTIONS", {})
    if not database["ENGINE"].endswith("sqlite3") or options.get("transaction_mode") == "IMMEDIATE":
        return []
    return [
        checks.Error(
            "SQLite transactions are not IMMEDIATE: writers would fail as soon as two meet.",
            hint='Set OPTIONS["transaction_mode"] to "IMMEDIATE".',
            id="flowtime.E005",
        )
    ]


@checks.register("flowtime")
def check_vendor_files(**_: Any) -> Sequence[checks.CheckMessage]:
    """The charts' scripts are installed."""
    missing = [prefix for prefix, directory in settings.VENDOR_DIRS if not directory.is_dir()]
    if not missing:
        return []
    return [
        checks.Warning(
            f"Scripts of the pages are not installed: {', '.join(missing)}.",
            hint="Run `make install`, or `npm ci`.",
            id="flowtime.W002",
        )
    ]
