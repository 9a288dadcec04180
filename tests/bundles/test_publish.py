"""All or nothing: whatever fails while a bundle is published, the old one is untouched (bundles §5, §7)."""

import errno
import os
import resource
import subprocess
import sys
import threading
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
import pytest

from flowtime import faults
from flowtime.bundles import (
    BundleError,
    BundleExists,
    InsufficientStorage,
    Root,
    StorageUnavailable,
    Target,
    generations,
    list_run_ids,
    open_run_bundle,
    system,
    verify_run_bundle,
    verify_telemetry_bundle,
)

BEFORE = (
    "publish.staged",
    "publish.file_written",
    "publish.written",
    "publish.synced",
    "publish.sealed",
    "publish.parent_ready",
    "publish.renamed",
)
AFTER = ("publish.parent_synced", "publish.done")

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="mounts a file system: needs root")


def staging_is_empty(root: Root) -> bool:
    return list((root.path / ".staging").iterdir()) == []


def fail_at(monkeypatch, point: str, act) -> list[str]:
    reached: list[str] = []

    def hit(name: str) -> None:
        reached.append(name)
        if name == point:
            act()

    monkeypatch.setattr(faults, "hit", hit)
    return reached


def refuse(code: int):
    def act():
        raise OSError(code, os.strerror(code))

    return act


def test_every_step_can_be_made_to_fail(roots, monkeypatch):
    reached = fail_at(monkeypatch, "", lambda: None)

    roots.run()

    assert set(reached) - {"run.series_written"} == {*BEFORE, *AFTER}


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (errno.EIO, StorageUnavailable),
        (errno.EROFS, StorageUnavailable),
        (errno.ENOSPC, InsufficientStorage),
        (errno.EDQUOT, InsufficientStorage),
    ],
)
@pytest.mark.parametrize("point", BEFORE)
def test_an_error_before_the_end_leaves_nothing(roots, monkeypatch, point, code, kind):
    roots.run("run_0")
    before = roots.everything()
    fail_at(monkeypatch, point, refuse(code))

    with pytest.raises(kind) as refused:
        roots.run("run_1")

    assert str(roots.base) not in refused.value.detail
    assert roots.everything() == before


@pytest.mark.parametrize("point", BEFORE)
def test_an_error_while_replacing_leaves_the_old_bundle(roots, monkeypatch, point):
    roots.run()
    before = roots.everything()
    fail_at(monkeypatch, point, refuse(errno.EIO))

    with pytest.raises(StorageUnavailable):
        roots.run(replace=True, arrays={"a@A@DEFAULT": np.zeros(4)})

    assert roots.everything() == before


@pytest.mark.parametrize("point", BEFORE)
def test_an_error_in_a_capture_leaves_the_old_generation(roots, monkeypatch, point):
    roots.capture(generation=1)
    before = roots.everything()
    fail_at(monkeypatch, point, refuse(errno.ENOSPC))

    with pytest.raises(InsufficientStorage):
        roots.capture(generation=2)

    assert roots.everything() == before


@pytest.mark.parametrize("point", [*BEFORE, *AFTER])
def test_a_killed_writer_leaves_all_or_nothing(roots, monkeypatch, point):
    roots.capture(generation=1)
    fail_at(monkeypatch, point, lambda: os.kill(os.getpid(), 9))

    child = os.fork()
    if child == 0:
        roots.capture(generation=2)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    monkeypatch.undo()

    target = Target.for_run("run_1")
    assert os.WTERMSIG(status) == 9
    published = [1, 2] if point in ("publish.renamed", *AFTER) else [1]
    assert generations(roots.telemetry, target) == published
    for number in published:
        assert verify_telemetry_bundle(roots.telemetry, target, number, deep=True).is_valid
    roots.capture(generation=3)


@pytest.mark.failure(16)
@pytest.mark.parametrize("what", ["staging", "series"])
@pytest.mark.parametrize("point", ["publish.staged", "run.series_written", "publish.synced"])
def test_nothing_is_written_through_a_link_that_is_put_in_the_way(
    roots, monkeypatch, tree_of, point, what
):
    before = tree_of(roots.sentinel)
    area = roots.runs.path / ".staging"

    def swap():
        (staging,) = (path for path in area.iterdir() if not path.name.startswith("aside"))
        place = staging if what == "staging" else staging / "series"
        if place.is_dir() and not place.is_symlink():
            place.rename(place.with_name("aside"))
            place.symlink_to(roots.sentinel)

    fail_at(monkeypatch, point, swap)

    with suppress(BundleError):
        roots.run()

    assert tree_of(roots.sentinel) == before


@pytest.mark.failure(4)
def test_a_file_size_limit_is_insufficient_storage(roots, the_arrays):
    roots.run("run_0")
    before = roots.everything()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, hard))
    try:
        with pytest.raises(InsufficientStorage):
            roots.run("run_1")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    assert roots.everything() == before


@pytest.mark.failure(6)
def test_too_many_open_files_is_unavailable(roots):
    roots.run("run_0")
    before = roots.everything()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    held = os.open("/", os.O_RDONLY)
    resource.setrlimit(resource.RLIMIT_NOFILE, (held + 1, hard))
    try:
        for attempt in (
            lambda: roots.run("run_1"),
            lambda: open_run_bundle(roots.runs, "run_0"),
            lambda: verify_run_bundle(roots.runs, "run_0"),
        ):
            with pytest.raises(StorageUnavailable, match="Too many open files"):
                attempt()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        os.close(held)

    assert roots.everything() == before


@pytest.mark.failure(6)
def test_a_root_that_is_gone_is_unavailable(tmp_path, roots):
    roots.run()
    roots.runs.path.rename(tmp_path / "unmounted")

    for attempt in (
        lambda: roots.run("run_2"),
        lambda: open_run_bundle(roots.runs, "run_1"),
        lambda: list_run_ids(roots.runs),
    ):
        with pytest.raises(StorageUnavailable, match=r"^The runs root cannot be opened"):
            attempt()
    assert not roots.runs.path.exists()


def test_a_root_put_back_in_place_is_the_one_that_is_used(tmp_path, roots):
    roots.run("run_1")
    roots.runs.path.rename(tmp_path / "old")
    roots.runs.path.mkdir()

    roots.run("run_2")

    assert list_run_ids(roots.runs) == ["run_2"]
    assert (roots.runs.path / "run_2").is_dir()


@pytest.mark.skipif(os.geteuid() != 0, reason="becomes another user: needs root")
@pytest.mark.failure(6)
def test_a_directory_of_somebody_else_is_unavailable(roots):
    roots.runs.path.chmod(0o755)
    before = roots.everything()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.setgid(65534)
        os.setuid(65534)
        try:
            roots.run("run_1")
        except Exception as error:
            os.write(write, type(error).__name__.encode())
        os._exit(0)
    os.waitpid(child, 0)

    assert os.read(read, 100) == b"StorageUnavailable"
    assert roots.everything() == before


@as_root
@pytest.mark.needs_root
@pytest.mark.failure(4)
@pytest.mark.parametrize("options", ["size=40k", "nr_inodes=20"])
def test_a_full_disk_is_insufficient_storage(roots, tmp_path, tree_of, options):
    with mounted(tmp_path / "full", options) as path:
        root = Root(path, "runs root")
        roots.runs = root
        with pytest.raises(InsufficientStorage):
            for number in range(10):
                before = tree_of(path)
                roots.run(f"run_{number}")

        assert tree_of(path) == before
        assert staging_is_empty(root)
        assert all(verify_run_bundle(root, run_id, deep=True) for run_id in list_run_ids(root))


@as_root
@pytest.mark.needs_root
@pytest.mark.failure(6)
def test_a_read_only_disk_is_unavailable_and_can_be_read(roots, tmp_path):
    with mounted(tmp_path / "disk", "size=1m") as path:
        roots.runs = Root(path, "runs root")
        roots.run("run_1")
        subprocess.run(["mount", "-o", "remount,ro", path], check=True)

        with pytest.raises(StorageUnavailable, match="Read-only file system"):
            roots.run("run_2")
        assert verify_run_bundle(roots.runs, "run_1", deep=True).is_valid


@contextmanager
def mounted(path: Path, options: str):
    """A small file system in memory, mounted while the context lasts."""
    path.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", options, "tmpfs", path], capture_output=True
    )
    if done.returncode:
        pytest.skip("this machine does not let a test mount a file system")
    try:
        yield path
    finally:
        subprocess.run(["umount", "-l", path], check=True)


def test_a_file_system_without_the_newer_renames_will_do(roots, monkeypatch):
    monkeypatch.setattr(system, "_renameat2", lambda *_, **__: False)
    roots.run()
    with pytest.raises(BundleExists):
        roots.run()
    with open_run_bundle(roots.runs, "run_1") as old:
        roots.run(replace=True, arrays={"a@A@DEFAULT": np.zeros(4)})
        assert len(old.series_ids) == 2
        assert old.record.run_id == "run_1"

    with open_run_bundle(roots.runs, "run_1") as bundle:
        assert bundle.series_ids == ("a@A@DEFAULT",)
    assert staging_is_empty(roots.runs)
    assert len(list((roots.runs.path / ".retired").iterdir())) == 1


@pytest.mark.failure(7)
def test_of_many_writers_of_one_name_exactly_one_wins(roots):
    ready = threading.Barrier(8)
    results: list[str] = []

    def write() -> None:
        ready.wait()
        try:
            roots.capture(generation=1)
            results.append("written")
        except BundleExists:
            results.append("refused")

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["refused"] * 7 + ["written"]
    assert verify_telemetry_bundle(roots.telemetry, Target.for_run("run_1"), 1, deep=True).is_valid
    assert staging_is_empty(roots.telemetry)


WRITER = """
import importlib.util, sys
import numpy as np
spec = importlib.util.spec_from_file_location("made", sys.argv[1])
made = importlib.util.module_from_spec(spec)
sys.modules["made"] = made
spec.loader.exec_module(made)
root = made.Root(sys.argv[2], "runs root")
for number in range(60):
    made.write_run(root, "run_1", replace=True, arrays={
        name: np.full(4, float(number)) for name in made.run_arrays()
    })
"""


@pytest.mark.failure(8)
def test_a_reader_never_sees_a_mixture_while_another_process_replaces(roots, the_arrays):
    roots.run(arrays={name: np.full(4, -1.0) for name in the_arrays})
    conftest = Path(__file__).parent / "conftest.py"
    writer = subprocess.Popen([sys.executable, "-c", WRITER, conftest, roots.runs.path])

    reads = 0
    while writer.poll() is None:
        with open_run_bundle(roots.runs, "run_1") as bundle:
            values = [bundle.series(series_id) for series_id in bundle.series_ids]
        assert len(set(np.concatenate(values).tolist())) == 1
        reads += 1

    assert writer.returncode == 0
    assert reads > 20
    assert len(list((roots.runs.path / ".retired").iterdir())) == 60
