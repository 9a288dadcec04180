"""The guide to tables: every snippet runs, in order, on a run of a server."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.client.conftest import client, token

GUIDE = (Path(__file__).resolve().parents[2] / "docs" / "guides" / "tables.md").read_text("utf-8")

__all__ = ["client", "token"]


def test_every_snippet_finds_the_longest_queues(
    client: Any,
    live_server: Any,
    token: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    run_id = client.create_run({"templateId": "nyc-departures"})["runId"]
    seen: dict[str, Any] = {"url": live_server.url, "token": token, "run_id": run_id}

    snippets = re.findall(r"```python\n(.*?)```", GUIDE, flags=re.DOTALL)
    for snippet in snippets:
        exec(compile(snippet, "tables.md", "exec"), seen)

    assert len(snippets) == 4
    assert seen["queues"].max()["JFK"] == 36
    assert dict(seen["longest"].iter_rows())["JFK"] == 36
    assert capsys.readouterr().out.count("JFK") == 3


def test_the_columns_are_those_of_the_table() -> None:
    from runs.exporting import COLUMNS, MAX_ROWS

    assert tuple(re.findall(r"^\| `(\w+)` \|", GUIDE, re.MULTILINE)) == COLUMNS
    assert f"{MAX_ROWS:,} rows" in GUIDE
