"""The confined opener while a thread swaps what it opens: one's own file or a refusal, thousands of times (row 16)."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from flowtime.bundles import BundleCorrupt, BundleError, Root, resolve_inside, system

pytestmark = [pytest.mark.slow, pytest.mark.failure(16)]

TRIES = 4_000
OWN, SECRET = b"own", b"secret"


@pytest.fixture(params=["kernel", "step by step"])
def opener(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both ways of opening; the second is what a kernel without openat2 gets."""
    if request.param == "kernel" and not system.KERNEL_CONFINES:
        pytest.skip("this kernel has no openat2")
    monkeypatch.setattr(system, "KERNEL_CONFINES", request.param == "kernel")
    return str(request.param)


class Place:
    """A root with ``a/b/file`` in it, and a tree of the same shape outside it."""

    def __init__(self, base: Path) -> None:
        self.base = base
        self.root = Root(base / "root", "root")
        self.outside = base / "outside"
        for top, content in ((base / "root", OWN), (self.outside, SECRET)):
            (top / "a" / "b").mkdir(parents=True)
            (top / "a" / "b" / "file").write_bytes(content)
        self.file = base / "root" / "a" / "b" / "file"

    def read(self) -> bytes:
        with self.root.open_dir("a", "b") as directory:
            return directory.read_bytes("file", 100)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def swap_the_directory_in_the_middle(place: Place) -> None:
    """``a`` is a directory, then a link to the tree outside, and back."""
    inside, aside, link = place.base / "root/a", place.base / "aside", place.base / "link"
    if not link.is_symlink():
        link.symlink_to(place.outside / "a")
    inside.rename(aside)
    link.rename(inside)
    inside.rename(link)
    aside.rename(inside)


def swap_the_last_directory(place: Place) -> None:
    """``b`` is a directory, then a link to the one outside, and back."""
    inside, aside, link = place.base / "root/a/b", place.base / "aside", place.base / "link"
    if not link.is_symlink():
        link.symlink_to("../../outside/a/b")
    inside.rename(aside)
    link.rename(inside)
    inside.rename(link)
    aside.rename(inside)


def swap_the_file(place: Place) -> None:
    """The file is a link to the one outside, then itself again, each in one step."""
    new = place.base / "new"
    new.symlink_to(place.outside / "a" / "b" / "file")
    new.replace(place.file)
    new.write_bytes(OWN)
    new.replace(place.file)


def swap_in_a_fifo(place: Place) -> None:
    """The file is a pipe that nobody writes to, then itself again."""
    new = place.base / "new"
    os.mkfifo(new)
    new.replace(place.file)
    new.write_bytes(OWN)
    new.replace(place.file)


def move_the_directory_out(place: Place) -> None:
    """``b`` is carried out of the root and back while it is walked."""
    inside, away = place.base / "root/a/b", place.base / "carried"
    inside.rename(away)
    away.rename(inside)


SWAPS = [
    swap_the_directory_in_the_middle,
    swap_the_last_directory,
    swap_the_file,
    swap_in_a_fifo,
    move_the_directory_out,
]


@pytest.mark.parametrize("swap", SWAPS)
def test_a_swap_is_never_followed(
    place: Place, opener: str, no_hang: object, swap: Callable[[Place], None]
) -> None:
    stop = threading.Event()

    def keep_swapping() -> None:
        while not stop.is_set():
            swap(place)

    swapper = threading.Thread(target=keep_swapping)
    swapper.start()
    got, refused = 0, 0
    try:
        for _ in range(TRIES):
            try:
                assert place.read() == OWN
                got += 1
            except BundleError:
                refused += 1
    finally:
        stop.set()
        swapper.join()

    assert got + refused == TRIES
    # Every try may have met the intruder; left alone, the file is read.
    assert place.read() == OWN


@pytest.mark.parametrize("kind", ["symbolic link", "hard link", "pipe"])
def test_what_was_swapped_in_for_good_is_refused(
    place: Place, opener: str, no_hang: object, kind: str
) -> None:
    """The races above would pass if nothing were ever swapped: here each stays, and is refused.

    A hard link is refused while it is there. It is no race that we could win: a file is taken for ours as soon as it
    has one name, and who may make a second name for it may read it anyway (SECURITY.md).
    """
    place.file.unlink()
    if kind == "symbolic link":
        place.file.symlink_to(place.outside / "a/b/file")
    elif kind == "hard link":
        os.link(place.outside / "a/b/file", place.file)
    else:
        os.mkfifo(place.file)

    with pytest.raises(BundleCorrupt):
        place.read()


def test_a_name_that_is_resolved_is_opened_anew(place: Place, opener: str) -> None:
    """What lay inside when it was looked at, and is a link when it is opened, is refused when it is opened."""
    parts = resolve_inside(place.root, "a/b")
    (place.base / "root/a/b").rename(place.base / "aside")
    (place.base / "root/a/b").symlink_to(place.outside / "a/b")

    with pytest.raises(BundleError):
        place.root.open_dir(*parts)
