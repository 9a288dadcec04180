"""Bundles in other programs' hands: the real frictionless library reads them, the real sha256sum checks them."""

import json
import shutil
import subprocess

import numpy as np
import pytest
from frictionless import Package, validate

from flowtime.bundles import open_run_bundle, verify_run_bundle, verify_telemetry_bundle
from flowtime.bundles.interchange import Table, data_package
from flowtime.bundles.publish import Written
from flowtime.bundles.targets import Target

SERIES = {"run": 2, "telemetry": 3, "replay": 2, "copy": 3}
RUN_1 = Target.for_run("run_1")


@pytest.fixture
def places(roots):
    """A run, its telemetry, and a run that replayed it, as directories."""
    roots.run("run_1")
    roots.capture()
    with roots.open_capture(generation=1) as source:
        roots.run("run_2", telemetry=source)
    return {
        "run": roots.path_of_run(),
        "telemetry": roots.path_of_capture(),
        "replay": roots.path_of_run("run_2"),
        "copy": roots.path_of_run("run_2") / "telemetry",
    }


def check_sums(directory):
    return subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=directory,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("which", SERIES)
def test_a_bundle_is_a_valid_data_package(places, which):
    report = validate(str(places[which] / "datapackage.json"))

    assert report.valid, report.flatten(["type", "note"])
    assert report.stats["tasks"] == SERIES[which]


def test_a_changed_byte_makes_the_data_package_invalid(places):
    file = places["run"] / "series" / "served@SERVED@DEFAULT.csv"
    file.write_bytes(file.read_bytes().replace(b"3,3", b"3,4"))

    report = validate(str(places["run"] / "datapackage.json"))

    assert not report.valid
    assert {kind for (kind,) in report.flatten(["type"])} == {"hash-count"}


def test_the_data_package_gives_the_numbers_with_gaps_as_nothing(places):
    package = Package(str(places["telemetry"] / "datapackage.json"))

    rows = package.get_resource("intake_served").read_rows()

    assert [row["bin_index"] for row in rows] == [0, 1, 2, 3]
    assert [row["value"] if row["value"] is None else float(row["value"]) for row in rows] == [
        1.0,
        None,
        3.0,
        0.0,
    ]


def test_units_and_titles_go_along(places):
    document = json.loads((places["run"] / "datapackage.json").read_bytes())

    assert (document["id"], document["name"]) == ("run_1", "run_1")
    assert document["title"] == "Intake"
    fields = {r["path"]: r["schema"]["fields"][1] for r in document["resources"]}
    assert fields["series/served@SERVED@DEFAULT.csv"]["unit"] == "entities/bin"


def test_resources_whose_names_fall_together_are_numbered():
    paths = ["series/A@B@C.csv", "series/a-b-c.csv", "series/a@b@c.csv"]
    tables = [
        Table(written=Written(path, 1, "0" * 64), title=path, unit=None, bins=1) for path in paths
    ]

    document = json.loads(
        data_package("X", title="x", created="2026-11-23T10:15:00Z", tables=tables)
    )

    assert [resource["name"] for resource in document["resources"]] == [
        "a-b-c",
        "a-b-c.2",
        "a-b-c.3",
    ]


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is not installed")
@pytest.mark.parametrize("which", SERIES)
def test_sha256sum_alone_checks_every_file_but_the_manifest(places, which):
    checked = check_sums(places[which])

    assert checked.returncode == 0, checked.stderr
    named = {line.rpartition(":")[0] for line in checked.stdout.splitlines()}
    files = {
        str(path.relative_to(places[which])) for path in places[which].rglob("*") if path.is_file()
    }
    assert files - named == {"manifest.json", "SHA256SUMS"}


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is not installed")
def test_sha256sum_names_the_file_that_was_changed(places):
    (places["telemetry"] / "Intake_Served.csv").write_bytes(b"bin_index,value\n0,1\n")

    checked = check_sums(places["telemetry"])

    assert checked.returncode == 1
    assert "Intake_Served.csv: FAILED" in checked.stdout


@pytest.mark.parametrize("name", ["datapackage.json", "SHA256SUMS"])
def test_both_are_verified_like_every_file(roots, places, name):
    file = places["telemetry"] / name
    file.write_bytes(file.read_bytes().swapcase())

    found = verify_telemetry_bundle(roots.telemetry, RUN_1, 1, deep=True)

    assert (found.state, [p.path for p in found.problems]) == ("corrupt", [name])


def test_a_bundle_from_before_they_existed_stays_valid(roots, places):
    """Remove both as if they had never been written: from the disk, and from the manifest."""
    run = places["run"]
    document = json.loads((run / "manifest.json").read_bytes())
    document["files"] = [
        f for f in document["files"] if f["path"] not in ("datapackage.json", "SHA256SUMS")
    ]
    (run / "manifest.json").write_text(json.dumps(document))
    (run / "datapackage.json").unlink()
    (run / "SHA256SUMS").unlink()

    assert verify_run_bundle(roots.runs, "run_1", deep=True).is_valid
    with open_run_bundle(roots.runs, "run_1") as bundle:
        assert np.array_equal(bundle.series("served@SERVED@DEFAULT"), np.full(4, 3.0))
