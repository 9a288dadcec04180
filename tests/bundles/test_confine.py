"""The confined opener, with the kernel's help and without: regular files below a root, nothing else (bundles §1)."""

import os
import signal
import socket
import stat
import threading
import time
import tracemalloc
from pathlib import Path

import pytest

from flowtime.bundles import (
    BundleCorrupt,
    BundleError,
    BundleMissing,
    InvalidName,
    OutsideRoots,
    Root,
    Target,
    generations,
    has_run_bundle,
    list_run_ids,
    list_targets,
    open_run_bundle,
    open_telemetry_bundle,
    resolve_inside,
    system,
)

pytestmark = pytest.mark.failure(16)

TRAVERSALS = [
    "..",
    ".",
    "../outside",
    "../../etc/passwd",
    "a/../../outside",
    "%2e%2e",
    "%2e%2e%2foutside",
    "%252e%252e%252foutside",
    "..%2foutside",
    "run_1?x=1",
    "run_1#x",
    "run_1;x",
    "/etc/passwd",
    "//etc/passwd",
    "\\..\\outside",
    "..\\outside",
    "C:\\outside",
    "run_1\0",
    "\0",
    "run_1\n",
    "run 1",
    " run_1",
    "~",
    "~root",
    ".staging",
    ".hidden",
    "-rf",
    "run_1.",
    "CON",
    "nul.txt",
    "com1",
    "x" * 129,
    "x" * 3000,
    "é",
    "ｒｕｎ",
    "e\u0301",
    "\u202erun",
    "",
    "file:///etc/passwd",
]


@pytest.fixture(autouse=True)
def no_hang():
    """A read that waits for ever is a failure, not a stuck suite."""

    def give_up(*_):
        raise TimeoutError("the test hangs")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(params=["kernel", "step by step"], autouse=True)
def opener(request, monkeypatch):
    """Both ways of opening; the second is what a kernel without openat2 gets."""
    if request.param == "kernel" and not system.KERNEL_CONFINES:
        pytest.skip("this kernel has no openat2")
    monkeypatch.setattr(system, "KERNEL_CONFINES", request.param == "kernel")
    return request.param


def test_a_file_is_read_and_its_directory_listed(roots):
    roots.run()

    with roots.runs.open_dir("run_1") as directory:
        assert directory.read_bytes("model/template.yaml", 100) == b"# as written\nid: intake\n"
        assert directory.list() == [
            "SHA256SUMS",
            "datapackage.json",
            "manifest.json",
            "model",
            "run.json",
            "series",
        ]
        assert directory.exists("run.json")
        assert not directory.exists("other.json")


@pytest.mark.parametrize("text", TRAVERSALS)
def test_no_text_leads_out_of_the_roots(roots, a_record, text):
    roots.run()
    roots.capture()
    before = roots.everything()

    with open_run_bundle(roots.runs, "run_1") as run, roots.open_capture(generation=1) as capture:
        for attempt in (
            lambda: open_run_bundle(roots.runs, text),
            lambda: roots.run(text, record=a_record("run_1")),
            lambda: has_run_bundle(roots.runs, text),
            lambda: Target.for_run(text),
            lambda: Target.for_key(text),
            lambda: Target(run_id=text).parts,
            lambda: Target(capture_key=text).parts,
            lambda: open_telemetry_bundle(roots.telemetry, Target(run_id=text)),
            lambda: generations(roots.telemetry, Target(capture_key=text)),
            lambda: run.series(text),
            lambda: run.read(text),
            lambda: capture.read_file(text),
            lambda: roots.runs.open_dir("run_1").read_bytes(text, 100),
        ):
            with pytest.raises(BundleError) as refused:
                attempt()
            assert refused.value.status in (400, 404)
            assert len(refused.value.detail) < 300
            assert "etc" not in refused.value.detail or "/" not in refused.value.detail

    assert roots.everything() == before


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\0", "x" * 256])
def test_a_component_is_never_more_than_one_name(roots, name):
    for attempt in (roots.runs.open_dir, roots.runs.directory().exists):
        with pytest.raises(InvalidName):
            attempt(name)


def plant_symlink(path, roots):
    path.symlink_to(roots.sentinel / "secret.csv")


def plant_dangling_symlink(path, roots):
    path.symlink_to(roots.sentinel / "nothing")


def plant_loop(path, roots):
    path.symlink_to(path.name)


def plant_hard_link(path, roots):
    os.link(roots.sentinel / "secret.csv", path)


def plant_fifo(path, roots):
    os.mkfifo(path)


def plant_directory(path, roots):
    path.mkdir()


def plant_socket(path, roots):
    bound = socket.socket(socket.AF_UNIX)
    here = os.open(path.parent, os.O_RDONLY)
    bound.bind(f"/proc/self/fd/{here}/{path.name}")
    os.close(here)
    bound.close()


def plant_device(path, roots):
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("making a device needs root")


def plant_sparse(path, roots):
    path.touch()
    os.truncate(path, 100 << 30)


PLANTS = [
    plant_symlink,
    plant_dangling_symlink,
    plant_loop,
    plant_hard_link,
    plant_fifo,
    plant_directory,
    plant_socket,
    plant_device,
    plant_sparse,
]
FILES = [
    "manifest.json",
    "run.json",
    "model/model.json",
    "series/index.json",
    "series/served@SERVED@DEFAULT.csv",
]


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("file", FILES)
def test_what_is_not_a_plain_file_is_refused_by_name(roots, file, plant):
    roots.run()
    path = roots.path_of_run() / file
    path.unlink()
    plant(path, roots)

    tracemalloc.start()
    with pytest.raises(BundleCorrupt) as refused, open_run_bundle(roots.runs, "run_1") as bundle:
        assert bundle.record and bundle.model_document and bundle.index
        bundle.series("served@SERVED@DEFAULT")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert refused.value.extra["file"] == file
    assert str(roots.base) not in refused.value.detail
    assert peak < 10 << 20
    assert (roots.sentinel / "secret.csv").read_bytes() == b"bin_index,value\n0,1\n"


@pytest.mark.parametrize("directory", ["run_1", "run_1/series", "run_1/model"])
def test_a_link_in_the_place_of_a_directory_is_refused(roots, directory):
    roots.run()
    moved = roots.base / "moved"
    (roots.runs.path / directory).rename(moved)
    (roots.runs.path / directory).symlink_to(moved)

    with pytest.raises(BundleCorrupt), open_run_bundle(roots.runs, "run_1") as bundle:
        assert bundle.model_document
        bundle.series("served@SERVED@DEFAULT")


@pytest.mark.parametrize("place", [".staging", "runs", "runs/run_1", "library", "library/airport"])
def test_nothing_is_written_through_a_link(roots, place):
    link = roots.telemetry.path / place
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(roots.sentinel)
    target = Target.for_key("airport/x") if "library" in place else Target.for_run("run_1")
    before = roots.everything()

    with pytest.raises(BundleError):
        roots.capture(target)

    after = roots.everything()
    made = {name for name in after if name not in before}
    assert not {name for name in made if name.startswith("outside")}
    assert (roots.sentinel / "secret.txt").read_text() == "untouched"
    assert list(list_targets(roots.telemetry)) == []


def test_a_missing_directory_in_the_middle_is_missing(roots):
    with pytest.raises(BundleMissing):
        roots.telemetry.open_dir("library", "airport", "g000001")


def test_a_link_swapped_in_during_the_race_is_never_followed(roots):
    """One thread swaps a directory and a link to the sentinel; the reader gets its own file or a refusal."""
    roots.run()
    inside, aside = roots.path_of_run(), roots.runs.path / "aside"
    (roots.sentinel / "run.json").write_bytes(b"secret")
    link = roots.runs.path / "link"
    link.symlink_to(roots.sentinel)
    own = (inside / "run.json").read_bytes()
    stop = threading.Event()

    def swap() -> None:
        while not stop.is_set():
            inside.rename(aside)
            link.rename(inside)
            inside.rename(link)
            aside.rename(inside)

    swapper = threading.Thread(target=swap)
    swapper.start()
    got, refused = 0, 0
    end = time.monotonic() + 0.7
    while time.monotonic() < end:
        try:
            with roots.runs.open_dir("run_1") as directory:
                assert directory.read_bytes("run.json", 1 << 20) == own
                got += 1
        except BundleError:
            refused += 1
    stop.set()
    swapper.join()

    assert got
    assert refused


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("airport", ("airport",)),
        ("airport/departures/", ("airport", "departures")),
        ("./airport//departures", ("airport", "departures")),
        ("airport/x/../departures", ("airport", "departures")),
    ],
)
def test_a_directory_inside_the_root_is_its_normalised_name(roots, text, parts):
    before = roots.everything()

    assert resolve_inside(roots.telemetry, text) == parts
    assert resolve_inside(roots.telemetry, str(roots.telemetry.path / text)) == parts
    assert roots.everything() == before


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "../outside",
        "airport/../../outside",
        "/",
        "/etc",
        "\0",
        "a\0b",
        "..\\outside",
        ".staging/x",
        "a b",
        "%2e%2e/x",
        "~",
        "x" * 3000,
        "link",
        "link/below",
        "a\n",
    ],
)
def test_a_directory_elsewhere_is_outside(roots, text):
    (roots.telemetry.path / "link").symlink_to(roots.sentinel)
    before = roots.everything()

    beneath = [] if text.startswith("/") or not text else [f"{roots.telemetry.path}/{text}"]
    for given in (text, *beneath):
        with pytest.raises(OutsideRoots) as refused:
            resolve_inside(roots.telemetry, given)
        assert str(roots.base) not in refused.value.detail

    assert roots.everything() == before


def test_a_link_that_stays_inside_names_the_real_place(roots):
    (roots.telemetry.path / "airport").mkdir()
    (roots.telemetry.path / "link").symlink_to(roots.telemetry.path / "airport")

    assert resolve_inside(roots.telemetry, "link/x") == ("airport", "x")


def test_a_sibling_whose_name_begins_alike_is_outside(roots):
    (roots.base / "telemetry-2").mkdir()

    with pytest.raises(OutsideRoots):
        resolve_inside(roots.telemetry, str(roots.base / "telemetry-2" / "x"))


def test_a_directory_stands_for_a_key_of_the_library(roots):
    for text in ("airport/x", "library/airport/x", str(roots.telemetry.path / "library/airport/x")):
        assert Target.for_directory(roots.telemetry, text) == Target.for_key("airport/x")
    for text in ("runs/run_1", "library", "runs"):
        with pytest.raises(OutsideRoots):
            Target.for_directory(roots.telemetry, text)
    with pytest.raises(InvalidName):
        Target.for_directory(roots.telemetry, "airport/g000001")


def test_a_root_is_absolute():
    with pytest.raises(ValueError):
        Root("runs")


def test_names_on_disk_that_are_no_names_are_not_listed(roots):
    roots.run()
    for name in (b"a b", b"\xff", b"-x", b".hidden"):
        (roots.runs.path / os.fsdecode(name)).mkdir()

    assert list_run_ids(roots.runs) == ["run_1"]


def test_no_descriptor_is_left_open(roots):
    roots.run()
    roots.capture()

    def use() -> None:
        with open_run_bundle(roots.runs, "run_1") as bundle:
            assert bundle.record
        for broken in ("run_9", ".."):
            with pytest.raises(BundleError):
                open_run_bundle(roots.runs, broken)
        with pytest.raises(BundleError):
            roots.run("run_1")

    descriptors = Path("/proc/self/fd")
    use()
    before = len(list(descriptors.iterdir()))
    for _ in range(5):
        use()

    assert len(list(descriptors.iterdir())) == before
