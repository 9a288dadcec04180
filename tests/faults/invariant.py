"""Invariant I (bundles §7), checked by hand: what the rows say, what lies on disk, and what the commands tell of both."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.management import call_command

from runs.models import Run
from telemetry.models import Capture
from tests.conftest import DataDirs
from tests.flows import snapshot

HIDDEN = (".staging", ".retired", ".leases")


def check_invariant(
    dirs: DataDirs, api: Any, *, acknowledged: Mapping[str, Mapping[str, str]] | None = None
) -> None:
    """Assert Invariant I. ``acknowledged`` maps directories to the files they held when that was answered for."""
    for directory, files in (acknowledged or {}).items():
        assert snapshot(Path(directory)) == files, "An acknowledged bundle was changed."
    for run in Run.objects.filter(status=Run.Status.SUCCEEDED):
        assert_whole(dirs.runs / run.pk, run.manifest_hash)
    for capture in Capture.objects.filter(status=Capture.Status.SUCCEEDED):
        assert_whole(bundle_directory(dirs, capture), capture.manifest_hash)
    _check_lists(api)
    _check_commands(dirs)


def bundle_directory(dirs: DataDirs, capture: Capture) -> Path:
    """Where the generation of a capture lies."""
    return dirs.telemetry / capture.target / f"g{capture.generation:06d}"


def assert_whole(directory: Path, manifest_hash: str | None = None) -> None:
    """Every file that the manifest lists is there with its size and digest, and no other is."""
    problems = problems_of(directory)
    assert problems == [], f"{directory.name}: {problems}"
    if manifest_hash is not None:
        data = (directory / "manifest.json").read_bytes()
        assert f"sha256:{hashlib.sha256(data).hexdigest()}" == manifest_hash


def problems_of(directory: Path) -> list[str]:
    """What is wrong with a bundle, found without any code of FlowTime."""
    try:
        manifest = json.loads((directory / "manifest.json").read_bytes())
    except (OSError, ValueError) as error:
        return [f"manifest.json: {type(error).__name__}"]
    listed = {}
    for file in [*manifest["files"], *manifest.get("companions", [])]:
        listed[file["path"]] = file.get("sha256") or file["hash"].removeprefix("sha256:")
    there = {
        str(path.relative_to(directory)): path for path in directory.rglob("*") if path.is_file()
    }
    there.pop("manifest.json")
    problems = [f"{name}: missing" for name in listed.keys() - there.keys()]
    problems += [f"{name}: unlisted" for name in there.keys() - listed.keys()]
    for name in listed.keys() & there.keys():
        if hashlib.sha256(there[name].read_bytes()).hexdigest() != listed[name]:
            problems.append(f"{name}: changed")
    return sorted(problems)


def left_behind(dirs: DataDirs) -> list[str]:
    """What lies in the staging areas: work that was not finished, and is invisible."""
    return [
        f"{root.name}/{path.name}"
        for root in (dirs.runs, dirs.telemetry)
        for path in (root / ".staging").glob("*")
    ]


def _check_lists(api: Any) -> None:
    """Every listed run and capture can be opened; what is available can be read to the last byte."""
    runs = api.get("/v1/runs?pageSize=200").json()["items"]
    assert not {item["runId"] for item in runs} & set(HIDDEN)
    for item in runs:
        found = api.get(f"/v1/runs/{item['runId']}")
        assert found.status_code == 200, found.content
        if item["status"] == "succeeded":
            assert api.get(f"/v1/runs/{item['runId']}/index").status_code == 200
    for item in api.get("/v1/telemetry/captures?pageSize=200").json()["items"]:
        if item["status"] != "succeeded":
            continue
        where = f"/v1/telemetry/captures/{item['captureId']}"
        manifest = api.get(f"{where}/manifest")
        assert manifest.status_code == 200, manifest.content
        for file in manifest.json()["files"]:
            read = api.get(f"{where}/files/{file['path']}")
            body = b"".join(read.streaming_content)
            assert file["hash"] == f"sha256:{hashlib.sha256(body).hexdigest()}"


def _check_commands(dirs: DataDirs) -> None:
    """``verify`` agrees with our own look; a second ``reindex`` changes nothing."""
    told = command("verify", "--deep")
    rows = {run.pk: dirs.runs / run.pk for run in Run.objects.filter(status="succeeded")}
    for capture in Capture.objects.filter(status__in=("succeeded", "missing")):
        rows[capture.pk] = bundle_directory(dirs, capture)
    bad = {row for row, directory in rows.items() if problems_of(directory)}
    assert {problem["id"] for problem in told["problems"]} == bad
    assert told["checked"] == len(rows)
    command("reindex")
    before = rows_now()
    again = command("reindex")
    assert rows_now() == before
    for kind in ("runs", "captures"):
        assert not any(
            again[kind][change] for change in ("adopted", "rebuilt", "missing", "restored")
        )


def rows_now() -> list[Any]:
    """Every row of runs and captures, in full."""
    return [*Run.objects.order_by("pk").values(), *Capture.objects.order_by("pk").values()]


def command(name: str, *arguments: str) -> dict[str, Any]:
    """The JSON that a maintenance command prints, whatever its exit code."""
    out = StringIO()
    try:
        call_command(name, *arguments, "--json", stdout=out)
    except SystemExit as end:
        assert end.code == 1
    return json.loads(out.getvalue())
