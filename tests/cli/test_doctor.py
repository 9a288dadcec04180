"""`flowtime doctor`: each thing that can be wrong is named, with what to do and the right exit code."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from flowtime.cli import config
from flowtime.cli.config import StoredToken
from flowtime.tasks.liveness import report_alive
from tests.cli.conftest import Command, Stranger


def finding(ended: Any, name: str) -> Any:
    return next(f for f in ended.json()["findings"] if f["name"] == name)


def test_all_is_well(flowtime: Command, operator: Any) -> None:
    report_alive()

    ended = flowtime("doctor", "--json")

    assert ended.code == 0, ended.err
    assert ended.json()["isWell"]
    looked_at = {f["name"] for f in ended.json()["findings"]}
    assert looked_at >= {"address", "server", "clock", "worker", "database", "token", "version"}


def test_a_missing_worker_is_found(flowtime: Command, operator: Any) -> None:
    ended = flowtime("doctor", "--json")

    assert ended.code == 1
    assert not finding(ended, "worker")["isWell"]
    assert "No worker has been heard from." in ended.err


def test_nobody_there_is_6(
    flowtime: Command, config_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWTIME_URL", "http://127.0.0.1:1")

    ended = flowtime("doctor", "--json")

    assert ended.code == 6
    assert [f["name"] for f in ended.json()["findings"]] == ["address", "server"]


def test_a_stranger_is_6(flowtime: Command, stranger: Stranger) -> None:
    stranger.answer({"hello": "world"})

    assert flowtime("doctor").code == 6


def test_no_token_is_5(flowtime: Command, server: str) -> None:
    report_alive()

    ended = flowtime("doctor", "--json")

    assert ended.code == 5
    assert finding(ended, "token")["nextStep"] == "Sign in with: flowtime auth login"


def test_a_bad_token_is_5(flowtime: Command, server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    report_alive()
    monkeypatch.setenv("FLOWTIME_TOKEN", "0" * 64)

    ended = flowtime("doctor", "--json")

    assert ended.code == 5
    assert not finding(ended, "token")["isWell"]


@pytest.mark.parametrize(("minutes", "word"), [(5, "behind"), (-5, "ahead of")])
def test_a_wrong_clock_is_told(
    flowtime: Command, stranger: Stranger, minutes: int, word: str
) -> None:
    ready = {"status": "ready", "checks": {"database": "ok"}}
    now = datetime.now(UTC) + timedelta(minutes=minutes)
    stranger.answer(ready, Date=format_datetime(now, usegmt=True))

    ended = flowtime("doctor", "--json")

    assert ended.code != 0
    assert word in finding(ended, "clock")["detail"]


def test_another_version_is_told(flowtime: Command, stranger: Stranger) -> None:
    def body(document: str) -> bytes:
        return document.encode()

    stranger.answers = {
        "/readyz": body('{"status": "ready", "checks": {}}'),
        "/v1/auth/tokens": body('{"items": []}'),
        "/v1/schema?format=json": body('{"info": {"version": "9.0.0"}}'),
    }

    ended = flowtime("doctor", "--json")

    assert ended.code == 1
    assert "9.0.0" in finding(ended, "version")["detail"]


def test_a_file_that_others_can_read_is_told(
    flowtime: Command, server: str, alice: Any, config_home: Path
) -> None:
    config.store_token(server, StoredToken("0" * 64, "id"))
    config.config_path().chmod(0o644)

    ended = flowtime("doctor", "--json")

    assert not finding(ended, "configuration")["isWell"]
