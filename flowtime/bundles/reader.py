"""What both kinds of open bundle share: one held directory, and files read from it only as the manifest lists them."""

from __future__ import annotations

import fcntl
import hashlib
from contextlib import suppress
from functools import lru_cache
from types import TracebackType
from typing import Self

from flowtime.bundles.confine import Directory
from flowtime.bundles.errors import BundleChanged, BundleCorrupt, FileNotListed, quoted
from flowtime.bundles.integrity import Integrity, check_listed
from flowtime.bundles.manifests import (
    MAX_JSON_BYTES,
    F,
    Listed,
    RunManifest,
    TelemetryManifest,
    decode,
)
from flowtime.bundles.names import MANIFEST


def digest_of(data: bytes) -> str:
    """``sha256:`` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def listed_files(manifest: RunManifest | TelemetryManifest) -> dict[str, Listed]:
    """Every file that a manifest lists, by path."""
    if isinstance(manifest, RunManifest):
        return {file.path: file for file in manifest.files}
    return {
        file.path: Listed(file.path, file.bytes, file.hash.removeprefix("sha256:"))
        for file in manifest.listed
    }


class Reader:
    """An open bundle. ``read`` gives bytes that are exactly what the manifest lists, or raises."""

    def __init__(self, directory: Directory, listed: dict[str, Listed]) -> None:
        self._directory = directory
        self._listed = listed
        # Until the directory is closed: sweep leaves what somebody reads. Who cannot lock reads all the same.
        with suppress(OSError):
            fcntl.flock(directory.fd, fcntl.LOCK_SH | fcntl.LOCK_NB)

    def close(self) -> None:
        """Let the directory go; nothing can be read afterwards."""
        self._directory.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def read(self, path: str, max_bytes: int = MAX_JSON_BYTES) -> bytes:
        """A listed file's bytes, their size and digest checked; FileNotListed for any other name."""
        listed = self._listed.get(path)
        if listed is None:
            raise FileNotListed(f"The {self._directory.what} has no file {quoted(path)}.")
        data = self._directory.read_bytes(path, max_bytes, exact=listed.bytes)
        if hashlib.sha256(data).hexdigest() != listed.sha256:
            raise BundleChanged(
                f"{path} of {self._directory.what} was changed: its digest differs.", file=path
            )
        return data

    def require(self, path: str) -> bytes:
        """A file that every such bundle has; BundleCorrupt where the manifest does not list it."""
        if path not in self._listed:
            raise BundleCorrupt(
                f"{MANIFEST} of {self._directory.what} does not list {path}.", file=MANIFEST
            )
        return self.read(path)

    def check(self, *, deep: bool = False) -> Integrity:
        """Compare the held directory with the manifest: sizes and names, and every digest where ``deep``."""
        return check_listed(self._directory, self._listed, deep=deep)


def read_manifest(
    directory: Directory, kind: type[F], *, expected_hash: str | None = None
) -> tuple[F, str]:
    """The manifest of a held directory and its digest; BundleCorrupt where ``expected_hash`` is another."""
    data = directory.read_bytes(MANIFEST, MAX_JSON_BYTES)
    found = digest_of(data)
    if expected_hash is not None and found != expected_hash:
        raise BundleChanged(
            f"{MANIFEST} of {directory.what} was changed: its digest differs.", file=MANIFEST
        )
    return _manifest(kind, data), found


@lru_cache(maxsize=8)
def _manifest(kind: type[F], data: bytes) -> F:
    """What these very bytes say: a bundle that is looked at again is read again, but not parsed."""
    return decode(kind, data, file=MANIFEST)
