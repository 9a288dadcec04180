"""The JSON files of both bundles as types: what is written, and what is accepted when read (bundles §2, §3)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar, get_args

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from flowtime.bundles import names
from flowtime.bundles.errors import BundleCorrupt, InvalidName, quoted

MAX_JSON_BYTES = 64 << 20
"""The largest JSON file that is read: a manifest of 100,000 files is a third of it."""

RUN_SCHEMA_VERSION = 1
TELEMETRY_SCHEMA_VERSION = 2
MINUTES = {"minutes": 1, "hours": 60, "days": 1440, "weeks": 10080}

Metric = Literal[
    "Arrivals",
    "Served",
    "Errors",
    "Attempts",
    "Failures",
    "ExhaustedFailures",
    "RetryEcho",
    "RetryBudgetRemaining",
    "ExternalDemand",
    "QueueDepth",
    "Capacity",
    "ProcessingTimeMsSum",
    "ServedCount",
]
METRICS: tuple[str, ...] = get_args(Metric)


# Bundles of one template have the same paths, and each look at any of them would check them all again.
@lru_cache(maxsize=8192)
def _checked_path(text: str) -> str:
    try:
        names.check_path(text)
    except InvalidName as error:
        raise ValueError(error.detail) from None
    return text


def _checked_name(text: str) -> str:
    if not names.is_name(text, at_sign=True):
        raise ValueError("not a valid name")
    return text


def _checked_id(text: str) -> str:
    if not names.is_name(text):
        raise ValueError("not a valid id")
    return text


def _finite_only(value: Any) -> Any:
    """Free JSON is checked by hand: the parser knows NaN and Infinity, which our files never hold."""
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError("a number that is not finite")
    for part in (
        value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    ):
        _finite_only(part)
    return value


def _finite_or_none(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Name = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,127}$"),
    AfterValidator(_checked_name),
]
RunId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$"),
    AfterValidator(_checked_id),
]
FilePath = Annotated[
    str, StringConstraints(max_length=names.MAX_PATH), AfterValidator(_checked_path)
]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
Utc = Annotated[
    str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z$", max_length=30)
]
Text = Annotated[str, StringConstraints(max_length=4096)]
Size = Annotated[int, Field(ge=0, le=1 << 40)]
Bins = Annotated[int, Field(ge=1, le=1_000_000)]
Ranges = tuple[tuple[int, int], ...]
Json = Annotated[dict[str, Any], AfterValidator(_finite_only)]
Coverage = Literal["full", "partial", "missing"]
Severity = Literal["error", "warning", "info"]


class Part(BaseModel):
    """Part of a file: camelCase on disk, nothing unknown, numbers finite, immutable."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
        allow_inf_nan=False,
    )


class _File(Part):
    """A whole file, which says in ``schemaVersion`` which rules it follows."""

    newest: ClassVar[int] = RUN_SCHEMA_VERSION


F = TypeVar("F", bound=_File)


class Grid(Part):
    """``bins`` equal, adjacent bins."""

    bins: Bins
    bin_size: Annotated[int, Field(ge=1)]
    bin_unit: Literal["minutes", "hours", "days", "weeks"]

    @property
    def duration_minutes(self) -> int:
        return self.bins * self.bin_size * MINUTES[self.bin_unit]


class Rng(Part):
    """The generator and the seed that the run used."""

    kind: Literal["pcg32"] = "pcg32"
    seed: Annotated[int, Field(ge=0, le=0xFFFFFFFF)]


class RunWindow(Part):
    """The time that a run covers; no start where the model has none."""

    start_utc: Utc | None = None
    duration_minutes: Annotated[int, Field(ge=1)]


class TelemetryWindow(Part):
    """The time that a telemetry bundle covers; no start where the model has none."""

    start_time_utc: Utc | None = None
    duration_minutes: Annotated[int, Field(ge=1)]


class RunWarning(Part):
    """A finding of the engine as ``run.json`` keeps it (engine §19). A worst value that is not finite is null."""

    code: Text
    severity: Severity
    node_id: Text | None = None
    message: Text
    bins: Ranges = ()
    count: int = 0
    worst_bin: int | None = None
    worst_value: Annotated[float | None, BeforeValidator(_finite_or_none)] = None
    edges: tuple[Text, ...] = ()
    class_id: Text | None = None
    suggestion: Text | None = None


# A manifest lists hundreds, and verify reads every manifest: a model apiece would be half of its work.
@dataclass(frozen=True, slots=True)
class Listed:
    """One file as a manifest lists it, whichever the format: path, size, SHA-256 in hexadecimal."""

    __pydantic_config__ = ConfigDict(extra="forbid")

    path: FilePath
    bytes: Size
    sha256: Sha256


def _refuse_repeated(paths: list[str]) -> None:
    # Compared without case: the bundle must survive being copied to a file system that ignores it.
    if len(set("\n".join(paths).lower().split("\n"))) != len(paths):
        raise ValueError("two files have the same path")
    if "manifest.json" in paths:
        raise ValueError("the manifest lists itself")


class RunManifest(_File):
    """``manifest.json`` of a run bundle, written last; ``files`` is every other file."""

    schema_version: Literal[1] = 1
    kind: Literal["run"] = "run"
    run_id: RunId
    scenario_hash: Digest
    model_hash: Digest
    rng: Rng
    grid: Grid
    files: tuple[Listed, ...]

    @model_validator(mode="after")
    def _paths_differ(self) -> Self:
        _refuse_repeated([file.path for file in self.files])
        return self


class RunRecord(_File):
    """``run.json``: what happened, in full, so that a database row can be rebuilt from it.

    ``overrides`` and ``provenance`` are the caller's own JSON; ``reproduction`` and links belong in the latter.
    """

    schema_version: Literal[1] = 1
    run_id: RunId
    template_id: Text
    template_version: Text
    template_title: Text | None = None
    mode: Literal["simulation", "telemetry"]
    grid: Grid
    window: RunWindow
    rng: Rng
    parameters: Json = {}
    overrides: Json = {}
    input_hash: Digest
    parameters_hash: Digest
    scenario_hash: Digest
    model_hash: Digest
    template_hash: Digest | None = None
    result_hash: Digest | None = None
    classes: tuple[Text, ...] = ()
    class_coverage: Coverage | None = None
    warnings: tuple[RunWarning, ...] = ()
    shape: Annotated[str, StringConstraints(pattern=r"^[.gyr]{48}$")] | None = None
    engine_version: Text
    created_utc: Utc
    started_utc: Utc | None = None
    finished_utc: Utc | None = None
    created_by: Text | None = None
    provenance: Json = {}


class SeriesFacts(Part):
    """What the engine knows of a series before it is written (engine §16.3)."""

    series_id: Name
    node_id: Text | None = None
    kind: Literal["flow", "stock", "ratio", "time", "edge"]
    unit: Text
    class_id: Annotated[Text, Field(alias="class")] = "DEFAULT"
    id: Text | None = None
    roles: tuple[Text, ...] = ()
    origin: Literal["authored", "synthesised", "edge", "derived"] | None = None
    hidden: bool = False


class SeriesEntry(SeriesFacts):
    """One line of ``series/index.json``: the facts, and the number of rows and digest of the file."""

    points: Bins
    hash: Digest


class SeriesIndex(_File):
    """``series/index.json``: every series of the run, in the order they were written."""

    schema_version: Literal[1] = 1
    series: tuple[SeriesEntry, ...]


class TelemetryFile(Part):
    """One series of a telemetry bundle: which node and metric it is, and the file that holds it."""

    node_id: Text
    metric: Metric
    class_id: Text | None = None
    path: Name
    bytes: Size
    points: Bins
    hash: Digest


class Companion(Part):
    """A file of the bundle that is not a series."""

    path: Name
    bytes: Size
    hash: Digest


class TelemetryWarning(Part):
    """A finding of the capture: one a code, node and metric, with inclusive ranges of bins."""

    code: Text
    message: Text
    severity: Severity
    node_id: Text | None = None
    metric: Text | None = None
    class_id: Text | None = None
    bins: Ranges | None = None


class TelemetryProvenance(Part):
    """The run that a telemetry bundle was generated from, and when."""

    run_id: RunId
    scenario_hash: Digest
    model_hash: Digest
    captured_at_utc: Utc


class TelemetryManifest(_File):
    """``manifest.json`` of a telemetry bundle; ``files`` and ``companions`` together are every other file."""

    newest: ClassVar[int] = TELEMETRY_SCHEMA_VERSION

    schema_version: Literal[2] = 2
    window: TelemetryWindow
    grid: Grid
    supports_class_metrics: bool
    classes: tuple[Text, ...] | None = None
    class_coverage: Coverage | None = None
    files: tuple[TelemetryFile, ...]
    companions: tuple[Companion, ...]
    warnings: tuple[TelemetryWarning, ...] = ()
    provenance: TelemetryProvenance

    @property
    def listed(self) -> tuple[TelemetryFile | Companion, ...]:
        """Every other file of the bundle."""
        return (*self.files, *self.companions)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> Self:
        _refuse_repeated([file.path for file in self.listed])
        if self.window.duration_minutes != self.grid.duration_minutes:
            raise ValueError("the window does not last as long as the grid")
        if any(file.points != self.grid.bins for file in self.files):
            raise ValueError("a file has another number of points than the grid has bins")
        return self


class AutoCapture(_File):
    """``autocapture.json``: how the bundle came to be, enough to rebuild the row that indexes it."""

    schema_version: Literal[1] = 1
    template_id: Text
    template_version: Text
    capture_key: Text | None = None
    source_run_id: RunId
    capture_id: Text
    generation: Annotated[str, StringConstraints(pattern=r"^g[0-9]{6}$")]
    generated_at_utc: Utc
    requested_at_utc: Utc | None = None
    requested_by: Text | None = None
    duration_ms: Annotated[int, Field(ge=0)] | None = None
    nan: Annotated[str, StringConstraints(pattern="^(keep|zero)$")] = "keep"
    gaps: Annotated[str, StringConstraints(pattern="^(keep|report|zero)$")] = "keep"
    parameters_hash: Digest
    scenario_hash: Digest
    rng_seed: Annotated[int, Field(ge=0, le=0xFFFFFFFF)]
    generator: Text


def encode(document: BaseModel) -> bytes:
    """The file's bytes: UTF-8 JSON in a fixed order, indented, with a final newline; absent facts are left out."""
    data = document.model_dump(mode="json", by_alias=True, exclude_none=True)
    return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def decode(kind: type[F], data: bytes, *, file: str) -> F:
    """Read a file strictly. BundleCorrupt names the file, and the line and column or the entry that is wrong."""
    try:
        document = kind.model_validate_json(data.removeprefix(b"\xef\xbb\xbf"), strict=True)
    except ValidationError as error:
        raise _refusal(
            kind, data, error.errors(include_url=False, include_input=False)[0], file
        ) from None

    # A default for those who write it; whoever reads must not guess it.
    if "schema_version" not in document.model_fields_set:
        raise BundleCorrupt(f"{file} does not say which schemaVersion it has.", file=file)
    return document


def _refusal(kind: type[_File], data: bytes, first: ErrorDetails, file: str) -> BundleCorrupt:
    try:
        document = orjson.loads(data.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        return BundleCorrupt(
            f"{file}, line {error.lineno}, column {error.colno}: not JSON.",
            file=file,
            line=error.lineno,
            column=error.colno,
        )
    version = document.get("schemaVersion") if isinstance(document, dict) else None
    if isinstance(version, int) and version > kind.newest:
        return BundleCorrupt(
            f"{file} was written by a newer FlowTime: its schema version is {version}, "
            f"and this one reads up to {kind.newest}.",
            file=file,
        )
    entry = ".".join(str(step) for step in first["loc"])
    where = f" at {quoted(entry)}" if entry else ""
    return BundleCorrupt(f"{file} is not valid{where}: {first['msg']}.", file=file)
