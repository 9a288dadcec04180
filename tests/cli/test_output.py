"""What reaches stdout and stderr, on a terminal and in a pipe."""

import os
import pty
import subprocess
import sys
from typing import Any

import pytest

from tests.cli.conftest import Command


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """Run the installed command with stdout and stderr on a terminal; return what it wrote."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "flowtime.cli.main", *arguments],
        stdout=follower,
        stderr=follower,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "160", **environment},
    )
    os.close(follower)
    written = b""
    while True:
        try:
            chunk = os.read(leader, 65536)
        except OSError:
            break
        if not chunk:
            break
        written += chunk
    process.wait(timeout=30)
    os.close(leader)
    return written.decode()


def test_a_terminal_gets_a_coloured_table(flowtime: Command, storm: str) -> None:
    written = on_a_terminal("runs", "list")

    assert "\x1b[" in written
    assert "✓ succeeded" in written


def test_no_color_is_obeyed(flowtime: Command, storm: str) -> None:
    written = on_a_terminal("runs", "list", NO_COLOR="1")

    assert "\x1b[3" not in written
    assert "✓ succeeded" in written


def test_a_pipe_gets_no_colour_and_no_shape(flowtime: Command, storm: str) -> None:
    written = flowtime("runs", "list").out

    assert "\x1b" not in written
    assert "✓" not in written


def test_an_error_on_a_terminal_is_still_one_sentence(flowtime: Command, operator: Any) -> None:
    written = on_a_terminal("runs", "show", "run_x", NO_COLOR="1")

    assert "(run_not_found)" in written
    assert len(written.splitlines()) == 2


def test_data_and_messages_never_mix(flowtime: Command, storm: str) -> None:
    for arguments in (("runs", "list"), ("runs", "show", storm), ("templates", "list")):
        with_json = flowtime(*arguments, "--json")

        assert with_json.out.startswith("{")
        assert with_json.err == ""


def test_a_reader_that_stops_early_is_no_accident(storm: str) -> None:
    piped = subprocess.run(
        f"{sys.executable} -m flowtime.cli.main runs show {storm} --json | head -c 10",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )

    assert piped.stdout.startswith("{")
    assert "Traceback" not in piped.stderr


@pytest.mark.parametrize("signal_name", ["SIGINT"])
def test_interrupting_a_wait_ends_quietly(
    flowtime: Command, operator: Any, signal_name: str
) -> None:
    import signal
    import time

    made = flowtime("runs", "create", "nyc-departures", "--async", "--json").json()
    process = subprocess.Popen(
        [sys.executable, "-m", "flowtime.cli.main", "runs", "watch", made["runId"]],
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(1.5)
    process.send_signal(getattr(signal, signal_name))
    _, err = process.communicate(timeout=20)

    assert process.returncode == 130
    assert "Traceback" not in err
