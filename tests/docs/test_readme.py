"""The README's walk through the main job: each command does what the README shows."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command, config_home, flowtime, operator, server

README = Path(__file__).resolve().parents[2] / "README.md"
# What is new each time: moments, ids and digests.
CHANGING = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"\b(run|cap)_\d{8}T\d{6}Z_[0-9a-f]{8}\b"), r"\1_ID"),
    (re.compile(r"\b(sha256:)?[0-9a-f]{64}\b"), "DIGEST"),
    (re.compile(r"  +"), "  "),
)

__all__ = ["config_home", "flowtime", "operator", "server"]


def settled(text: str) -> str:
    """``text`` without what changes from one time to the next."""
    for pattern, word in CHANGING:
        text = pattern.sub(word, text)
    return "\n".join(line.rstrip() for line in text.strip().splitlines())


def shown_steps() -> list[tuple[str, str]]:
    """Each command of the README's walk with the output that stands below it."""
    section = README.read_text(encoding="utf-8").split("## The main job, in a shell")[1]
    block = section.split("```console\n")[1].split("```")[0]
    steps = [part.partition("\n") for part in block.split("$ flowtime ")[1:]]
    return [(command, output) for command, _, output in steps]


def test_the_walk_has_the_whole_main_job() -> None:
    words = [" ".join(command.split()[:2]) for command, _ in shown_steps()]

    assert words == [
        "runs create",
        "telemetry capture",
        "telemetry capture",
        "runs replay",
        "runs compare",
        "runs state",
    ]


@pytest.mark.slow
def test_every_step_prints_what_the_readme_shows(
    flowtime: Command,
    operator: Any,
) -> None:
    replay = ""
    for command, shown in shown_steps():
        ended = flowtime(*shlex.split(command.replace("REPLAY", replay)))

        said = (ended.out + ended.err).replace(replay or "REPLAY", "REPLAY")
        assert settled(said) == settled(shown), command
        if command.startswith("runs replay"):
            replay = ended.out.split()[1]
