"""`flowtime telemetry`: generate, conflict, replace, read, verify."""

from collections.abc import Callable
from typing import Any

import pytest

from telemetry.models import Capture
from tests.cli.conftest import Command
from tests.conftest import DataDirs


def bundle_files(dirs: DataDirs) -> dict[str, bytes]:
    """Every file of every telemetry bundle."""
    return {
        str(path.relative_to(dirs.telemetry)): path.read_bytes()
        for path in dirs.telemetry.rglob("*")
        if path.is_file()
    }


class TestCapture:
    def test_telemetry_is_generated_from_a_run(self, flowtime: Command, storm: str) -> None:
        ended = flowtime("telemetry", "capture", storm, "--json")

        assert ended.code == 0, ended.err
        capture = ended.json()["capture"]
        assert (capture["status"], capture["sourceRunId"]) == ("succeeded", storm)
        assert flowtime("runs", "show", storm, "--json").json()["telemetry"]["available"]

    def test_again_is_4_and_names_what_is_there(
        self, flowtime: Command, storm: str, captured: str, data_dirs: DataDirs
    ) -> None:
        before = bundle_files(data_dirs)

        ended = flowtime("telemetry", "capture", storm)

        assert ended.code == 4
        assert f"Run {storm} already has a telemetry bundle, generated " in ended.err
        assert "(capture_exists)" in ended.err
        assert "next: Add --overwrite" in ended.err
        assert f"flowtime telemetry show {captured}" in ended.err
        assert bundle_files(data_dirs) == before
        assert Capture.objects.count() == 1

    def test_overwriting_makes_a_new_generation(
        self, flowtime: Command, storm: str, captured: str
    ) -> None:
        ended = flowtime("telemetry", "capture", storm, "--overwrite", "--json")

        assert ended.code == 0, ended.err
        assert ended.json()["capture"]["generation"] == "g000002"
        assert Capture.objects.get(pk=captured).status == "superseded"

    def test_a_capture_key_puts_it_into_the_library(self, flowtime: Command, storm: str) -> None:
        ended = flowtime(
            "telemetry",
            "capture",
            storm,
            "--capture-key",
            "storm-week",
            "--nan",
            "zero",
            "--gaps",
            "report",
            "--json",
        )

        assert ended.code == 0, ended.err
        capture = Capture.objects.get()
        assert capture.capture_key == "storm-week"
        assert (capture.nan, capture.gaps) == ("zero", "report")

    def test_a_directory_of_the_library_is_its_key(self, flowtime: Command, storm: str) -> None:
        ended = flowtime("telemetry", "capture", storm, "--directory", "storms/week", "--json")

        assert ended.code == 0, ended.err
        assert Capture.objects.get().capture_key == "storms/week"

    @pytest.mark.parametrize("directory", ["/etc", "../elsewhere", "a/../../b"])
    def test_a_directory_outside_is_2_and_writes_nothing(
        self, flowtime: Command, storm: str, data_dirs: DataDirs, directory: str
    ) -> None:
        ended = flowtime("telemetry", "capture", storm, "--directory", directory)

        assert ended.code == 2
        assert "(outside_roots)" in ended.err
        assert bundle_files(data_dirs) == {}

    def test_a_telemetry_run_cannot_be_captured(
        self, flowtime: Command, storm: str, captured: str
    ) -> None:
        replay = flowtime("runs", "replay", storm, "--from", "telemetry", "--json").json()

        ended = flowtime("telemetry", "capture", replay["runId"])

        assert ended.code == 1
        assert "Telemetry is generated from simulation runs. (run_not_capturable)" in ended.err

    def test_in_the_background_and_then_shown(
        self, flowtime: Command, storm: str, run_tasks: Callable[[], int]
    ) -> None:
        queued = flowtime("telemetry", "capture", storm, "--async", "--json").json()["capture"]
        assert queued["status"] == "queued"

        run_tasks()

        shown = flowtime("telemetry", "show", queued["captureId"], "--json").json()
        assert shown["status"] == "succeeded"

    def test_waiting_without_a_worker_is_124(self, flowtime: Command, storm: str) -> None:
        ended = flowtime("telemetry", "capture", storm, "--wait", "--timeout", "1")

        assert ended.code == 124
        assert "flowtime telemetry show cap_" in ended.err

    def test_a_viewer_may_not(
        self, flowtime: Command, storm: str, victor: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        from tests.cli.conftest import token_of

        monkeypatch.setenv("FLOWTIME_TOKEN", token_of(victor))

        assert flowtime("telemetry", "capture", storm).code == 5
        assert not Capture.objects.exists()


class TestRead:
    def test_captures_are_listed(self, flowtime: Command, storm: str, captured: str) -> None:
        ended = flowtime("telemetry", "list")

        head, row = ended.out.splitlines()
        assert head.split()[:2] == ["STATUS", "CAPTURE"]
        assert row.split()[:3] == ["succeeded", captured, storm]
        assert ended.err == "1 of 1 capture.\n"

    def test_json_is_the_apis_own(self, flowtime: Command, captured: str, api: Any) -> None:
        shown = flowtime("telemetry", "show", captured, "--json").json()

        assert shown == api.get(f"/v1/telemetry/captures/{captured}").json()
        listed = flowtime("telemetry", "list", "--json").json()
        assert listed == api.get("/v1/telemetry/captures").json()

    def test_filters_narrow_the_list(self, flowtime: Command, captured: str) -> None:
        counts = (
            (("--status", "succeeded"), 1),
            (("--status", "missing"), 0),
            (("--template", "nyc-departures"), 1),
            (("--capture-key", "other"), 0),
            (("--source-run", "run_x"), 0),
            (("--created-after", "2020-01-01T00:00:00Z"), 1),
        )

        for filters, count in counts:
            ended = flowtime("telemetry", "list", *filters, "--json")

            assert ended.code == 0, (filters, ended.err)
            assert len(ended.json()["items"]) == count, filters

    def test_a_capture_is_shown_to_people(self, flowtime: Command, captured: str) -> None:
        ended = flowtime("telemetry", "show", captured)

        facts = [line.split() for line in ended.out.splitlines()]
        assert ["generation", "g000001"] in facts
        assert ["integrity", "unchecked"] in facts or ["integrity", "valid"] in facts

    def test_an_unknown_capture_is_3(self, flowtime: Command, operator: Any) -> None:
        for command in ("show", "verify", "download"):
            ended = flowtime("telemetry", command, "cap_x")

            assert ended.code == 3, command
            assert "(capture_not_found)" in ended.err


class TestVerify:
    def test_an_untouched_bundle_is_valid(self, flowtime: Command, captured: str) -> None:
        ended = flowtime("telemetry", "verify", captured, "--json")

        assert ended.code == 0, ended.err
        assert ended.json()["integrity"]["state"] == "valid"

    def test_a_changed_byte_is_told_and_is_1(
        self, flowtime: Command, captured: str, data_dirs: DataDirs
    ) -> None:
        file = next(iter(sorted(data_dirs.telemetry.rglob("*.csv"))))
        file.chmod(0o644)
        file.write_bytes(file.read_bytes().replace(b"0,", b"0,9", 1))

        ended = flowtime("telemetry", "verify", captured)

        assert ended.code == 1
        assert "changed since it was generated. (bundle_corrupt)" in ended.err
        assert str(data_dirs.telemetry) not in ended.out + ended.err
