"""The one confined opener: roots and directories held by descriptor, and regular files read from them (bundles §1)."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from flowtime.bundles import names, system
from flowtime.bundles.errors import (
    BundleCorrupt,
    BundleError,
    BundleMissing,
    InsufficientStorage,
    InvalidName,
    OutsideRoots,
    StorageBusy,
    StorageUnavailable,
)

_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY
# A FIFO opened without O_NONBLOCK waits for a writer for ever; a terminal must not become ours.
_FILE = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY
_MISSING = frozenset({errno.ENOENT})
_NOT_OURS = frozenset({errno.ELOOP, errno.EXDEV, errno.ENOTDIR, errno.EISDIR, errno.ENXIO})
_BUSY = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_CHUNK = 1 << 20


@contextmanager
def reading(what: str, *, file: str | None = None) -> Iterator[None]:
    """Turn what the system refuses while ``what`` is read into a bundle error that names no path."""
    try:
        yield
    except OSError as error:
        raise _read_error(error, what, file) from None


@contextmanager
def writing(what: str) -> Iterator[None]:
    """Turn what the system refuses while ``what`` is written into a bundle error that names no path."""
    try:
        yield
    except OSError as error:
        detail = f"{what} could not be written: {_reason(error)}."
        if error.errno in _FULL:
            raise InsufficientStorage(detail) from None
        raise _unavailable(error, detail) from None


def _read_error(error: OSError, what: str, file: str | None) -> BundleError:
    extra = {"file": file} if file else {}
    named = f"{file} of {what}" if file else what[:1].upper() + what[1:]
    if error.errno in _MISSING:
        return BundleMissing(f"{named} is missing.", **extra)
    if error.errno in _NOT_OURS:
        return BundleCorrupt(
            f"{named} is not {'a regular file' if file else 'a plain directory'}.", **extra
        )
    return _unavailable(error, f"{named} could not be read: {_reason(error)}.")


def _reason(error: OSError) -> str:
    # The message of the exception itself ends with a path.
    return os.strerror(error.errno) if error.errno else "input or output error"


def _unavailable(error: OSError, detail: str) -> StorageUnavailable:
    return (StorageBusy if error.errno in _BUSY else StorageUnavailable)(detail)


class Directory:
    """A directory held by its descriptor: what is read through it is one directory, whatever is renamed meanwhile.

    ``what`` is how messages call it, such as ``run bundle run_1``.
    """

    def __init__(self, fd: int, what: str) -> None:
        self._fd = fd
        self.what = what

    @property
    def fd(self) -> int:
        if self._fd < 0:
            raise ValueError("The directory is closed.")
        return self._fd

    def close(self) -> None:
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()

    def open_dir(self, *parts: str, what: str | None = None) -> Directory:
        """The directory ``parts`` below this one; BundleMissing or BundleCorrupt where there is none."""
        what = what or self.what
        _check_parts(parts)
        with reading(what):
            return Directory(system.open_beneath(self.fd, parts, _DIRECTORY), what)

    def read_bytes(self, path: str, max_bytes: int, *, exact: int | None = None) -> bytes:
        """The whole of a regular file with one name, of at most ``max_bytes`` and, where given, ``exact`` bytes.

        Its size is known before anything is read, so a sparse or growing file costs no memory.
        """
        with self._regular(path, max_bytes, exact) as (fd, size):
            data = _read(fd, size)
        if len(data) != size:
            raise BundleCorrupt(f"{path} of {self.what} changed while it was read.", file=path)
        return data

    def sha256(self, path: str, exact: int) -> str:
        """The digest, in hexadecimal, of a regular file with one name and ``exact`` bytes, read piece by piece."""
        digest = hashlib.sha256()
        with self._regular(path, exact, exact) as (fd, _):
            while piece := os.read(fd, _CHUNK):
                digest.update(piece)
        return digest.hexdigest()

    def entries(self) -> Iterator[os.DirEntry[str]]:
        """What is in it, in no order, names starting with a dot included; links are not followed."""
        with reading(self.what), os.scandir(self.fd) as found:
            yield from found

    @contextmanager
    def _regular(self, path: str, max_bytes: int, exact: int | None) -> Iterator[tuple[int, int]]:
        parts = names.check_path(path)
        with reading(self.what, file=path):
            fd = system.open_beneath(self.fd, parts, _FILE)
            try:
                yield fd, self._check_regular(os.fstat(fd), path, max_bytes, exact)
            finally:
                os.close(fd)

    def _check_regular(
        self, found: os.stat_result, path: str, max_bytes: int, exact: int | None
    ) -> int:
        if not stat.S_ISREG(found.st_mode):
            raise BundleCorrupt(f"{path} of {self.what} is not a regular file.", file=path)
        # A second name may lie anywhere on the disk: through it the file changes without the bundle being touched.
        if found.st_nlink > 1:
            raise BundleCorrupt(f"{path} of {self.what} is a hard link.", file=path)
        if exact is not None and found.st_size != exact:
            raise BundleCorrupt(
                f"{path} of {self.what} has {found.st_size} bytes, not {exact}.", file=path
            )
        if found.st_size > max_bytes:
            raise BundleCorrupt(
                f"{path} of {self.what} has {found.st_size} bytes; at most {max_bytes} are read.",
                file=path,
            )
        return found.st_size

    def exists(self, *parts: str) -> bool:
        """True where something of that name is there, whatever it is."""
        _check_parts(parts)
        try:
            os.close(system.open_beneath(self.fd, parts, os.O_PATH))
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno in _NOT_OURS:
                return True
            raise _read_error(error, self.what, None) from None
        return True

    def list(self) -> list[str]:
        """The names in it, sorted, without those that start with a dot."""
        return sorted(e.name for e in self.entries() if not e.name.startswith("."))


class Root:
    """An absolute directory that bundles live in. Everything below it is opened through its descriptor.

    ``label`` is how messages call it. The directory need not exist yet; using it then is StorageUnavailable.
    """

    def __init__(self, path: Path | str, label: str = "data root") -> None:
        self.path = Path(path)
        if not self.path.is_absolute():
            raise ValueError("A root is an absolute directory.")
        self.label = label
        self._held: Directory | None = None

    def __repr__(self) -> str:
        return f"<Root {self.label}>"

    def directory(self) -> Directory:
        """The root itself, opened once and again whenever another directory has taken its place.

        A restored backup moved into place would otherwise be ignored, and new bundles would be written,
        and acknowledged, in the directory that was moved away.
        """
        try:
            there = self.path.stat()
            if self._held is not None:
                held = os.fstat(self._held.fd)
                if (held.st_dev, held.st_ino) == (there.st_dev, there.st_ino):
                    return self._held
            self._held = Directory(os.open(self.path, _DIRECTORY | os.O_CLOEXEC), self.label)
        except OSError as error:
            detail = f"The {self.label} cannot be opened: {_reason(error)}."
            raise _unavailable(error, detail) from None
        return self._held

    def open_dir(self, *parts: str, what: str | None = None) -> Directory:
        """The directory ``parts`` below the root."""
        return self.directory().open_dir(*parts, what=what)


def resolve_inside(root: Root, text: str) -> tuple[str, ...]:
    """The components, relative to ``root``, of a directory given relative to it or as an absolute path.

    Symbolic links are resolved, so the components name the real place; it need not exist. Anything that is
    not inside the root, or not made of plain names, is OutsideRoots. Nothing is created or changed.
    """
    refusal = OutsideRoots(
        f"The directory does not resolve to a plain name inside the {root.label}."
    )
    if not isinstance(text, str) or not 0 < len(text) <= 4096 or "\0" in text or "\\" in text:
        raise refusal
    try:
        base = os.path.realpath(root.path)
        real = os.path.realpath(root.path / text)
    except (OSError, ValueError):
        raise refusal from None
    if not real.startswith(base.rstrip("/") + "/"):
        raise refusal
    parts = tuple(os.path.relpath(real, base).split("/"))
    if not all(names.is_name(part) for part in parts):
        raise refusal
    return parts


def _check_parts(parts: tuple[str, ...]) -> None:
    # Callers have checked the names; a separator here would still be a second path, and is a bug.
    if not parts or any(
        part in ("", ".", "..") or "/" in part or "\0" in part or len(part) > 255 for part in parts
    ):
        raise InvalidName("That is not a name in a bundle.", kind="file name")


def _read(fd: int, size: int) -> bytes:
    """Up to one byte more than ``size``: a file that grew is noticed, and not followed."""
    data = os.read(fd, size + 1) if size < _CHUNK else b""
    if data and len(data) >= size:
        return data
    parts = [data]
    left = size + 1 - len(data)
    while left > 0:
        part = os.read(fd, min(left, _CHUNK))
        if not part:
            break
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
