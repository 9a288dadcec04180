"""Downloading a telemetry bundle: safe names, checked hashes, whole files or none."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO

from flowtime.cli.errors import CommandError, ExitCode, usage
from flowtime.client import Client
from flowtime.client.resources import Manifest

# bundles.md §1: what a file of a bundle may be called. No separator, so no way out.
SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}", re.ASCII)
MANIFEST = "manifest.json"


def download_bundle(
    api: Client, capture_id: str, *, directory: Path, names: Sequence[str], overwrite: bool
) -> Iterator[str]:
    """Write the files of a bundle into ``directory`` and yield each name once it is there.

    The manifest comes along, last, when the whole bundle is asked for. A file is kept only
    when its hash is the manifest's, and the manifest only when its hash is the capture's.
    """
    hashes = _hashes(api.manifest(capture_id))
    hashes[MANIFEST] = api.capture(capture_id)["manifestHash"] or ""
    unknown = [name for name in names if name not in hashes]
    if unknown:
        raise CommandError(
            f"The bundle has no file {unknown[0][:80]}.",
            code="file_not_found",
            exit_code=ExitCode.NOT_FOUND,
            next_step="Download the whole bundle by naming no file.",
        )
    wanted = list(names) or list(hashes)
    _prepare(directory, wanted, overwrite=overwrite)
    for name in wanted:
        _download_file(api, capture_id, name, directory=directory, expected=hashes[name])
        yield name


def _hashes(manifest: Manifest) -> dict[str, str]:
    """Return the hash of every file the manifest lists; refuse names that could lead elsewhere."""
    entries = [*manifest["files"], *manifest.get("companions", ())]
    for entry in entries:
        if not SAFE_NAME.fullmatch(entry["path"]):
            raise CommandError(
                "The manifest lists a file name that is not allowed.", code="unsafe_name"
            )
    return {entry["path"]: entry["hash"] for entry in entries}


def _prepare(directory: Path, names: Sequence[str], *, overwrite: bool) -> None:
    """Make the directory; refuse to replace a file nobody said to replace, before writing any."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise usage("The output directory cannot be made.") from error
    present = [name for name in names if (directory / name).exists()]
    if present and not overwrite:
        raise CommandError(
            f"The output directory already has {present[0]}.",
            code="file_exists",
            exit_code=ExitCode.CONFLICT,
            next_step="Add --overwrite, or choose another --output.",
        )


def _download_file(
    api: Client, capture_id: str, name: str, *, directory: Path, expected: str
) -> None:
    digest = hashlib.sha256()
    with new_file(directory, name) as file, api.capture_file(capture_id, name) as chunks:
        for chunk in chunks:
            digest.update(chunk)
            file.write(chunk)
        if f"sha256:{digest.hexdigest()}" != expected:
            raise CommandError(
                f"File {name} differs from what was generated.",
                code="bundle_corrupt",
                next_step=f"Verify the bundle with: flowtime telemetry verify {capture_id}",
            )


@contextmanager
def new_file(directory: Path, name: str) -> Iterator[IO[bytes]]:
    """Yield a scratch file; on a clean exit it takes its name, else it is gone."""
    try:
        with NamedTemporaryFile(dir=directory, prefix=".download-", delete=False) as file:
            scratch = Path(file.name)
            try:
                yield file
                file.flush()
                scratch.replace(directory / name)
            finally:
                scratch.unlink(missing_ok=True)
    except OSError as error:
        raise CommandError(
            f"File {name} cannot be written.",
            code="write_failed",
            next_step="Look for space and permission in the output directory.",
        ) from error
