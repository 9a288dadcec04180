"""Run bundles: one immutable directory a run, written whole and read only as asked (bundles §2)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import orjson

from flowtime import faults
from flowtime.bundles import names
from flowtime.bundles.confine import Directory, Root
from flowtime.bundles.errors import (
    BundleChanged,
    BundleCorrupt,
    BundleMissing,
    SeriesNotFound,
    quoted,
)
from flowtime.bundles.interchange import CHECKSUMS, DATA_PACKAGE, Table, checksums, data_package
from flowtime.bundles.manifests import (
    MAX_JSON_BYTES,
    Listed,
    RunManifest,
    RunRecord,
    SeriesEntry,
    SeriesFacts,
    SeriesIndex,
    decode,
    encode,
)
from flowtime.bundles.names import MANIFEST
from flowtime.bundles.publish import (
    Cancel,
    Progress,
    Published,
    Staging,
    Written,
    check_cancel,
    stage,
)
from flowtime.bundles.reader import Reader, digest_of, listed_files, read_manifest
from flowtime.bundles.series import MAX_SERIES_BYTES, Series, format_series, parse_series

if TYPE_CHECKING:
    from flowtime.bundles.telemetry_bundle import TelemetryBundle

RECORD = "run.json"
TEMPLATE = "model/template.yaml"
MODEL = "model/model.json"
MODEL_YAML = "model/model.yaml"
INDEX = "series/index.json"
TELEMETRY = "telemetry"


def write_run_bundle(
    root: Root,
    run_id: str,
    *,
    record: RunRecord,
    template_text: str,
    model_document: bytes,
    model_yaml: str,
    index: Sequence[SeriesFacts],
    arrays: Mapping[str, Series],
    telemetry: TelemetryBundle | None = None,
    replace: bool = False,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
) -> Published:
    """Write and publish the bundle of one run; durable when this returns, invisible until then.

    ``model_document`` is the canonical JSON whose digest is ``record.model_hash``; ``arrays`` maps each series
    id of ``index`` to float64 of shape (bins,). ``telemetry`` is an open bundle whose files are copied, each
    checked. ``progress(done, total)`` counts files. Raises BundleExists where the run has a bundle and
    ``replace`` is false, and Cancelled, StorageUnavailable or InsufficientStorage; then nothing has changed.
    """
    names.check_name("run id", run_id)
    _check_agreement(run_id, record, model_document, index, arrays)
    texts = {
        RECORD: encode(record),
        TEMPLATE: template_text.encode(),
        MODEL: model_document,
        MODEL_YAML: model_yaml.encode(),
    }
    copied = telemetry.paths if telemetry is not None else ()
    total = len(texts) + len(index) + 1 + len(copied) + 2 + 1

    with stage(root) as staging:
        steps = _Steps(staging, total, progress, cancel)
        for path, data in texts.items():
            steps.write(path, data)
        series = [_write_series(steps, facts, arrays[facts.series_id]) for facts in index]
        steps.write(INDEX, encode(SeriesIndex(series=tuple(entry for entry, _ in series))))
        if telemetry is not None:
            for path in copied:
                steps.write(f"{TELEMETRY}/{path}", telemetry.read_file(path))
                faults.hit("replay.copied")
        steps.write(DATA_PACKAGE, _package(record, [table for _, table in series]))
        steps.write(CHECKSUMS, checksums(steps.written))
        manifest = _manifest(record, steps.written)
        sealed = staging.seal(encode(manifest))
        check_cancel(cancel)
        staging.publish(name=run_id, replace=replace)
    if progress is not None:
        progress(total, total)
    return Published(
        manifest_hash=f"sha256:{sealed.sha256}",
        file_count=len(manifest.files),
        byte_count=sum(file.bytes for file in manifest.files),
    )


class _Steps:
    """Writes files one after the other, counting them for ``progress`` and asking ``cancel`` in between."""

    def __init__(
        self, staging: Staging, total: int, progress: Progress | None, cancel: Cancel | None
    ) -> None:
        self._staging = staging
        self._total = total
        self._progress = progress
        self._cancel = cancel
        self.written: list[Written] = []

    def write(self, path: str, data: bytes) -> Written:
        check_cancel(self._cancel)
        written = self._staging.write(path, data)
        self.written.append(written)
        if self._progress is not None:
            self._progress(len(self.written), self._total)
        return written


def _check_agreement(
    run_id: str,
    record: RunRecord,
    model_document: bytes,
    index: Sequence[SeriesFacts],
    arrays: Mapping[str, Series],
) -> None:
    if record.run_id != run_id:
        raise ValueError("The record belongs to another run.")
    if digest_of(model_document) != record.model_hash:
        raise ValueError("The model document does not have the digest that the record names.")
    for facts in index:
        if arrays[facts.series_id].shape != (record.grid.bins,):
            raise ValueError(f"Series {facts.series_id} does not have one value a bin.")


def _write_series(steps: _Steps, facts: SeriesFacts, values: Series) -> tuple[SeriesEntry, Table]:
    path = f"series/{names.series_file_name(facts.series_id)}"
    written = steps.write(path, format_series(values))
    faults.hit("run.series_written")
    entry = SeriesEntry(
        **{field: getattr(facts, field) for field in SeriesFacts.model_fields},
        points=len(values),
        hash=f"sha256:{written.sha256}",
    )
    return entry, Table(
        written=written, title=facts.id or facts.series_id, unit=facts.unit, bins=len(values)
    )


def _package(record: RunRecord, tables: Sequence[Table]) -> bytes:
    return data_package(
        record.run_id,
        title=record.template_title or record.template_id,
        created=record.created_utc,
        tables=tables,
    )


def _manifest(record: RunRecord, written: Sequence[Written]) -> RunManifest:
    return RunManifest(
        run_id=record.run_id,
        scenario_hash=record.scenario_hash,
        model_hash=record.model_hash,
        rng=record.rng,
        grid=record.grid,
        files=tuple(Listed(w.path, w.bytes, w.sha256) for w in written),
    )


class RunBundle(Reader):
    """An open run bundle: one directory held by descriptor, files read and checked as they are asked for."""

    def __init__(self, directory: Directory, manifest: RunManifest, manifest_hash: str) -> None:
        super().__init__(directory, listed_files(manifest))
        self.manifest = manifest
        self.manifest_hash = manifest_hash

    @cached_property
    def record(self) -> RunRecord:
        """``run.json``; BundleCorrupt where it belongs to another run than the manifest."""
        record = decode(RunRecord, self.require(RECORD), file=RECORD)
        if (record.run_id, record.grid) != (self.manifest.run_id, self.manifest.grid):
            raise BundleChanged(f"{RECORD} and {MANIFEST} tell of different runs.", file=RECORD)
        return record

    @cached_property
    def index(self) -> tuple[SeriesEntry, ...]:
        """The series of the run, in the order they were written."""
        return decode(SeriesIndex, self.require(INDEX), file=INDEX).series

    @cached_property
    def template_text(self) -> str:
        """The template as it was used, comments included."""
        return self._text(TEMPLATE)

    @cached_property
    def model_bytes(self) -> bytes:
        """The bound model as canonical JSON: the bytes that ``modelHash`` digests."""
        return self.require(MODEL)

    @cached_property
    def model_document(self) -> Any:
        """The bound model as plain data."""
        try:
            return orjson.loads(self.model_bytes)
        except orjson.JSONDecodeError as error:
            raise BundleCorrupt(
                f"{MODEL}, line {error.lineno}, column {error.colno}: not JSON.",
                file=MODEL,
                line=error.lineno,
                column=error.colno,
            ) from None

    @cached_property
    def model_yaml(self) -> str:
        """The bound model for people."""
        return self._text(MODEL_YAML)

    @property
    def series_ids(self) -> tuple[str, ...]:
        """The ids of every series that has a file, in manifest order, without reading the index."""
        return tuple(
            path.removeprefix("series/").removesuffix(".csv")
            for path in self._listed
            if path.startswith("series/") and path.endswith(".csv")
        )

    def series_text(self, series_id: str) -> bytes:
        """The CSV of a series, its digest checked; SeriesNotFound where the run has none of that id."""
        return self.read(self._listed_series(series_id).path, MAX_SERIES_BYTES)

    def series_digest(self, series_id: str) -> str:
        """The SHA-256 that the manifest lists for the file of a series; SeriesNotFound where it lists none."""
        return self._listed_series(series_id).sha256

    def series_bytes(self, series_id: str) -> int:
        """The size that the manifest lists for the file of a series; SeriesNotFound where it lists none."""
        return self._listed_series(series_id).bytes

    def series(self, series_id: str) -> Series:
        """The values of a series, float64 of shape (bins,), from bytes whose digest is checked."""
        text = self.series_text(series_id)
        return parse_series(text, points=self.manifest.grid.bins, file=f"series/{series_id}.csv")

    @cached_property
    def telemetry(self) -> TelemetryBundle | None:
        """The run's own copy of the bundle it replayed; None for a simulation run. Closed with this one."""
        from flowtime.bundles.telemetry_bundle import TelemetryBundle

        path = f"{TELEMETRY}/{MANIFEST}"
        if path not in self._listed:
            return None
        # Our manifest lists theirs, so its digest is checked twice over.
        data = self.read(path, MAX_JSON_BYTES)
        directory = self._directory.open_dir(TELEMETRY, what=f"telemetry of {self._directory.what}")
        return TelemetryBundle.held(directory, expected_hash=digest_of(data))

    def close(self) -> None:
        """Let the directories go; nothing can be read afterwards."""
        copied = self.__dict__.get("telemetry")
        if copied is not None:
            copied.close()
        super().close()

    def _listed_series(self, series_id: str) -> Listed:
        # A name that is listed was checked with the manifest; any other is checked before it is called absent.
        listed = self._listed.get(f"series/{series_id}.csv")
        if listed is None:
            names.series_file_name(series_id)
            raise SeriesNotFound(
                f"Run {self.manifest.run_id} has no series {quoted(series_id)}.", seriesId=series_id
            )
        return listed

    def _text(self, path: str) -> str:
        try:
            return self.require(path).decode()
        except UnicodeDecodeError:
            raise BundleCorrupt(f"{path} is not UTF-8 text.", file=path) from None


def open_run_bundle(root: Root, run_id: str, *, manifest_hash: str | None = None) -> RunBundle:
    """Open a run's bundle and read its manifest, and nothing else. Use it in a ``with`` statement.

    Raises BundleMissing, or BundleCorrupt where the manifest is damaged, tells of another run, or has not the
    digest ``manifest_hash``.
    """
    names.check_name("run id", run_id)
    directory = root.open_dir(run_id, what=f"run bundle {run_id}")
    try:
        manifest, found = read_manifest(directory, RunManifest, expected_hash=manifest_hash)
        if manifest.run_id != run_id:
            raise BundleChanged(f"The bundle of run {run_id} is another run's.", file=MANIFEST)
    except BaseException:
        directory.close()
        raise
    return RunBundle(directory, manifest, found)


def list_run_ids(root: Root) -> list[str]:
    """The ids of every run directory on disk, sorted, whatever their state; other names are ignored."""
    return [name for name in root.directory().list() if names.is_name(name)]


def has_run_bundle(root: Root, run_id: str) -> bool:
    """True where the run's name is taken on disk, whatever the state of what is there."""
    try:
        return root.directory().exists(names.check_name("run id", run_id))
    except BundleMissing:
        return False
