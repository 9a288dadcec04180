"""The resources of the API as typed dictionaries: the members that a client shows or acts on."""

from typing import Any, Generic, NotRequired, TypedDict, TypeVar

Item = TypeVar("Item")


class Page(TypedDict, Generic[Item]):
    """One page of a list, with the cursors to its neighbours."""

    items: list[Item]
    pageSize: int
    nextCursor: str | None
    previousCursor: str | None
    totalCount: int
    totalCountIsExact: bool


class Items(TypedDict, Generic[Item]):
    """A list that comes whole."""

    items: list[Item]


class Grid(TypedDict):
    """The time grid of a run or a template; a template may have a parameter in a number's place."""

    bins: int | str
    binSize: int | str
    binUnit: str


class Parameter(TypedDict):
    """A parameter as its template declares it."""

    name: str
    type: str
    title: str
    description: str
    default: object
    arrayOf: NotRequired[str | None]
    minimum: NotRequired[float | None]
    maximum: NotRequired[float | None]
    length: NotRequired[int | None]


class Issue(TypedDict):
    """One thing that is wrong with a request, a template or a model."""

    code: str
    detail: NotRequired[str]
    message: NotRequired[str]
    pointer: NotRequired[str]
    path: NotRequired[str]


class Template(TypedDict):
    """A flow template of the catalog."""

    templateId: str
    title: str
    version: str
    description: str
    tags: list[str]
    grid: Grid | None
    parameters: list[Parameter]
    problems: list[Issue]
    narrative: NotRequired[str]
    captureKey: NotRequired[str | None]


class Failure(TypedDict):
    """Why a job failed."""

    code: str
    detail: str


class Progress(TypedDict):
    """How far a running job has come; ``total`` is null while it is unknown."""

    done: int
    total: int | None
    unit: str


class Telemetry(TypedDict):
    """A run's telemetry summary."""

    available: bool
    generatedAtUtc: str | None
    warningCount: int
    sourceRunId: str | None


class Action(TypedDict):
    """Whether the caller may do something, and why not."""

    allowed: bool
    reason: NotRequired[str | None]


class Reproduction(TypedDict):
    """How exactly a replay reproduces its source."""

    identical: int
    total: int
    maxAbsDiff: float | None


class Provenance(TypedDict):
    """Where a run comes from."""

    engineVersion: NotRequired[str | None]
    sourceRunId: NotRequired[str | None]
    captureId: NotRequired[str | None]
    replayOf: NotRequired[str | None]
    reproduction: NotRequired[Reproduction | None]


class Run(TypedDict):
    """A run; the members from ``parameters`` on are only in its detail."""

    runId: str
    templateId: str
    templateTitle: str
    templateVersion: str
    mode: str
    status: str
    createdUtc: str
    startedUtc: str | None
    finishedUtc: str | None
    createdBy: str | None
    grid: Grid
    warningCount: int
    rng: dict[str, Any]
    inputHash: str | None
    sourceRunId: str | None
    telemetry: Telemetry
    wasReused: NotRequired[bool]
    parameters: NotRequired[dict[str, object]]
    overrides: NotRequired[dict[str, object]]
    warnings: NotRequired[list[dict[str, Any]]]
    provenance: NotRequired[Provenance]
    failure: NotRequired[Failure | None]
    progress: NotRequired[Progress | None]
    actions: NotRequired[dict[str, Action]]


class Plan(TypedDict):
    """What a dry run says would happen."""

    templateId: str
    templateVersion: str
    mode: str
    effectiveParameters: dict[str, object]
    inputHash: str | None
    grid: Grid
    series: list[str]
    warnings: list[dict[str, Any]]
    estimate: dict[str, int]
    runId: NotRequired[str | None]


class PlanAnswer(TypedDict):
    """What a dry run answers with."""

    isDryRun: bool
    plan: Plan


class Integrity(TypedDict):
    """What the last look at a bundle's files found."""

    state: str
    checkedAtUtc: str | None
    problems: list[Any]


class Capture(TypedDict):
    """The record of generating one telemetry bundle."""

    captureId: str
    status: str
    sourceRunId: str
    templateId: str
    captureKey: str | None
    generation: int | str | None
    generatedAtUtc: str | None
    requestedBy: str | None
    warningCount: int
    warnings: list[dict[str, Any]]
    fileCount: int
    byteCount: int
    manifestHash: str | None
    integrity: Integrity
    failure: NotRequired[Failure | None]
    durationMs: NotRequired[int | None]
    progress: NotRequired[Progress | None]


class CaptureAnswer(TypedDict):
    """What generating telemetry answers with."""

    capture: Capture


class ManifestFile(TypedDict):
    """One series file of a telemetry bundle."""

    path: str
    bytes: int
    hash: str


class Manifest(TypedDict):
    """The manifest of a telemetry bundle, as far as a download needs it."""

    files: list[ManifestFile]
    companions: NotRequired[list[ManifestFile]]


class SeriesEntry(TypedDict):
    """One line of a run's series catalogue."""

    seriesId: str
    nodeId: str | None
    kind: str
    unit: str | None
    points: int


class Token(TypedDict):
    """An API token; ``token`` itself is shown once, when it is made."""

    tokenId: str
    createdUtc: str
    expiresUtc: str | None
    isCurrent: bool
    token: NotRequired[str]


class Event(TypedDict):
    """One step in the life of a run or a capture."""

    eventId: str
    atUtc: str
    name: str
    actor: str | None
    attributes: dict[str, Any]


class Series(TypedDict):
    """One series of a run; undefined values are null."""

    seriesId: str
    kind: str
    unit: str | None
    points: int
    bins: list[int]
    values: list[float | None]


class NodeState(TypedDict):
    """One node in one bin: what was observed, and what follows from it."""

    nodeId: str
    kind: str
    label: str
    colour: str
    observed: dict[str, float | None]
    derived: dict[str, float | None]
    warnings: list[str]


class State(TypedDict):
    """What every node was doing in one bin."""

    runId: str
    bin: int
    beginsUtc: str
    endsUtc: str
    nodes: list[NodeState]
    edges: list[dict[str, Any]]
    warnings: list[dict[str, Any]]


Window = TypedDict(
    "Window",
    {
        "runId": str,
        "from": int,
        "to": int,
        "timestampsUtc": list[str],
        "nodes": list[dict[str, Any]],
        "edges": list[dict[str, Any]],
        "warnings": list[dict[str, Any]],
    },
)
"""The states of a range of bins, one array a metric; ``to`` is included."""


class SeriesDifference(TypedDict):
    """How one series of two runs differs."""

    seriesId: str
    isIdentical: bool
    maxAbsDiff: float | None
    meanAbsDiff: float | None
    firstDifferentBin: int | None


class SeriesComparison(TypedDict):
    """How the series of two runs differ, matched by their ids."""

    matched: int
    identical: int
    different: int
    onlyInA: list[str]
    onlyInB: list[str]
    maxAbsDiff: float | None
    firstDifferentBin: int | None
    items: list[SeriesDifference]


class ParameterComparison(TypedDict):
    """One parameter in two runs."""

    name: str
    a: object
    b: object
    isDifferent: bool


class Comparison(TypedDict):
    """How two runs differ."""

    a: dict[str, Any]
    b: dict[str, Any]
    isComparable: bool
    isIdentical: bool
    parameters: list[ParameterComparison]
    series: SeriesComparison


class Readiness(TypedDict):
    """What a server says of itself: ``ok`` or a sentence for each thing it needs."""

    status: str
    checks: dict[str, str]


class SchemaItem(TypedDict):
    """The JSON Schema of one file of a bundle, by name."""

    name: str
    description: str
    links: dict[str, str]
