"""`make demo` walks through the whole main job and says so by its exit code."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_the_walk_reaches_its_end() -> None:
    walked = subprocess.run(
        [sys.executable, "-m", "flowtime.demo"],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )

    assert walked.returncode == 0, walked.stdout + walked.stderr
    for words in (
        "$ flowtime telemetry capture",
        "(capture_exists)",
        "g000002",
        "series identical",
        "2 of 2 captures.",
    ):
        assert words in walked.stdout
    assert "/tmp" not in walked.stdout
