"""`make test`: the whole suite on SQLite, again on PostgreSQL, and a word on what was left out and why."""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from flowtime.engine.native.library import built_file
from tests.ui.browser import chromium

POSTGRES_URL = "postgres://postgres@127.0.0.1:5432/postgres"
NO_TESTS_COLLECTED = 5
MEMORY = Path("/dev/shm")
ROOM = 2 << 30


def main() -> int:
    """Run what was asked for; 0 when all of it passed."""
    parser = argparse.ArgumentParser(prog="make test", description=__doc__)
    parser.add_argument("--fast", action="store_true", help="leave out slow and browser tests")
    parser.add_argument("--slow", action="store_true", help="only slow and browser tests")
    parser.add_argument(
        "--failures", action="store_true", help="only the failure model, for longer, with its table"
    )
    parser.add_argument("paths", nargs="*", help="as for pytest")
    options = parser.parse_args()

    must_be_whole = os.environ.get("CI", "").lower() == "true"
    left_out: list[str] = []
    if not options.fast and (reason := browser_missing()):
        left_out.append(f"browser tests: {reason}")
    if not built_file().exists():
        left_out.append("the engine's native part: it was not built (a C compiler, make install)")
    url = os.environ.get("FLOWTIME_TEST_POSTGRES_URL", POSTGRES_URL)
    if reason := postgres_missing(url):
        left_out.append(f"PostgreSQL: {reason}")
        url = ""
    if left_out and must_be_whole:
        return fail(left_out)

    started = time.monotonic()
    with scratch() as environment:
        codes = [run_pytest("SQLite", options, environment)]
        if not (options.failures or options.slow or options.paths) and built_file().exists():
            alone = ["--without-native", "--ignore", "tests/engine/native"]
            alone += ["tests/engine", "tests/runs/catalog"]
            codes.append(run_pytest("the engine on numpy alone", options, environment, *alone))
        if url and not options.failures:
            second = environment | {"FLOWTIME_TEST_DATABASE_URL": url}
            codes.append(run_pytest("PostgreSQL", options, second, "--database-only"))
    minutes = (time.monotonic() - started) / 60
    say(f"All of it took {minutes:.1f} minutes.")
    for line in left_out:
        say(f"Left out: {line}")
    return max(codes)


def run_pytest(
    database: str, options: argparse.Namespace, environment: dict[str, str], *more: str
) -> int:
    """One run of the suite on one database."""
    say(f"Tests on {database}")
    command = [sys.executable, "-m", "pytest", "-n", "2", "--dist", "loadfile", "-q", *more]
    # The files begin with the slow ones, not with those of many tests.
    command.append("--no-loadscope-reorder")
    if options.fast:
        command += ["-m", "not slow and not browser"]
    elif options.slow:
        command += ["-m", "slow or browser"]
    if options.failures:
        command += ["--failure-table", "--kill-seconds", "60"]
    command += ["--durations", "8", *options.paths]
    code = subprocess.run(command, env=environment, check=False).returncode
    return 0 if code == NO_TESTS_COLLECTED and options.slow else code


@contextmanager
def scratch() -> Iterator[dict[str, str]]:
    """The environment of the tests, with a place for their files that is gone afterwards.

    They sync tens of thousands of files: in memory, where there is room for it, that is free.
    """
    place = str(MEMORY) if has_room(MEMORY) else None
    # Hundreds of processes are started: what Python has compiled for one it need not for the next.
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.TemporaryDirectory(prefix="flowtime-", dir=place) as files:
        yield kept | {"TMPDIR": files}


def has_room(directory: Path) -> bool:
    """Whether files of tests fit in ``directory`` with ease."""
    try:
        return shutil.disk_usage(directory).free >= ROOM and os.access(directory, os.W_OK)
    except OSError:
        return False


def browser_missing() -> str:
    """Why there is no browser, after trying to get one; nothing when there is."""
    if chromium():
        return ""
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        return "there is no chromium, and only root on Debian can install it from here"
    say("Installing chromium")
    quiet = {"check": False, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["apt-get", "update", "-qq"], **quiet)
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "chromium"]
    if subprocess.run(install, **quiet).returncode != 0 or not chromium():
        return "chromium could not be installed"
    return ""


def postgres_missing(url: str) -> str:
    """Why PostgreSQL cannot be used; nothing when it answers and can make databases."""
    try:
        with psycopg.connect(url, connect_timeout=3) as connection:
            row = connection.execute(
                "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            ).fetchone()
    except psycopg.Error:
        return "none answers at FLOWTIME_TEST_POSTGRES_URL"
    return "" if row and row[0] else "its user may not create databases"


def fail(left_out: list[str]) -> int:
    """With CI=true nothing may be left out."""
    for line in left_out:
        say(f"Missing, and CI=true: {line}")
    return 1


def say(line: str) -> None:
    """Print a line of our own between those of pytest."""
    print(f"== {line}", flush=True)


if __name__ == "__main__":
    sys.exit(main())
