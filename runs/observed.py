"""Which telemetry bundle is replayed: resolved once to one generation, and read whole."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from flowtime.bundles import (
    Target,
    TelemetryBundle,
    open_run_bundle,
    open_telemetry_bundle,
    resolve_inside,
)
from runs import selectors
from runs.errors import CaptureNotFound, TelemetryMissing
from runs.models import Run
from runs.storage import runs_root, target_from_text, target_to_text, telemetry_root

if TYPE_CHECKING:
    import numpy as np

    from flowtime.bundles import TelemetryManifest
    from runs.requests import TelemetrySource


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRef:
    """One generation of a telemetry bundle, or with ``copy_of`` the copy inside that run's own bundle."""

    target: str = ""
    generation: int | None = None
    copy_of: str | None = None
    source_run_id: str | None = None
    capture_id: str | None = None
    capture_key: str | None = None
    manifest_hash: str | None = None

    def to_document(self) -> dict[str, Any]:
        """Plain data for the row, from which ``BundleRef(**document)`` is equal."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """A bundle that was read whole: its manifest, its arrays by path, and where it came from."""

    ref: BundleRef
    manifest: TelemetryManifest
    manifest_hash: str
    arrays: Mapping[str, np.ndarray]


def find_bundle(source: TelemetrySource) -> BundleRef:
    """The generation that ``source`` means now; it is resolved once and then replayed wholly.

    Raises RunNotFound, CaptureNotFound, TelemetryMissing, or InvalidName and OutsideRoots for names.
    """
    if source.source_run_id is not None:
        return bundle_of_run(selectors.get_run(source.source_run_id))
    if source.capture_id is not None:
        return _bundle_of_capture(source.capture_id)
    if source.capture_key is not None:
        return _bundle_of_target(Target.for_key(source.capture_key))
    parts = resolve_inside(telemetry_root(), source.capture_directory or "")
    return _bundle_in_directory(parts)


def bundle_of_run(run: Run) -> BundleRef:
    """The bundle that ``run``'s row names: what was generated from it, or the copy that it replayed."""
    if run.mode == Run.Mode.TELEMETRY and run.status == Run.Status.SUCCEEDED:
        return BundleRef(
            copy_of=run.pk,
            source_run_id=run.telemetry_source_run_id or None,
            capture_id=run.replayed_capture_id or None,
        )
    if not run.telemetry_capture_id or run.telemetry_generation is None:
        raise TelemetryMissing(
            f"Run {run.pk} has no telemetry bundle. Generate telemetry first.", runId=run.pk
        )
    target = target_from_text(run.telemetry_target)
    return BundleRef(
        target=run.telemetry_target,
        generation=run.telemetry_generation,
        source_run_id=run.pk,
        capture_id=run.telemetry_capture_id,
        capture_key=target.capture_key,
    )


def _bundle_of_capture(capture_id: str) -> BundleRef:
    capture = selectors.find_capture(pk=capture_id)
    if capture is None:
        raise CaptureNotFound(f"There is no finished capture {capture_id[:80]!r}.")
    return _ref_from_capture(capture)


def _bundle_of_target(target: Target) -> BundleRef:
    capture = selectors.find_capture(target=target_to_text(target), status="succeeded")
    if capture is not None:
        return _ref_from_capture(capture)
    # A bundle that was put there by hand has no row yet; the highest valid generation counts.
    with open_telemetry_bundle(telemetry_root(), target) as bundle:
        return BundleRef(
            target=target_to_text(target),
            generation=int(bundle.autocapture.generation[1:]),
            source_run_id=bundle.manifest.provenance.run_id,
            capture_id=bundle.autocapture.capture_id,
            capture_key=target.capture_key,
            manifest_hash=bundle.manifest_hash,
        )


def _bundle_in_directory(parts: tuple[str, ...]) -> BundleRef:
    area, *rest = parts
    if area == "runs" and len(rest) == 1:
        return _bundle_of_target(Target.for_run(rest[0]))
    return _bundle_of_target(Target.for_key("/".join(rest if area == "library" else parts)))


def _ref_from_capture(capture: Mapping[str, Any]) -> BundleRef:
    return BundleRef(
        target=capture["target"],
        generation=capture["generation"],
        source_run_id=capture["source_run_id"],
        capture_id=capture["id"],
        capture_key=capture["capture_key"] or None,
        manifest_hash=capture["manifest_hash"] or None,
    )


@contextmanager
def open_bundle(ref: BundleRef, *, manifest_hash: str | None = None) -> Iterator[TelemetryBundle]:
    """The bundle that ``ref`` names, held by descriptor. Raises BundleMissing or BundleCorrupt."""
    if ref.copy_of is None:
        target = target_from_text(ref.target)
        with open_telemetry_bundle(
            telemetry_root(), target, ref.generation, manifest_hash=manifest_hash
        ) as bundle:
            yield bundle
        return
    with open_run_bundle(runs_root(), ref.copy_of) as run_bundle:
        if run_bundle.telemetry is None:
            raise TelemetryMissing(f"Run {ref.copy_of} holds no telemetry bundle.")
        yield run_bundle.telemetry


def read_bundle(ref: BundleRef) -> Replayed:
    """Read every series of the bundle, each byte checked against the manifest."""
    with open_bundle(ref, manifest_hash=ref.manifest_hash) as bundle:
        arrays = {file.path: bundle.array(file) for file in bundle.manifest.files}
        return Replayed(
            ref=ref, manifest=bundle.manifest, manifest_hash=bundle.manifest_hash, arrays=arrays
        )
