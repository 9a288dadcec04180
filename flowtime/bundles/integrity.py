"""Complete and valid, told apart: a held directory compared with what its manifest lists (bundles §6)."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from stat import S_ISREG
from typing import Literal

from flowtime.bundles.confine import Directory
from flowtime.bundles.errors import BundleCorrupt, BundleMissing, StorageBusy, StorageUnavailable
from flowtime.bundles.manifests import Listed
from flowtime.bundles.names import MANIFEST

MAX_PROBLEMS = 100
"""More are not collected: a directory of a million strange files costs no more than one of a hundred."""

State = Literal["valid", "incomplete", "corrupt", "missing"]
ProblemCode = Literal["missing", "unlisted", "mismatch", "unreadable"]


@dataclass(frozen=True, slots=True)
class IntegrityProblem:
    """One way in which a bundle is not what its manifest says; ``path`` is a name inside the bundle."""

    code: ProblemCode
    path: str
    detail: str

    def to_dict(self) -> dict[str, str]:
        """As rows and documents keep it."""
        return {"code": self.code, "path": self.path, "detail": self.detail}


@dataclass(frozen=True, slots=True)
class Integrity:
    """What was found: ``missing`` altogether, ``incomplete`` (files missing or unlisted), ``corrupt`` or ``valid``.

    ``files`` and ``bytes`` count what was looked at; ``is_deep`` says whether every byte was hashed.
    ``changed_ns`` is when any file or directory was last touched, POSIX nanoseconds by the kernel's own change time, which
    no program can set back: a bundle hashed later than that need not be hashed again.
    """

    state: State
    problems: tuple[IntegrityProblem, ...] = ()
    files: int = 0
    bytes: int = 0
    is_deep: bool = False
    changed_ns: int = 0

    @property
    def is_valid(self) -> bool:
        return self.state == "valid"


def state_of(problems: Iterable[IntegrityProblem]) -> State:
    """The state that problems amount to: damage outweighs absence."""
    codes = {problem.code for problem in problems}
    if codes & {"mismatch", "unreadable"}:
        return "corrupt"
    return "incomplete" if codes else "valid"


def with_problem(found: Integrity, problem: IntegrityProblem) -> Integrity:
    """``found`` and one problem more."""
    problems = (*found.problems, problem)
    return replace(found, state=state_of(problems), problems=problems)


def check_listed(
    directory: Directory, listed: Mapping[str, Listed], *, deep: bool = False
) -> Integrity:
    """Compare ``directory`` with ``listed`` (the manifest itself is expected too, and checked by its reader).

    Every listed file must be a regular file with one name and the right size, nothing else may be there, and
    with ``deep`` every digest must agree. Raises StorageBusy where the machine, not the bundle, is at fault.
    """
    check = _Check(listed, deep)
    check.directory(directory, "")
    check.absent()
    return Integrity(
        state_of(check.problems),
        tuple(check.problems),
        files=len(check.seen),
        bytes=check.bytes,
        is_deep=deep,
        changed_ns=check.changed_ns,
    )


class _Check:
    def __init__(self, listed: Mapping[str, Listed], deep: bool) -> None:
        self._listed = listed
        self._deep = deep
        self.seen: set[str] = set()
        self.problems: list[IntegrityProblem] = []
        self.bytes = 0
        self.changed_ns = 0

    def directory(self, directory: Directory, prefix: str) -> None:
        """Look at every entry, and into those directories only that a listed path goes through."""
        # A directory moved in from elsewhere brings old files along, but its own change time is new.
        self._touched(os.fstat(directory.fd))
        listed, seen, problems = self._listed, self.seen, self.problems
        for entry in directory.entries():
            if len(problems) >= MAX_PROBLEMS:
                return
            path = prefix + entry.name
            expected = listed.get(path)
            if expected is None:
                self._not_listed(directory, entry, path)
                continue
            # One system call and these few lines are all that most files cost; hundreds make a bundle.
            seen.add(path)
            try:
                found = entry.stat(follow_symlinks=False)
            except FileNotFoundError:
                self._add("missing", path, "is missing")
                continue
            self.bytes += found.st_size
            if found.st_ctime_ns > self.changed_ns:
                self.changed_ns = found.st_ctime_ns
            if found.st_size != expected.bytes or found.st_nlink > 1 or not S_ISREG(found.st_mode):
                self._differs(found, expected)
            elif self._deep:
                self._digest(directory, entry.name, path, expected)

    def absent(self) -> None:
        """Note every listed file that was not met."""
        if len(self.seen) == len(self._listed):
            return
        for path in self._listed:
            if path not in self.seen and len(self.problems) < MAX_PROBLEMS:
                self._add("missing", path, "is missing")

    def _not_listed(self, directory: Directory, entry: os.DirEntry[str], path: str) -> None:
        if path == MANIFEST:
            self._touched(entry.stat(follow_symlinks=False))
        elif not any(other.startswith(f"{path}/") for other in self._listed):
            self._add("unlisted", _printable(path), "is not listed in the manifest")
        elif entry.is_dir(follow_symlinks=False):
            with directory.open_dir(entry.name) as below:
                self.directory(below, f"{path}/")
        else:
            self._add("unreadable", path, "is not a directory")

    def _differs(self, found: os.stat_result, expected: Listed) -> None:
        if not S_ISREG(found.st_mode):
            self._add("unreadable", expected.path, "is not a regular file")
        elif found.st_nlink > 1:
            self._add("unreadable", expected.path, "is a hard link")
        else:
            what = f"has {found.st_size} bytes, not {expected.bytes}"
            self._add("mismatch", expected.path, what)

    def _digest(self, directory: Directory, name: str, path: str, expected: Listed) -> None:
        try:
            found = directory.sha256(name, expected.bytes)
        except StorageBusy:
            raise
        except BundleMissing:
            self._add("missing", path, "is missing")
        except (BundleCorrupt, StorageUnavailable):
            self._add("unreadable", path, "could not be read")
        else:
            if found != expected.sha256:
                self._add("mismatch", path, "was changed: its digest differs")

    def _touched(self, found: os.stat_result) -> None:
        self.changed_ns = max(self.changed_ns, found.st_ctime_ns)

    def _add(self, code: ProblemCode, path: str, what: str) -> None:
        self.problems.append(IntegrityProblem(code, path, f"{path} {what}."))


def _printable(path: str) -> str:
    """A name that nobody checked, fit for JSON, a page and a log line."""
    text = path.encode("utf-8", "backslashreplace").decode()
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text[:80])
