"""Verify tells the truth: complete and valid apart, missing / unlisted / mismatch apart (bundles §6)."""

import os
import time

import numpy as np
import pytest

from flowtime.bundles import (
    StorageUnavailable,
    Target,
    verify_run_bundle,
    verify_telemetry_bundle,
)

RUN_1 = Target.for_run("run_1")
CSV = "Intake_Served.csv"

COMPANIONS = ("autocapture.json", "datapackage.json", "SHA256SUMS")


def found(integrity):
    return integrity.state, [(problem.code, problem.path) for problem in integrity.problems]


@pytest.mark.parametrize("deep", [False, True])
def test_what_was_written_is_valid(roots, deep):
    run, capture = roots.run(), roots.capture()

    of_run = verify_run_bundle(roots.runs, "run_1", deep=deep, manifest_hash=run.manifest_hash)
    of_capture = verify_telemetry_bundle(
        roots.telemetry, RUN_1, 1, deep=deep, manifest_hash=capture.manifest_hash
    )

    assert found(of_run) == ("valid", [])
    assert (of_run.files, of_run.bytes) == (run.file_count, run.byte_count)
    assert found(of_capture) == ("valid", [])
    assert of_capture.files == capture.file_count + len(COMPANIONS)
    assert of_capture.is_deep is deep


@pytest.mark.parametrize("deep", [False, True])
def test_a_bundle_that_is_not_there_is_missing(roots, deep):
    assert found(verify_run_bundle(roots.runs, "run_1", deep=deep)) == ("missing", [])
    assert found(verify_telemetry_bundle(roots.telemetry, RUN_1, 1, deep=deep)) == ("missing", [])


def delete(path):
    path.unlink()


def truncate(path):
    os.truncate(path, 5)


def grow(path):
    path.write_bytes(path.read_bytes() + b"\n")


def to_crlf(path):
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def make_directory(path):
    path.unlink()
    path.mkdir()


def make_symlink(path):
    path.rename(path.parent.parent / "elsewhere")
    path.symlink_to(path.parent.parent / "elsewhere")


def make_hard_link(path):
    os.link(path, path.parent.parent / "elsewhere")


def make_fifo(path):
    path.unlink()
    os.mkfifo(path)


def make_sparse(path):
    os.truncate(path, 100 << 30)


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize(
    ("damage", "state", "code"),
    [
        (delete, "incomplete", "missing"),
        (truncate, "corrupt", "mismatch"),
        (grow, "corrupt", "mismatch"),
        (to_crlf, "corrupt", "mismatch"),
        (make_directory, "corrupt", "unreadable"),
        (make_symlink, "corrupt", "unreadable"),
        (make_hard_link, "corrupt", "unreadable"),
        (make_fifo, "corrupt", "unreadable"),
        (make_sparse, "corrupt", "mismatch"),
    ],
)
def test_damage_to_one_file_is_named(roots, damage, state, code, deep):
    roots.capture()
    damage(roots.path_of_capture() / CSV)

    integrity = verify_telemetry_bundle(roots.telemetry, RUN_1, 1, deep=deep)

    assert found(integrity) == (state, [(code, CSV)])


def test_one_changed_byte_is_found_by_hashing_alone(roots):
    roots.run()
    path = roots.path_of_run() / "series" / "served@SERVED@DEFAULT.csv"
    path.write_bytes(path.read_bytes().replace(b"2,3", b"2,4"))

    assert verify_run_bundle(roots.runs, "run_1").is_valid
    assert found(verify_run_bundle(roots.runs, "run_1", deep=True)) == (
        "corrupt",
        [("mismatch", "series/served@SERVED@DEFAULT.csv")],
    )


def test_two_swapped_files_are_found(roots):
    roots.run()
    series = roots.path_of_run() / "series"
    a, b = sorted(series.glob("*.csv"))
    first, second = a.read_bytes(), b.read_bytes()
    a.write_bytes(second)
    b.write_bytes(first)

    assert verify_run_bundle(roots.runs, "run_1", deep=True).state == "corrupt"


@pytest.mark.parametrize("name", ["extra.csv", ".hidden", "series/extra.csv", "model/sub/x"])
def test_a_file_that_nobody_listed_is_named(roots, name):
    roots.run()
    path = roots.path_of_run() / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"x")
    named = name if path.parent.name != "sub" else "model/sub"

    assert found(verify_run_bundle(roots.runs, "run_1")) == ("incomplete", [("unlisted", named)])


def test_a_strange_name_is_shown_without_its_control_characters(roots):
    roots.run()
    os.close(os.open(bytes(roots.path_of_run()) + b"/a\n\x1b\xff", os.O_CREAT | os.O_WRONLY))

    (problem,) = verify_run_bundle(roots.runs, "run_1").problems

    assert problem.path.isprintable()


def test_a_missing_manifest_is_incomplete_and_a_broken_one_corrupt(roots):
    roots.run()
    manifest = roots.path_of_run() / "manifest.json"
    manifest.rename(manifest.with_suffix(".old"))
    assert found(verify_run_bundle(roots.runs, "run_1")) == (
        "incomplete",
        [("missing", "manifest.json")],
    )

    manifest.write_bytes(b'{"schemaVersion": 1,\n oops}')
    integrity = verify_run_bundle(roots.runs, "run_1")
    assert found(integrity) == ("corrupt", [("unreadable", "manifest.json")])
    assert "line 2, column 2" in integrity.problems[0].detail


def test_a_manifest_that_is_consistent_but_not_the_acknowledged_one_is_found(roots):
    first = roots.run()
    roots.run(replace=True, arrays={"a@A@DEFAULT": np.zeros(4)})

    integrity = verify_run_bundle(roots.runs, "run_1", manifest_hash=first.manifest_hash)

    assert found(integrity) == ("corrupt", [("mismatch", "manifest.json")])


def test_a_run_moved_under_another_name_is_corrupt(roots):
    roots.run()
    roots.path_of_run().rename(roots.path_of_run("run_2"))

    assert verify_run_bundle(roots.runs, "run_2").state == "corrupt"


def test_a_generation_in_another_place_is_corrupt(roots):
    roots.capture()
    roots.path_of_capture().rename(roots.path_of_capture(generation=2))

    assert found(verify_telemetry_bundle(roots.telemetry, RUN_1, 2)) == (
        "corrupt",
        [("mismatch", "autocapture.json")],
    )


def test_a_link_in_the_place_of_a_run_is_corrupt(roots):
    roots.run("run_2")
    roots.path_of_run("run_1").symlink_to(roots.path_of_run("run_2"))

    assert verify_run_bundle(roots.runs, "run_1").state == "corrupt"


def test_a_directory_full_of_strange_files_is_not_listed_in_full(roots):
    roots.run()
    for number in range(300):
        (roots.path_of_run() / f"x{number}").touch()

    assert len(verify_run_bundle(roots.runs, "run_1").problems) == 100


def test_a_root_that_is_gone_is_not_a_missing_bundle(roots):
    roots.run()
    roots.runs.path.rename(roots.base / "unmounted")

    with pytest.raises(StorageUnavailable):
        verify_run_bundle(roots.runs, "run_1")


def test_verifying_changes_nothing(roots):
    roots.run()
    roots.capture()
    before = roots.everything()

    verify_run_bundle(roots.runs, "run_1", deep=True)
    verify_telemetry_bundle(roots.telemetry, RUN_1, 1, deep=True)

    assert roots.everything() == before


def test_the_time_of_the_last_touch_is_the_kernels(roots):
    roots.run()
    before = verify_run_bundle(roots.runs, "run_1").changed_ns
    path = roots.path_of_run() / "run.json"
    content = path.read_bytes()
    time.sleep(0.02)
    path.write_bytes(content)
    os.utime(path, (0, 0))

    after = verify_run_bundle(roots.runs, "run_1").changed_ns

    assert 0 < before < after <= time.time_ns()
