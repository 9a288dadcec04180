"""A telemetry bundle as one zip archive: checked whole before its first byte leaves, and file by file as it is read."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC

from flowtime.bundles import BundleCorrupt, generation_name
from telemetry import services
from telemetry.models import Capture

# rw-r--r--, where an archive keeps the mode of a file.
PLAIN_FILE = 0o644 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Archive:
    """The name of an archive, and its bytes in the order in which they are sent."""

    name: str
    chunks: Iterator[bytes]


def zip_bundle(capture: Capture) -> Archive:
    """The bundle of ``capture`` with its manifest, in a folder of its own.

    Every hash is checked before the archive begins. Raises BundleMissing or BundleCorrupt. What is changed
    while it is sent ends the stream without the archive's directory, so that no tool opens it.
    """
    with services.open_bundle(capture) as bundle:
        problems = bundle.check(deep=True).problems
    if problems:
        raise BundleCorrupt(problems[0].detail, file=problems[0].path)
    label = capture.capture_key.replace("/", "_") or capture.source_run_id
    folder = f"{label}-{generation_name(capture.generation or 0)}"
    return Archive(name=f"{folder}.zip", chunks=_chunks(capture, folder))


def _chunks(capture: Capture, folder: str) -> Iterator[bytes]:
    at = (capture.generated_at or capture.requested_at).astimezone(UTC)
    outlet = _Outlet()
    with (
        services.open_bundle(capture) as bundle,
        zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as archive,
    ):
        for path in bundle.paths:
            entry = zipfile.ZipInfo(f"{folder}/{path}", date_time=at.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = PLAIN_FILE
            archive.writestr(entry, bundle.read_file(path))
            yield outlet.take()
    yield outlet.take()


class _Outlet:
    """What an archive is written to when it is sent at once: a file that cannot be sought, emptied by ``take``."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def write(self, data: bytes) -> int:
        self._written.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """What was not taken stays."""

    def take(self) -> bytes:
        """What was written since the last time."""
        taken, self._written = b"".join(self._written), []
        return taken
