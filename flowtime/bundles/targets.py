"""Where telemetry bundles lie below the TelemetryRoot: a run's own, or a key of the shared library (bundles §3)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flowtime.bundles import names
from flowtime.bundles.confine import Directory, Root, resolve_inside
from flowtime.bundles.errors import BundleCorrupt, BundleMissing, OutsideRoots

RUNS = "runs"
LIBRARY = "library"


@dataclass(frozen=True, slots=True)
class Target:
    """What generations belong to: ``run_id`` for a run's own bundle, or ``capture_key`` in the library."""

    run_id: str | None = None
    capture_key: str | None = None

    @classmethod
    def for_run(cls, run_id: str) -> Target:
        """The run's own bundle; InvalidName for anything that is no run id."""
        return cls(run_id=names.check_name("run id", run_id))

    @classmethod
    def for_key(cls, capture_key: str) -> Target:
        """The library's bundle under ``capture_key``; InvalidName for anything that is no key."""
        names.check_capture_key(capture_key)
        return cls(capture_key=capture_key)

    @classmethod
    def for_directory(cls, root: Root, text: str) -> Target:
        """The key that a directory stands for: its normalised form relative to the root, without ``library/``.

        OutsideRoots where it does not resolve inside the root, or lies among the runs' own bundles.
        """
        parts = resolve_inside(root, text)
        key = parts[1:] if parts[0] == LIBRARY else parts
        if parts[0] == RUNS or not key:
            raise OutsideRoots(f"The directory is not part of the library in the {root.label}.")
        return cls.for_key("/".join(key))

    @property
    def parts(self) -> tuple[str, ...]:
        """The directories below the root. Names are checked again here: a target may come from a database row."""
        if self.run_id is not None:
            return (RUNS, names.check_name("run id", self.run_id))
        return (LIBRARY, *names.check_capture_key(self.capture_key))

    def __str__(self) -> str:
        return f"run {self.run_id}" if self.run_id is not None else f"key {self.capture_key}"


def generations(root: Root, target: Target) -> list[int]:
    """The numbers of every generation on disk, ascending, whatever their state; none is an empty list."""
    try:
        with root.open_dir(*target.parts, what=f"telemetry of {target}") as directory:
            return _generations_in(directory)
    except BundleMissing:
        return []


def list_targets(root: Root) -> Iterator[Target]:
    """Every target that has a generation on disk, the runs' own first, in order of name."""
    for run_id, directory in _children(root.directory(), RUNS):
        if names.is_name(run_id) and _generations_in(directory):
            yield Target(run_id=run_id)
    for key, directory in _children(root.directory(), LIBRARY):
        yield from _targets_below(key, directory)


def _targets_below(key: str, directory: Directory) -> Iterator[Target]:
    if len(key) > names.MAX_KEY or not names.is_name(key.rpartition("/")[2]):
        return
    found = directory.list()
    if any(names.generation_number(name) for name in found):
        yield Target(capture_key=key)
    for name in found:
        if names.generation_number(name) is None:
            for _, below in _opened(directory, name):
                yield from _targets_below(f"{key}/{name}", below)


def _generations_in(directory: Directory) -> list[int]:
    return [number for name in directory.list() if (number := names.generation_number(name))]


def _children(parent: Directory, name: str) -> Iterator[tuple[str, Directory]]:
    for _, directory in _opened(parent, name):
        for child in directory.list():
            yield from _opened(directory, child)


def _opened(parent: Directory, name: str) -> Iterator[tuple[str, Directory]]:
    """The directory ``name``, closed afterwards; nothing where there is none or it is a file or a link."""
    try:
        directory = parent.open_dir(name)
    except (BundleMissing, BundleCorrupt):
        return
    with directory:
        yield name, directory
