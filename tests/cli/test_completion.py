"""Completion in shells: words of the command, asked for as each shell asks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(sys.executable).with_name("flowtime")


def complete(shell: str, line: str) -> str:
    words = line.split(" ")
    asked = {
        "_FLOWTIME_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    ended = subprocess.run(
        [SCRIPT], env=os.environ | asked, capture_output=True, text=True, check=False
    )
    return ended.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("line", "word"), [("flowtime ru", "runs"), ("flowtime runs com", "compare")]
)
def test_the_next_word_is_offered(shell: str, line: str, word: str) -> None:
    assert word in complete(shell, line)


def test_what_does_not_fit_is_not_offered() -> None:
    assert "telemetry" not in complete("bash", "flowtime ru")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_a_script_for_the_shell_is_printed(shell: str) -> None:
    ended = subprocess.run(
        [SCRIPT, "--show-completion", shell], capture_output=True, text=True, check=False
    )

    assert ended.returncode == 0, ended.stderr
    assert "_FLOWTIME_COMPLETE" in ended.stdout
