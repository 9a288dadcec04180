"""Telemetry bundles: immutable generations, names that cannot collide, readers that hold one (bundles §3)."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowtime.bundles import (
    METRICS,
    BundleCorrupt,
    BundleExists,
    BundleMissing,
    FileNotListed,
    InvalidName,
    Target,
    file_names,
    generations,
    is_name,
    list_targets,
    open_telemetry_bundle,
)


def test_what_was_written_is_read_back(roots):
    published = roots.capture()

    with roots.open_capture(generation=1, manifest_hash=published.manifest_hash) as bundle:
        arrays = [bundle.array(file) for file in bundle.manifest.files]
        bindings = [(file.node_id, file.metric, file.class_id) for file in bundle.manifest.files]

        assert bindings == [
            ("Intake", "Arrivals", None),
            ("Intake", "Served", None),
            ("Intake", "Served", "Gold"),
        ]
        assert np.array_equal(arrays[0], np.arange(4) + 0.1)
        assert np.array_equal(arrays[1], [1.0, np.nan, 3.0, 0.0], equal_nan=True)
        assert np.signbit(arrays[1][3])
        assert bundle.autocapture.generation == "g000001"
        assert bundle.autocapture.generated_at_utc == bundle.manifest.provenance.captured_at_utc
    assert published.file_count == 3


def test_the_manifest_on_disk_is_the_documented_one(roots):
    roots.capture()

    manifest = json.loads((roots.path_of_capture() / "manifest.json").read_bytes())

    assert manifest["schemaVersion"] == 2
    assert manifest["window"] == {
        "startTimeUtc": "2026-11-23T00:00:00Z",
        "durationMinutes": 240,
    }
    assert manifest["grid"] == {"bins": 4, "binSize": 1, "binUnit": "hours"}
    assert manifest["supportsClassMetrics"] is True
    assert manifest["classes"] == ["Gold"]
    assert [file["path"] for file in manifest["files"]] == [
        "Intake_Arrivals.csv",
        "Intake_Served.csv",
        "Intake_Served_Gold.csv",
    ]
    assert set(manifest["files"][2]) == {
        "nodeId",
        "metric",
        "classId",
        "path",
        "bytes",
        "points",
        "hash",
    }
    assert [file["path"] for file in manifest["companions"]] == [
        "autocapture.json",
        "datapackage.json",
        "SHA256SUMS",
    ]
    assert set(manifest["provenance"]) == {"runId", "scenarioHash", "modelHash", "capturedAtUtc"}


def test_a_library_key_may_have_several_segments(roots):
    target = Target.for_key("airport/departures")
    roots.capture(target)

    assert generations(roots.telemetry, target) == [1]
    assert (roots.telemetry.path / "library/airport/departures/g000001/manifest.json").is_file()
    with open_telemetry_bundle(roots.telemetry, target) as bundle:
        assert bundle.autocapture.capture_key == "airport/departures"


def test_a_generation_is_never_written_twice(roots):
    roots.capture()
    before = roots.everything()

    with pytest.raises(BundleExists):
        roots.capture()

    assert roots.everything() == before


def test_without_a_number_the_highest_valid_generation_is_opened(roots):
    for number in (1, 2, 3):
        roots.capture(generation=number)
    (roots.path_of_capture(generation=3) / "Intake_Served.csv").write_bytes(b"bin_index,value\n")

    assert generations(roots.telemetry, Target.for_run("run_1")) == [1, 2, 3]
    with roots.open_capture() as bundle:
        assert bundle.autocapture.generation == "g000002"


def test_a_generation_put_in_the_place_of_another_is_not_current(roots):
    roots.capture(generation=1)
    roots.path_of_capture(generation=1).rename(roots.path_of_capture(generation=5))

    with pytest.raises(BundleCorrupt):
        roots.open_capture()


def test_no_generation_at_all_is_missing(roots):
    assert generations(roots.telemetry, Target.for_run("run_1")) == []
    with pytest.raises(BundleMissing):
        roots.open_capture()
    with pytest.raises(BundleMissing):
        roots.open_capture(generation=1)


def test_only_files_in_the_manifest_can_be_read(roots):
    roots.capture()
    (roots.path_of_capture() / "extra.csv").write_bytes(b"bin_index,value\n0,1\n")

    with roots.open_capture(generation=1) as bundle:
        assert bundle.read_file("Intake_Served.csv").startswith(b"bin_index,value\n0,1\n1,NaN\n")
        assert json.loads(bundle.read_file("manifest.json"))["schemaVersion"] == 2
        assert bundle.paths[-4:] == (
            "autocapture.json",
            "datapackage.json",
            "SHA256SUMS",
            "manifest.json",
        )
        for name in ("extra.csv", "../g000001/manifest.json", "", "/etc/passwd", "a\0b"):
            with pytest.raises(FileNotListed):
                bundle.read_file(name)


def test_a_reader_keeps_its_generation_while_another_is_published(roots):
    roots.capture(generation=1)

    with roots.open_capture() as bundle:
        roots.capture(generation=2, files=[("Intake", "Arrivals", None, np.zeros(4))])

        assert np.array_equal(bundle.array(bundle.manifest.files[0]), np.arange(4) + 0.1)


def test_every_target_on_disk_is_listed(roots):
    targets = [
        Target.for_run("run_1"),
        Target.for_run("run_2"),
        Target.for_key("airport"),
        Target.for_key("airport/departures"),
        Target.for_key("ward"),
    ]
    for target in targets:
        roots.capture(target)

    assert list(list_targets(roots.telemetry)) == targets


def test_a_bundle_without_a_series_is_not_written(roots):
    before = roots.everything()

    with pytest.raises(ValueError):
        roots.capture(files=[])

    assert roots.everything() == before


@pytest.mark.parametrize(
    "key", ["", "g000001", "a/G000002", "a//b", "/a", "a/", "..", "a/../b", "a b", "x" * 129, "con"]
)
def test_a_key_that_is_no_key_is_refused(key):
    with pytest.raises(InvalidName):
        Target.for_key(key)


def test_bindings_that_would_share_a_name_are_told_apart():
    bindings = [
        ("X", "Served", "Errors"),
        ("X_Served", "Errors", None),
        ("x_served", "Errors", None),
        ("X", "Served", None),
        ("con.a", "Served", None),
        ("../../etc/passwd", "Served", None),
        ("=cmd()", "Served", "@SUM"),
        ("é" * 200, "Served", None),
    ]

    found = file_names(bindings)

    assert len({name.lower() for name in found}) == len(bindings)
    assert all(is_name(name, at_sign=True) for name in found)
    assert found[3] == "X_Served.csv"
    assert file_names(bindings[::-1]) == found[::-1]


@given(
    st.lists(
        st.tuples(st.text(max_size=70), st.sampled_from(METRICS), st.none() | st.text(max_size=40)),
        unique=True,
        max_size=20,
    )
)
def test_names_are_always_valid_and_distinct(bindings):
    found = file_names(bindings)

    assert len({name.lower() for name in found}) == len(bindings)
    assert all(is_name(name, at_sign=True) for name in found)
