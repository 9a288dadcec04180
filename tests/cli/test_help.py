"""`--help` is true: every example in it runs."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from flowtime.cli.main import app
from flowtime.tasks.liveness import report_alive
from tests.cli.conftest import Command


def leaves(command: object, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], object]]:
    """Every command of the tree with the words that call it."""
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name, child in children.items():
        yield from leaves(child, (*path, name))


COMMANDS = dict(leaves(typer.main.get_command(app)))
EXAMPLES = [
    (path, line.strip())
    for path, command in COMMANDS.items()
    for line in str(getattr(command, "help", "")).splitlines()
    if line.strip().startswith("flowtime ")
]
# They ask a person for a password.
INTERACTIVE = {"flowtime auth login"}


def test_every_command_has_an_example() -> None:
    assert {path for path, _ in EXAMPLES} == set(COMMANDS)


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_helps(flowtime: Command, path: tuple[str, ...]) -> None:
    ended = flowtime(*path, "--help")

    assert ended.code == 0
    assert ended.out.startswith(f"Usage: flowtime {' '.join(path)}")
    assert "Examples:" in ended.out


def test_the_exit_codes_are_in_the_help(flowtime: Command) -> None:
    helped = " ".join(flowtime("--help").out.split())

    for code in ("0 ok", "1 failure", "2 usage", "3 not found", "4 conflict", "124 wait timed out"):
        assert code in helped


def test_every_example_runs(
    flowtime: Command,
    storm: str,
    captured: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    # As a worker would; the doctor asks for one.
    report_alive()
    series_id = flowtime("runs", "series", storm, "--json").json()["items"][0]["seriesId"]
    queued = flowtime("runs", "create", "nyc-departures", "--async", "--json").json()["runId"]

    for _, example in EXAMPLES:
        if example in INTERACTIVE:
            continue
        line, _, from_file = example.partition(" < ")
        for placeholder, value in (
            ("runs cancel RUN_ID", f"runs cancel {queued}"),
            ("RUN_ID", storm),
            ("OTHER_ID", storm),
            ("CAPTURE_ID", captured),
            ("SERIES_ID", series_id),
            ("--username operator", "--username alice"),
            # No worker runs beside a test, so what would wait for one is asked for at once.
            (" --wait", ""),
        ):
            line = line.replace(placeholder, value)
        if re.search(r"telemetry capture \S+$", line):
            line += " --overwrite"

        ended = flowtime(*shlex.split(line)[1:], stdin="alicealice\n" if from_file else "")

        assert ended.code == 0, (example, ended.err)
