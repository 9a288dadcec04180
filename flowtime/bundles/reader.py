"""What both kinds of open bundle share: one held directory, and files read from it only as the manifest lists them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from flowtime.bundles.confine import Directory
from flowtime.bundles.errors import BundleCorrupt, FileNotListed, quoted
from flowtime.bundles.manifests import (
    MAX_JSON_BYTES,
    F,
    RunManifest,
    TelemetryManifest,
    decode,
)
from flowtime.bundles.publish import MANIFEST


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as a manifest lists it, whichever the format: path, size, SHA-256 in hexadecimal."""

    path: str
    bytes: int
    sha256: str


def digest_of(data: bytes) -> str:
    """``sha256:`` and 64 hexadecimal digits."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def listed_files(manifest: RunManifest | TelemetryManifest) -> dict[str, Listed]:
    """Every file that a manifest lists, by path."""
    if isinstance(manifest, RunManifest):
        return {file.path: Listed(file.path, file.bytes, file.sha256) for file in manifest.files}
    return {
        file.path: Listed(file.path, file.bytes, file.hash.removeprefix("sha256:"))
        for file in manifest.listed
    }


class Reader:
    """An open bundle. ``read`` gives bytes that are exactly what the manifest lists, or raises."""

    def __init__(self, directory: Directory, listed: dict[str, Listed]) -> None:
        self._directory = directory
        self._listed = listed

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
            raise BundleCorrupt(
                f"{path} of {self._directory.what} was changed: its digest differs.", file=path
            )
        return data


def read_manifest(
    directory: Directory, kind: type[F], *, expected_hash: str | None = None
) -> tuple[F, str]:
    """The manifest of a held directory and its digest; BundleCorrupt where ``expected_hash`` is another."""
    data = directory.read_bytes(MANIFEST, MAX_JSON_BYTES)
    found = digest_of(data)
    if expected_hash is not None and found != expected_hash:
        raise BundleCorrupt(
            f"{MANIFEST} of {directory.what} was changed: its digest differs.", file=MANIFEST
        )
    return decode(kind, data, file=MANIFEST), found
