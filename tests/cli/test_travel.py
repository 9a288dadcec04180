"""`flowtime runs state|compare|series`: a bin, a difference and a course, on a terminal and in a pipe."""

import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from flowtime.cli.sparklines import sparkline
from runs.models import Run
from tests.cli.conftest import Command


class TestState:
    def test_the_bin_of_the_peak_shows_the_queue(self, flowtime: Command, storm: str) -> None:
        ended = flowtime("runs", "state", storm, "--bin", "116")

        assert ended.code == 0, ended.err
        rows = [line.split() for line in ended.out.splitlines()]
        jfk = next(row for row in rows if row[1:2] == ["JFK"])
        told = flowtime("runs", "state", storm, "--bin", "116", "--json").json()
        node = next(node for node in told["nodes"] if node["nodeId"] == "JFK")
        assert jfk[0] == node["colour"]
        assert float(jfk[5]) == node["observed"]["queueDepth"] == 36

    def test_a_letter_stands_beside_the_colour_on_a_terminal(
        self, flowtime: Command, storm: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

        ended = flowtime("runs", "state", storm, "--bin", "116")

        assert "R red" in ended.out or "Y yellow" in ended.out or "G green" in ended.out

    def test_a_bin_beyond_the_run_is_a_wrong_use(self, flowtime: Command, storm: str) -> None:
        ended = flowtime("runs", "state", storm, "--bin", "100000")

        assert ended.code == 2
        assert "bin" in ended.err


class TestCompare:
    def test_a_replay_is_identical_to_its_source(self, flowtime: Command, storm: str) -> None:
        replay = flowtime("runs", "replay", storm, "--json").json()["runId"]

        ended = flowtime("runs", "compare", storm, replay)

        assert ended.code == 0, ended.err
        assert "identical in all" in ended.out

    def test_what_differs_is_told_with_its_first_bin(
        self, flowtime: Command, operator: Any, storm: str
    ) -> None:
        milder = flowtime("runs", "create", "nyc-departures", "-p", "stormSeverity=0.5", "--json")

        ended = flowtime("runs", "compare", storm, milder.json()["runId"])

        assert ended.code == 0, ended.err
        assert "stormSeverity" in ended.out
        assert "series identical" in ended.out
        assert "first difference  bin " in ended.out

    def test_an_unknown_run_is_not_found(self, flowtime: Command, storm: str) -> None:
        before = Run.objects.count()

        ended = flowtime("runs", "compare", storm, "run_nowhere")

        assert ended.code == 3
        assert Run.objects.count() == before


class TestCourse:
    def test_a_series_is_drawn_on_a_terminal(
        self, flowtime: Command, storm: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        index = flowtime("runs", "series", storm, "--json").json()["items"]
        queue = next(e["seriesId"] for e in index if e["nodeId"] == "JFK" and e["kind"] == "stock")
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

        ended = flowtime("runs", "series", storm, queue)

        assert ended.code == 0, ended.err
        assert "█" in ended.out
        assert "first in bin" in ended.out

    def test_a_pipe_gets_the_numbers(self, flowtime: Command, storm: str) -> None:
        index = flowtime("runs", "series", storm, "--json").json()["items"]

        ended = flowtime("runs", "series", storm, index[0]["seriesId"])

        assert ended.out.startswith("bin_index,value\n")


class TestExport:
    def test_a_table_goes_to_standard_output(self, flowtime: Command, storm: str) -> None:
        ended = flowtime("runs", "export", storm, "--from", "116", "--to", "116")

        assert ended.code == 0, ended.err
        lines = ended.out.splitlines()
        assert lines[0] == "time_bin,bin_start_utc,node_id,class,measure,value"
        assert {line.split(",")[0] for line in lines[1:]} == {"116"}

    def test_a_file_is_written_whole(self, flowtime: Command, storm: str, tmp_path: Path) -> None:
        file = tmp_path / "storm.parquet"

        ended = flowtime("runs", "export", storm, "--format", "parquet", "--output", str(file))

        assert (ended.code, ended.out) == (0, ""), ended.err
        assert pyarrow.parquet.read_table(file).num_rows > 1000

    def test_a_refusal_leaves_no_file(
        self, flowtime: Command, operator: Any, tmp_path: Path
    ) -> None:
        ended = flowtime("runs", "export", "run_nowhere", "-o", str(tmp_path / "x.csv"))

        assert ended.code == 3
        assert list(tmp_path.glob("*.csv")) == []

    def test_parquet_is_not_thrown_at_a_terminal(
        self, flowtime: Command, storm: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(sys.stdout, "isatty", lambda: True)

        ended = flowtime("runs", "export", storm, "--format", "parquet")

        assert ended.code == 2
        assert "--output" in ended.err


class TestSparkline:
    def test_the_highest_is_a_full_bar_and_zero_an_empty_one(self) -> None:
        assert sparkline([0, 7]) == "▁█"

    def test_a_gap_stays_a_gap(self) -> None:
        assert sparkline([1, None, 1]) == "█ █"

    def test_a_peak_among_many_is_not_lost(self) -> None:
        values: list[float | None] = [0.0] * 600
        values[317] = 5.0

        drawn = sparkline(values, width=60)

        assert len(drawn) == 60
        assert drawn.index("█") == 31

    def test_nothing_is_nothing(self) -> None:
        assert sparkline([]) == ""
        assert sparkline([None, None]) == "  "

    def test_values_below_zero_have_their_own_floor(self) -> None:
        assert sparkline([-7, 0]) == "▁█"
