"""Small, full, read-only and untouchable disks for one test, or a word on why this machine has none."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PAGE = 4096


def need(*tools: str) -> None:
    """Skip the test where a tool or the right to use it is missing."""
    if os.geteuid() != 0:
        pytest.skip(f"{', '.join(tools)}: needs root")
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")


def do(*command: str | Path, reason: str) -> None:
    """Run a command that a container may be denied; then the test is skipped for ``reason``."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{reason}: {done.stderr.strip()[:120]}")


@contextmanager
def mounted(place: Path, options: str) -> Iterator[Path]:
    """An empty file system in memory at ``place``."""
    need("mount")
    place.mkdir(exist_ok=True)
    reason = "this machine does not let a test mount a file system"
    do("mount", "-t", "tmpfs", "-o", options, "tmpfs", place, reason=reason)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


@contextmanager
def read_only(place: Path) -> Iterator[None]:
    """The mounted file system at ``place``, read-only for a while."""
    subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
    try:
        yield
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(place)], check=True)


@contextmanager
def immutable(place: Path) -> Iterator[None]:
    """A directory that even root cannot write."""
    need("chattr")
    do("chattr", "+i", place, reason="this file system has no immutable directories")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", str(place)], check=True)


def fill_space(place: Path, *, but: int = PAGE) -> Path:
    """Take all space but a little; remove the file that comes back to have it again."""
    found = os.statvfs(place)
    ballast = place / ".ballast"
    with ballast.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, found.f_bavail * found.f_frsize - but)
    return ballast


def fill_inodes(place: Path, *, but: int = 2) -> Path:
    """Take all inodes but a few; remove the directory that comes back to have them again."""
    ballast = place / ".ballast"
    ballast.mkdir()
    for number in range(os.statvfs(place).f_favail - but):
        (ballast / str(number)).touch()
    return ballast
