"""`flowtime runs`: every command against a real server and real files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runs.models import Run
from tests.cli.conftest import Command

STORM = ("runs", "create", "nyc-departures", "-p", "stormSeverity=1")


class TestCreate:
    def test_a_template_is_run_with_parameters_and_seed(
        self, flowtime: Command, operator: Any
    ) -> None:
        ended = flowtime(*STORM, "--seed", "7", "--json")

        assert ended.code == 0, ended.err
        run = Run.objects.get(pk=ended.json()["runId"])
        assert (run.status, run.rng_seed, run.created_by) == ("succeeded", 7, operator)
        assert ended.json()["parameters"]["stormSeverity"] == 1
        assert not ended.json()["telemetry"]["available"]

    def test_a_sample_is_drawn_on_request(self, flowtime: Command, operator: Any) -> None:
        ended = flowtime(
            *("runs", "create", "call-centre-uncertain", "--seed", "5"),
            *("--rng-mode", "sample", "--replicate", "3", "--json"),
        )

        assert ended.code == 0, ended.err
        said = {"kind": "pcg32", "seed": 5, "mode": "sample", "replicate": 3}
        assert ended.json()["rng"] == said

    def test_facts_are_shown_to_people(self, flowtime: Command, operator: Any) -> None:
        ended = flowtime(*STORM)

        assert ended.code == 0, ended.err
        facts = [line.split() for line in ended.out.splitlines()]
        assert ["status", "succeeded"] in facts
        assert ["telemetry", "not", "available"] in facts

    def test_a_dry_run_writes_nothing(self, flowtime: Command, operator: Any) -> None:
        ended = flowtime(*STORM, "--dry-run", "--json")

        assert ended.code == 0, ended.err
        assert ended.json()["isDryRun"] is True
        assert not Run.objects.exists()

    def test_a_dry_run_says_that_it_was_one(self, flowtime: Command, operator: Any) -> None:
        ended = flowtime(*STORM, "--dry-run")

        assert "stormSeverity" in ended.out
        assert ended.err == "Dry run: nothing was written.\n"

    def test_a_run_id_can_be_chosen_once(self, flowtime: Command, operator: Any) -> None:
        assert flowtime(*STORM, "--run-id", "mine").code == 0

        ended = flowtime(*STORM, "--run-id", "mine")

        assert ended.code == 4
        assert "(run_exists)" in ended.err
        assert "--overwrite" in ended.err
        assert flowtime(*STORM, "--run-id", "mine", "--overwrite").code == 0

    def test_a_deterministic_run_is_reused(self, flowtime: Command, operator: Any) -> None:
        first = flowtime(*STORM, "--deterministic", "--json").json()

        second = flowtime(*STORM, "--deterministic", "--json")

        assert second.json()["runId"] == first["runId"]
        assert "was reused" in second.err
        assert Run.objects.count() == 1

    def test_parameters_come_from_a_file_and_are_overridden_one_by_one(
        self, flowtime: Command, operator: Any, tmp_path: Path
    ) -> None:
        file = tmp_path / "parameters.json"
        file.write_text('{"stormSeverity": 0.25}')

        kept = flowtime("runs", "create", "nyc-departures", "--parameters", str(file), "--json")
        given = flowtime(*STORM, "--parameters", str(file), "--json")

        assert kept.json()["parameters"]["stormSeverity"] == 0.25
        assert given.json()["parameters"]["stormSeverity"] == 1

    def test_parameters_come_from_stdin(self, flowtime: Command, operator: Any) -> None:
        ended = flowtime(
            "runs",
            "create",
            "nyc-departures",
            "--parameters",
            "-",
            "--dry-run",
            "--json",
            stdin='{"stormSeverity": 0.5}',
        )

        assert ended.json()["plan"]["effectiveParameters"]["stormSeverity"] == 0.5

    @pytest.mark.parametrize("text", ["[1]", "{", '{"a": NaN}', "\xff"])
    def test_a_parameter_file_that_is_no_json_object_is_2(
        self, flowtime: Command, operator: Any, tmp_path: Path, text: str
    ) -> None:
        file = tmp_path / "parameters.json"
        file.write_text(text, encoding="latin-1")

        ended = flowtime("runs", "create", "nyc-departures", "--parameters", str(file))

        assert ended.code == 2
        assert str(tmp_path) not in ended.err
        assert not Run.objects.exists()

    def test_every_bad_parameter_is_named(self, flowtime: Command, operator: Any) -> None:
        ended = flowtime(
            "runs", "create", "nyc-departures", "-p", "stormSeverity=99", "-p", "nothing=1"
        )

        assert ended.code == 1
        assert "(parameters_invalid)" in ended.err
        assert "stormSeverity" in ended.err
        assert "nothing" in ended.err
        assert not Run.objects.exists()

    def test_a_viewer_may_not_run_anything(self, flowtime: Command, viewer: Any) -> None:
        ended = flowtime(*STORM)

        assert ended.code == 5
        assert "next: Ask an administrator for the operator role." in ended.err
        assert not Run.objects.exists()

    def test_telemetry_is_replayed_into_a_new_run(
        self, flowtime: Command, storm: str, captured: str
    ) -> None:
        ended = flowtime(*STORM, "--mode", "telemetry", "--source-run", storm, "--json")

        assert ended.code == 0, ended.err
        assert ended.json()["mode"] == "telemetry"
        assert ended.json()["sourceRunId"] == storm

    def test_async_returns_a_queued_run_at_once(
        self, flowtime: Command, operator: Any, run_tasks: Callable[[], int]
    ) -> None:
        ended = flowtime(*STORM, "--async", "--json")

        assert ended.json()["status"] == "queued"
        run_tasks()
        watched = flowtime("runs", "watch", ended.json()["runId"], "--json")
        assert (watched.code, watched.json()["status"]) == (0, "succeeded")

    def test_waiting_without_a_worker_is_124(self, flowtime: Command, operator: Any) -> None:
        ended = flowtime(*STORM, "--wait", "--timeout", "1")

        assert ended.code == 124
        assert "is still queued after 1 s. (timed_out)" in ended.err
        assert "flowtime runs watch" in ended.err


class TestRead:
    def test_the_list_is_columns_in_a_pipe(self, flowtime: Command, storm: str) -> None:
        ended = flowtime("runs", "list")

        head, row = ended.out.splitlines()
        assert head.split()[:2] == ["STATUS", "RUN"]
        assert row.split()[:3] == ["succeeded", storm, "nyc-departures"]
        assert ended.err == "1 of 1 run.\n"

    def test_json_is_the_apis_own(self, flowtime: Command, storm: str, api: Any) -> None:
        assert flowtime("runs", "list", "--json").json() == api.get("/v1/runs").json()
        assert (
            flowtime("runs", "show", storm, "--json").json() == api.get(f"/v1/runs/{storm}").json()
        )

    def test_filters_narrow_the_list(self, flowtime: Command, storm: str) -> None:
        counts = (
            (("--status", "succeeded"), 1),
            (("--status", "failed", "--status", "queued"), 0),
            (("--template", "nyc-departures"), 1),
            (("--template", "first-steps"), 0),
            (("--mode", "telemetry"), 0),
            (("--telemetry",), 0),
            (("--no-telemetry",), 1),
            (("--search", "run_"), 1),
            (("--search", "nothing-like-it"), 0),
            (("--created-before", "2020-01-01T00:00:00Z"), 0),
            (("--created-after", "2020-01-01T00:00:00Z"), 1),
            (("--source-run", "run_x"), 0),
            (("--order", "oldest"), 1),
        )

        for filters, count in counts:
            ended = flowtime("runs", "list", *filters, "--json")

            assert ended.code == 0, (filters, ended.err)
            assert len(ended.json()["items"]) == count, filters

    def test_pages_follow_one_another(self, flowtime: Command, storm: str) -> None:
        newest = flowtime(*STORM, "--json").json()["runId"]

        first = flowtime("runs", "list", "--limit", "1")
        cursor = first.err.rsplit("--cursor ", 1)[1].strip()
        second = flowtime("runs", "list", "--limit", "1", "--cursor", cursor)

        assert newest in first.out
        assert storm in second.out

    def test_an_unknown_run_is_3(self, flowtime: Command, operator: Any) -> None:
        for command in (("show",), ("watch",), ("cancel",), ("replay",), ("series",)):
            ended = flowtime("runs", *command, "run_x")

            assert ended.code == 3, command
            assert "(run_not_found)" in ended.err

    def test_the_next_step_names_the_run(self, flowtime: Command, storm: str) -> None:
        ended = flowtime("runs", "replay", storm, "--from", "telemetry")

        assert f"next: Generate it with: flowtime telemetry capture {storm}" in ended.err

    def test_actions_are_shown_with_their_reasons(self, flowtime: Command, storm: str) -> None:
        ended = flowtime("runs", "show", storm)

        assert "Generate telemetry first." in ended.out

    def test_series_are_listed_and_printed(self, flowtime: Command, storm: str) -> None:
        index = flowtime("runs", "series", storm, "--json").json()["items"]
        series_id = index[0]["seriesId"]

        listed = flowtime("runs", "series", storm)
        printed = flowtime("runs", "series", storm, series_id, "--from", "10", "--to", "12")
        as_json = flowtime("runs", "series", storm, series_id, "--json")

        assert series_id in listed.out
        assert [line.split(",")[0] for line in printed.out.splitlines()] == [
            "bin_index",
            "10",
            "11",
            "12",
        ]
        assert as_json.json()["seriesId"] == series_id

    def test_an_unknown_series_is_3(self, flowtime: Command, storm: str) -> None:
        assert flowtime("runs", "series", storm, "no-such-series").code == 3


class TestReplay:
    @pytest.mark.parametrize("source", ["model", "telemetry"])
    def test_a_replay_says_how_exactly_it_reproduces(
        self, flowtime: Command, storm: str, captured: str, source: str
    ) -> None:
        ended = flowtime("runs", "replay", storm, "--from", source)

        assert ended.code == 0, ended.err
        assert "series identical" in ended.out
        assert storm in ended.out

    def test_without_telemetry_it_is_refused_with_the_reason(
        self, flowtime: Command, storm: str
    ) -> None:
        ended = flowtime("runs", "replay", storm, "--from", "telemetry")

        assert ended.code == 1
        assert ended.err.startswith("error: Generate telemetry first. (bundle_missing)")
        assert Run.objects.count() == 1

    def test_in_the_background(
        self, flowtime: Command, storm: str, run_tasks: Callable[[], int]
    ) -> None:
        replay = flowtime("runs", "replay", storm, "--async", "--json").json()
        run_tasks()

        ended = flowtime("runs", "show", replay["runId"], "--json")

        assert ended.json()["status"] == "succeeded"


class TestCancel:
    def test_a_queued_run_is_cancelled_and_watching_it_fails(
        self, flowtime: Command, operator: Any
    ) -> None:
        run_id = flowtime(*STORM, "--async", "--json").json()["runId"]

        cancelled = flowtime("runs", "cancel", run_id, "--json")
        watched = flowtime("runs", "watch", run_id)

        assert (cancelled.code, cancelled.json()["status"]) == (0, "canceled")
        assert watched.code == 1
        assert f"error: Run {run_id} was cancelled. (canceled)" in watched.err

    def test_a_finished_run_is_4(self, flowtime: Command, storm: str) -> None:
        ended = flowtime("runs", "cancel", storm)

        assert ended.code == 4
        assert "(run_not_cancelable)" in ended.err
        assert json.loads(flowtime("runs", "show", storm, "--json").out)["status"] == "succeeded"
