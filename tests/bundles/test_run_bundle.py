"""Run bundles: written whole, read as asked, refused when they are not what was written (bundles §2)."""

import json

import numpy as np
import pytest

from flowtime.bundles import (
    BundleCorrupt,
    BundleExists,
    BundleMissing,
    Cancelled,
    InvalidName,
    SeriesNotFound,
    has_run_bundle,
    list_run_ids,
    open_run_bundle,
)


def test_what_was_written_is_read_back(roots, the_arrays, a_record):
    published = roots.run("run_1")

    with open_run_bundle(roots.runs, "run_1", manifest_hash=published.manifest_hash) as bundle:
        assert bundle.record == a_record("run_1")
        assert bundle.template_text == "# as written\nid: intake\n"
        assert bundle.model_document["grid"]["bins"] == 4
        assert bundle.model_yaml == "grid: {bins: 4}\n"
        assert [entry.series_id for entry in bundle.index] == list(the_arrays)
        for series_id, values in the_arrays.items():
            assert np.array_equal(bundle.series(series_id), values)
        assert (
            bundle.series_text("served@SERVED@DEFAULT") == b"bin_index,value\n0,3\n1,3\n2,3\n3,3\n"
        )
        assert bundle.telemetry is None


def test_the_layout_on_disk_is_the_documented_one(roots):
    published = roots.run("run_1")

    files = {
        str(p.relative_to(roots.path_of_run()))
        for p in roots.path_of_run().rglob("*")
        if p.is_file()
    }
    listed = json.loads((roots.path_of_run() / "manifest.json").read_bytes())

    assert files == {
        "manifest.json",
        "SHA256SUMS",
        "datapackage.json",
        "run.json",
        "model/template.yaml",
        "model/model.json",
        "model/model.yaml",
        "series/index.json",
        "series/arrivals@ARRIVALS@DEFAULT.csv",
        "series/served@SERVED@DEFAULT.csv",
    }
    assert {file["path"] for file in listed["files"]} == files - {"manifest.json"}
    assert published.file_count == len(listed["files"])
    assert published.byte_count == sum(file["bytes"] for file in listed["files"])
    assert list((roots.runs.path / ".staging").iterdir()) == []


def test_the_same_run_is_written_byte_for_byte_the_same(roots, tree_of):
    roots.run("run_1")
    first = tree_of(roots.path_of_run())
    roots.run("run_1", replace=True)

    assert tree_of(roots.path_of_run()) == first


def test_a_telemetry_run_holds_a_copy_of_what_it_replayed(roots):
    capture = roots.capture()
    with roots.open_capture(generation=1) as source:
        roots.run("run_2", telemetry=source)
        expected = {file.path: source.array(file) for file in source.manifest.files}
        names = source.paths

    with open_run_bundle(roots.runs, "run_2") as bundle:
        assert bundle.telemetry is not None
        assert bundle.telemetry.manifest_hash == capture.manifest_hash
        assert bundle.telemetry.manifest.provenance.run_id == "run_1"
        assert bundle.telemetry.autocapture.capture_id == "cap_1"
        for file in bundle.telemetry.manifest.files:
            assert np.array_equal(bundle.telemetry.array(file), expected[file.path], equal_nan=True)
    copied = roots.path_of_run("run_2") / "telemetry"
    for name in names:
        assert (copied / name).read_bytes() == (roots.path_of_capture() / name).read_bytes()


def test_a_taken_name_is_refused_and_nothing_changes(roots):
    roots.run("run_1")
    before = roots.everything()

    with pytest.raises(BundleExists):
        roots.run("run_1")

    assert roots.everything() == before


def test_replacing_leaves_an_open_reader_whole(roots, the_arrays):
    roots.run("run_1")
    changed = {name: values + 1 for name, values in the_arrays.items()}

    with open_run_bundle(roots.runs, "run_1") as old:
        roots.run("run_1", arrays=changed, replace=True)

        for name, values in the_arrays.items():
            assert np.array_equal(old.series(name), values)
    with open_run_bundle(roots.runs, "run_1") as new:
        for name, values in changed.items():
            assert np.array_equal(new.series(name), values)
    assert len(list((roots.runs.path / ".retired").iterdir())) == 1
    assert list((roots.runs.path / ".staging").iterdir()) == []


def test_replacing_what_is_not_there_creates_it(roots):
    roots.run("run_1", replace=True)

    assert list_run_ids(roots.runs) == ["run_1"]


def test_progress_counts_every_file_and_ends_full(roots):
    seen: list[tuple[int, int]] = []

    roots.run("run_1", progress=lambda done, total: seen.append((done, total)))

    assert [done for done, _ in seen] == list(range(1, 11))
    assert {total for _, total in seen} == {10}


@pytest.mark.parametrize("calls", range(10))
def test_a_cancelled_run_leaves_nothing(roots, calls):
    answers = iter([False] * calls + [True])

    with pytest.raises(Cancelled):
        roots.run("run_1", cancel=lambda: next(answers))

    assert list_run_ids(roots.runs) == []
    assert list((roots.runs.path / ".staging").iterdir()) == []


def test_a_missing_run_is_said_to_be_missing(roots):
    with pytest.raises(BundleMissing, match=r"^Run bundle run_9 is missing\.$"):
        open_run_bundle(roots.runs, "run_9")

    assert not has_run_bundle(roots.runs, "run_9")


def test_a_series_that_the_run_has_not_is_not_found(roots):
    roots.run("run_1")

    with open_run_bundle(roots.runs, "run_1") as bundle, pytest.raises(SeriesNotFound):
        bundle.series("queue@QUEUE@DEFAULT")


def test_a_series_id_that_is_a_path_is_refused(roots):
    roots.run("run_1")

    with open_run_bundle(roots.runs, "run_1") as bundle, pytest.raises(InvalidName):
        bundle.series("../run")


def test_a_changed_byte_is_noticed_when_it_is_read(roots):
    roots.run("run_1")
    path = roots.path_of_run() / "series" / "served@SERVED@DEFAULT.csv"
    path.write_bytes(path.read_bytes().replace(b"2,3", b"2,4"))

    with open_run_bundle(roots.runs, "run_1") as bundle:
        bundle.series("arrivals@ARRIVALS@DEFAULT")
        with pytest.raises(BundleCorrupt) as refused:
            bundle.series("served@SERVED@DEFAULT")

    assert refused.value.extra == {"file": "series/served@SERVED@DEFAULT.csv"}


def test_a_manifest_with_another_digest_than_expected_is_refused(roots):
    roots.run("run_1")

    with pytest.raises(BundleCorrupt, match="digest differs"):
        open_run_bundle(roots.runs, "run_1", manifest_hash="sha256:" + "0" * 64)


def test_a_bundle_moved_under_another_name_is_refused(roots):
    roots.run("run_1")
    roots.path_of_run().rename(roots.path_of_run("run_2"))

    with pytest.raises(BundleCorrupt, match="another run's"):
        open_run_bundle(roots.runs, "run_2")


def test_a_bundle_of_a_newer_version_is_refused_clearly(roots):
    roots.run("run_1")
    path = roots.path_of_run() / "manifest.json"
    path.write_bytes(path.read_bytes().replace(b'"schemaVersion": 1', b'"schemaVersion": 9'))

    with pytest.raises(BundleCorrupt) as refused:
        open_run_bundle(roots.runs, "run_1")

    assert refused.value.detail == (
        "manifest.json was written by a newer FlowTime: its schema version is 9, "
        "and this one reads up to 1."
    )


def test_a_record_that_disagrees_with_its_call_is_a_bug(roots, a_record):
    before = roots.everything()

    with pytest.raises(ValueError):
        roots.run("run_1", record=a_record("run_2"))
    with pytest.raises(ValueError):
        roots.run("run_1", record=a_record("run_1", model_hash="sha256:" + "0" * 64))
    with pytest.raises(ValueError):
        roots.run("run_1", arrays={"a@A@DEFAULT": np.zeros(3)})

    assert roots.everything() == before


def test_only_names_that_can_be_runs_are_listed(roots):
    roots.run("run_2")
    roots.run("run_1")
    (roots.runs.path / "lost+found.").mkdir()

    assert list_run_ids(roots.runs) == ["run_1", "run_2"]
