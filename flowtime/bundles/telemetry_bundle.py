"""Telemetry bundles: immutable generations of per-node series with a manifest (bundles §3)."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property

from flowtime import faults
from flowtime.bundles import names
from flowtime.bundles.confine import Directory, Root
from flowtime.bundles.errors import (
    BundleChanged,
    BundleCorrupt,
    BundleError,
    BundleMissing,
    FileNotListed,
    quoted,
)
from flowtime.bundles.interchange import CHECKSUMS, DATA_PACKAGE, Table, checksums, data_package
from flowtime.bundles.manifests import (
    METRICS,
    AutoCapture,
    Companion,
    Coverage,
    Grid,
    TelemetryFile,
    TelemetryManifest,
    TelemetryProvenance,
    TelemetryWarning,
    TelemetryWindow,
    decode,
    encode,
)
from flowtime.bundles.names import MANIFEST
from flowtime.bundles.publish import Cancel, Progress, Published, Staging, check_cancel, stage
from flowtime.bundles.reader import Reader, listed_files, read_manifest
from flowtime.bundles.series import MAX_SERIES_BYTES, Series, format_series, parse_series
from flowtime.bundles.targets import Target, generations

AUTOCAPTURE = "autocapture.json"

Binding = tuple[str, str, str | None]
"""Node id, metric, and class id or None: what one file of a telemetry bundle holds."""

_NOT_IN_A_STEM = re.compile(r"[^A-Za-z0-9_-]")
_MARKED = re.compile(r"-[0-9a-f]{16}\.csv$")


def write_telemetry_bundle(
    root: Root,
    target: Target,
    generation: int,
    *,
    files: Sequence[tuple[str, str, str | None, Series]],
    grid: Grid,
    window: TelemetryWindow,
    provenance: TelemetryProvenance,
    autocapture: AutoCapture,
    warnings: Sequence[TelemetryWarning] = (),
    supports_class_metrics: bool = False,
    classes: Sequence[str] | None = None,
    class_coverage: Coverage | None = None,
    elapsed_ms: Callable[[], int] | None = None,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Published:
    """Write and publish one generation; durable when this returns, invisible until then.

    ``elapsed_ms`` is asked once every series is written; its answer goes into the companion as ``durationMs``.

    ``files`` holds (node id, metric, class id or None, float64 of shape (bins,)). ``progress(done, total)``
    counts files. Raises BundleExists where the generation is taken, and Cancelled, StorageUnavailable or
    InsufficientStorage; then nothing has changed. The counts of the result are those of the series.
    """
    _check_agreement(target, generation, files, grid, provenance, autocapture)
    paths = file_names([(node, metric, class_id) for node, metric, class_id, _ in files])
    total = len(files) + 4

    with stage(root) as staging:
        entries, tables = [], []
        for path, (node, metric, class_id, values) in zip(paths, files, strict=True):
            check_cancel(cancel)
            written = staging.write(path, format_series(values))
            faults.hit("capture.file_written")
            entries.append(
                TelemetryFile.model_validate(
                    {
                        "node_id": node,
                        "metric": metric,
                        "class_id": class_id,
                        "path": path,
                        "bytes": written.bytes,
                        "points": len(values),
                        "hash": f"sha256:{written.sha256}",
                    }
                )
            )
            title = " ".join(part for part in (node, metric, class_id) if part)
            tables.append(Table(written=written, title=title, unit=None, bins=len(values)))
            if progress is not None:
                progress(len(entries), total)
        if elapsed_ms is not None:
            autocapture = autocapture.model_copy(update={"duration_ms": elapsed_ms()})
        companions = _write_companions(staging, autocapture, tables)
        manifest = TelemetryManifest(
            window=window,
            grid=grid,
            supports_class_metrics=supports_class_metrics,
            classes=None if classes is None else tuple(classes),
            class_coverage=class_coverage,
            files=tuple(entries),
            companions=companions,
            warnings=tuple(warnings),
            provenance=provenance,
        )
        sealed = staging.seal(encode(manifest))
        check_cancel(cancel)
        staging.publish(*target.parts, name=names.generation_name(generation))
    if progress is not None:
        progress(total, total)
    return Published(
        manifest_hash=f"sha256:{sealed.sha256}",
        file_count=len(entries),
        byte_count=sum(entry.bytes for entry in entries),
    )


def _write_companions(
    staging: Staging, autocapture: AutoCapture, tables: Sequence[Table]
) -> tuple[Companion, ...]:
    """The files that are no series: how the bundle came to be, and what lets other programs read and check it."""
    package = data_package(
        f"{autocapture.capture_id}.{autocapture.generation}",
        title=f"Telemetry of {autocapture.template_id}, run {autocapture.source_run_id}",
        created=autocapture.generated_at_utc,
        tables=tables,
    )
    written = [
        staging.write(AUTOCAPTURE, encode(autocapture)),
        staging.write(DATA_PACKAGE, package),
    ]
    sums = checksums([*(table.written for table in tables), *written])
    written.append(staging.write(CHECKSUMS, sums))
    return tuple(
        Companion(path=file.path, bytes=file.bytes, hash=f"sha256:{file.sha256}")
        for file in written
    )


def _check_agreement(
    target: Target,
    generation: int,
    files: Sequence[tuple[str, str, str | None, Series]],
    grid: Grid,
    provenance: TelemetryProvenance,
    autocapture: AutoCapture,
) -> None:
    # Each of these would be a bug of the caller, and a bundle that verify refuses.
    if not files:
        raise ValueError("A telemetry bundle without a series is not written.")
    if autocapture.generation != names.generation_name(generation):
        raise ValueError("The companion names another generation.")
    if autocapture.generated_at_utc != provenance.captured_at_utc:
        raise ValueError("One capture has one time.")
    if autocapture.source_run_id != provenance.run_id:
        raise ValueError("The companion names another run.")
    check_belongs(target, generation, autocapture)
    for node, metric, _, values in files:
        if metric not in METRICS:
            raise ValueError(f"{metric} is not a metric of telemetry bundles.")
        if values.shape != (grid.bins,):
            raise ValueError(f"{metric} of {node} does not have one value a bin.")


def check_belongs(target: Target, generation: int, autocapture: AutoCapture) -> None:
    """Raise BundleCorrupt where a bundle lies in a place that is not its own."""
    is_there = (
        autocapture.generation == names.generation_name(generation)
        and autocapture.capture_key == target.capture_key
        and (target.run_id is None or autocapture.source_run_id == target.run_id)
    )
    if not is_there:
        raise BundleChanged(
            f"Generation {generation} of {target} is another bundle.", file=AUTOCAPTURE
        )


def file_names(bindings: Sequence[Binding]) -> list[str]:
    """A file name for each binding: ``<Node>_<metric>[_<class>].csv``, no two alike even without case.

    Ids never become paths. A name that could mean another binding too, or that holds what a name may not,
    carries the first digits of a digest of its binding.
    """
    if len(set(bindings)) != len(bindings):
        raise ValueError("A binding is given twice.")
    plain = ["_".join(part for part in binding if part) + ".csv" for binding in bindings]
    uses = Counter(name.lower() for name in plain)
    return [
        name
        if uses[name.lower()] == 1 and names.is_name(name) and not _MARKED.search(name)
        else _marked_name(binding)
        for name, binding in zip(plain, bindings, strict=True)
    ]


def _marked_name(binding: Binding) -> str:
    mark = hashlib.sha256(repr(binding).encode("utf-8", "backslashreplace")).hexdigest()[:16]
    text = _NOT_IN_A_STEM.sub("_", "_".join(part for part in binding if part))[:80]
    return names.check_name("file name", f"n_{text}-{mark}.csv")


class TelemetryBundle(Reader):
    """An open telemetry bundle: one generation held by descriptor, files read and checked as they are asked for."""

    def __init__(
        self, directory: Directory, manifest: TelemetryManifest, manifest_hash: str
    ) -> None:
        super().__init__(directory, listed_files(manifest))
        self.manifest = manifest
        self.manifest_hash = manifest_hash

    @classmethod
    def held(cls, directory: Directory, *, expected_hash: str | None = None) -> TelemetryBundle:
        """Read the manifest of a directory and keep it; the directory is closed where that fails."""
        try:
            manifest, found = read_manifest(
                directory, TelemetryManifest, expected_hash=expected_hash
            )
        except BaseException:
            directory.close()
            raise
        return cls(directory, manifest, found)

    @cached_property
    def autocapture(self) -> AutoCapture:
        """How the bundle came to be."""
        return decode(AutoCapture, self.require(AUTOCAPTURE), file=AUTOCAPTURE)

    @property
    def paths(self) -> tuple[str, ...]:
        """Every file of the bundle: series, companions, and the manifest last."""
        return (*self._listed, MANIFEST)

    def entry(self, path: str) -> TelemetryFile:
        """The series that the file ``path`` holds; FileNotListed where the manifest lists none."""
        for file in self.manifest.files:
            if file.path == path:
                return file
        raise FileNotListed(f"The {self._directory.what} has no series in {quoted(path)}.")

    def array(self, file: TelemetryFile) -> Series:
        """The values of one of ``manifest.files``, float64 of shape (bins,), from bytes whose digest is checked."""
        text = self.read(file.path, MAX_SERIES_BYTES)
        return parse_series(text, points=file.points, file=file.path)

    def read_file(self, name: str) -> bytes:
        """The bytes of the manifest or of a file it lists, their digest checked; FileNotListed for other names."""
        if name != MANIFEST:
            return self.read(name, MAX_SERIES_BYTES)
        data = self._directory.read_bytes(MANIFEST, MAX_SERIES_BYTES)
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != self.manifest_hash:
            raise BundleChanged(f"{MANIFEST} changed while the bundle was open.", file=MANIFEST)
        return data


def open_telemetry_bundle(
    root: Root, target: Target, generation: int | None = None, *, manifest_hash: str | None = None
) -> TelemetryBundle:
    """Open one generation, or without a number the highest that is complete and valid. Use it in ``with``.

    A given generation is opened by its manifest alone. Raises BundleMissing, or BundleCorrupt where the
    manifest is damaged, belongs elsewhere, or has not the digest ``manifest_hash``.
    """
    if generation is not None:
        return _open_generation(root, target, generation, manifest_hash)
    last: BundleError | None = None
    for number in reversed(generations(root, target)):
        try:
            return _open_valid(root, target, number)
        except (BundleMissing, BundleCorrupt) as error:
            last = last or error
    raise last or BundleMissing(f"There is no telemetry bundle of {target}.")


def _open_generation(
    root: Root, target: Target, generation: int, manifest_hash: str | None
) -> TelemetryBundle:
    name = names.generation_name(generation)
    directory = root.open_dir(*target.parts, name, what=f"telemetry bundle {name} of {target}")
    bundle = TelemetryBundle.held(directory, expected_hash=manifest_hash)
    if target.run_id is not None and bundle.manifest.provenance.run_id != target.run_id:
        bundle.close()
        raise BundleChanged(f"The telemetry bundle of {target} is another run's.", file=MANIFEST)
    return bundle


def _open_valid(root: Root, target: Target, generation: int) -> TelemetryBundle:
    bundle = _open_generation(root, target, generation, None)
    try:
        check_belongs(target, generation, bundle.autocapture)
        problems = bundle.check(deep=True).problems
        if problems:
            raise BundleCorrupt(problems[0].detail, file=problems[0].path)
    except BaseException:
        bundle.close()
        raise
    return bundle
