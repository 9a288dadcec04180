"""What the run routes answer with, for the OpenAPI document; the answers themselves are plain data."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from flowtime.api.pagination import page_of
from runs.models import Run

Shown = serializers.Serializer[Any]


class GridSerializer(Shown):
    """Equal, adjacent bins."""

    bins = serializers.IntegerField()
    binSize = serializers.IntegerField()  # noqa: N815
    binUnit = serializers.ChoiceField(choices=["minutes", "hours", "days", "weeks"])  # noqa: N815


class WindowSerializer(Shown):
    """The time a run covers; no start where its model has none."""

    startUtc = serializers.DateTimeField(allow_null=True)  # noqa: N815
    durationMinutes = serializers.IntegerField()  # noqa: N815


class ShownRngSerializer(Shown):
    """The random generator as it was used."""

    kind = serializers.CharField()
    seed = serializers.IntegerField()


class TemplateRngSerializer(ShownRngSerializer):
    """The random generator that a template asks for, and how it treats chance."""

    mode = serializers.ChoiceField(
        choices=["expected", "sample"],
        help_text="What a distribution gives in each bin: its expected value, or a value drawn from it.",
    )


class UsedRngSerializer(TemplateRngSerializer):
    """How a run treats chance: ``replicate`` is one of the independent samples of the seed."""

    replicate = serializers.IntegerField()


class TelemetrySummarySerializer(Shown):
    """The telemetry that belongs to a run: generated from it, or replayed by it."""

    available = serializers.BooleanField()
    generatedAtUtc = serializers.DateTimeField(allow_null=True)  # noqa: N815
    warningCount = serializers.IntegerField()  # noqa: N815
    sourceRunId = serializers.CharField(allow_null=True)  # noqa: N815


class RunLinksSerializer(Shown):
    """Where more of a run is; `state` needs the bin, `?bin=0`."""

    self = serializers.CharField()
    html = serializers.CharField()
    state = serializers.CharField()
    stateWindow = serializers.CharField()  # noqa: N815
    graph = serializers.CharField()
    captures = serializers.CharField()


class RunItemSerializer(Shown):
    """A run in a list."""

    runId = serializers.CharField()  # noqa: N815
    templateId = serializers.CharField()  # noqa: N815
    templateTitle = serializers.CharField()  # noqa: N815
    templateVersion = serializers.CharField()  # noqa: N815
    mode = serializers.ChoiceField(choices=Run.Mode.choices)
    status = serializers.ChoiceField(choices=Run.Status.choices)
    createdUtc = serializers.DateTimeField()  # noqa: N815
    startedUtc = serializers.DateTimeField(allow_null=True)  # noqa: N815
    finishedUtc = serializers.DateTimeField(allow_null=True)  # noqa: N815
    createdBy = serializers.CharField(allow_null=True)  # noqa: N815
    grid = GridSerializer()
    window = WindowSerializer()
    warningCount = serializers.IntegerField()  # noqa: N815
    rng = ShownRngSerializer()
    inputHash = serializers.CharField(allow_null=True)  # noqa: N815
    sourceRunId = serializers.CharField(allow_null=True)  # noqa: N815
    canReplay = serializers.BooleanField()  # noqa: N815
    shape = serializers.CharField(
        allow_null=True,
        help_text="48 letters, the worst state of any node in each forty-eighth of the run: "
        "`.` undefined, `g` green, `y` yellow, `r` red.",
    )
    telemetry = TelemetrySummarySerializer()
    links = RunLinksSerializer()


class RunWarningSerializer(Shown):
    """A finding about the model or its numbers, with the bins it concerns."""

    code = serializers.CharField()
    severity = serializers.ChoiceField(choices=["error", "warning", "info"])
    nodeId = serializers.CharField(allow_null=True)  # noqa: N815
    message = serializers.CharField()
    bins = serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2)
    )
    count = serializers.IntegerField()
    worstBin = serializers.IntegerField(allow_null=True)  # noqa: N815
    worstValue = serializers.FloatField(allow_null=True)  # noqa: N815
    edges = serializers.ListField(child=serializers.CharField())
    classId = serializers.CharField(allow_null=True)  # noqa: N815
    suggestion = serializers.CharField(allow_null=True)


class ReproductionSerializer(Shown):
    """How exactly a replay repeats its source."""

    identical = serializers.IntegerField()
    total = serializers.IntegerField()
    maxAbsDiff = serializers.FloatField(allow_null=True)  # noqa: N815


class ProvenanceSerializer(Shown):
    """Where a run comes from."""

    engineVersion = serializers.CharField(allow_null=True)  # noqa: N815
    templateDigest = serializers.CharField(allow_null=True)  # noqa: N815
    sourceRunId = serializers.CharField(allow_null=True)  # noqa: N815
    captureId = serializers.CharField(allow_null=True)  # noqa: N815
    captureKey = serializers.CharField(allow_null=True)  # noqa: N815
    replayOf = serializers.ChoiceField(  # noqa: N815
        choices=["model", "telemetry"], allow_null=True
    )
    reproduction = ReproductionSerializer(allow_null=True)


class FailureSerializer(Shown):
    """Why the work failed."""

    code = serializers.CharField()
    detail = serializers.CharField()


class ProgressSerializer(Shown):
    """How far the work is."""

    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)
    unit = serializers.CharField()


class ActionSerializer(Shown):
    """Whether something may be done now, and if not, why."""

    allowed = serializers.BooleanField()
    reason = serializers.CharField(allow_null=True)


class ActionsSerializer(Shown):
    """What the caller may do with a run now."""

    generateTelemetry = ActionSerializer()  # noqa: N815
    regenerateTelemetry = ActionSerializer()  # noqa: N815
    replayFromModel = ActionSerializer()  # noqa: N815
    replayFromTelemetry = ActionSerializer()  # noqa: N815


class RunSerializer(RunItemSerializer):
    """A run in full."""

    rng = UsedRngSerializer()
    parameters = serializers.DictField(child=serializers.JSONField())
    overrides = serializers.DictField(child=serializers.JSONField())
    parametersHash = serializers.CharField(allow_null=True)  # noqa: N815
    scenarioHash = serializers.CharField(allow_null=True)  # noqa: N815
    modelHash = serializers.CharField(allow_null=True)  # noqa: N815
    resultHash = serializers.CharField(allow_null=True)  # noqa: N815
    classes = serializers.ListField(child=serializers.CharField())
    classCoverage = serializers.ChoiceField(  # noqa: N815
        choices=["full", "partial", "missing"], allow_null=True
    )
    warnings = RunWarningSerializer(many=True)
    provenance = ProvenanceSerializer()
    failure = FailureSerializer(allow_null=True)
    progress = ProgressSerializer(allow_null=True)
    actions = ActionsSerializer()
    wasReused = serializers.BooleanField(  # noqa: N815
        required=False, help_text="Only in the answer to createRun."
    )


class PlannedFileSerializer(Shown):
    """A file of the bundle that would be replayed, as its manifest names it."""

    nodeId = serializers.CharField()  # noqa: N815
    metric = serializers.CharField()
    classId = serializers.CharField(allow_null=True)  # noqa: N815
    path = serializers.CharField()


class PlannedTelemetrySerializer(Shown):
    """The bundle that would be replayed."""

    sourceRunId = serializers.CharField(allow_null=True)  # noqa: N815
    captureKey = serializers.CharField(allow_null=True)  # noqa: N815
    files = PlannedFileSerializer(many=True)
    bindings = serializers.DictField(child=serializers.CharField())


class PlannedWarningSerializer(Shown):
    """Something to know before the run."""

    code = serializers.CharField()
    severity = serializers.ChoiceField(choices=["error", "warning", "info"])
    nodeId = serializers.CharField(allow_null=True, required=False)  # noqa: N815
    message = serializers.CharField()


class EstimateSerializer(Shown):
    """How much would be computed and written."""

    cells = serializers.IntegerField()
    bytes = serializers.IntegerField()


class RunPlanSerializer(Shown):
    """What a request would do."""

    templateId = serializers.CharField()  # noqa: N815
    templateVersion = serializers.CharField()  # noqa: N815
    mode = serializers.ChoiceField(choices=Run.Mode.choices)
    runId = serializers.CharField(allow_null=True)  # noqa: N815
    effectiveParameters = serializers.DictField(child=serializers.JSONField())  # noqa: N815
    inputHash = serializers.CharField()  # noqa: N815
    rng = UsedRngSerializer()
    grid = GridSerializer()
    series = serializers.ListField(child=serializers.CharField())
    telemetry = PlannedTelemetrySerializer(allow_null=True)
    warnings = PlannedWarningSerializer(many=True)
    estimate = EstimateSerializer()


class DryRunSerializer(Shown):
    """The answer to a dry run; nothing was written."""

    isDryRun = serializers.BooleanField()  # noqa: N815
    plan = RunPlanSerializer()


class EventSerializer(Shown):
    """One step in a life."""

    eventId = serializers.CharField()  # noqa: N815
    atUtc = serializers.DateTimeField()  # noqa: N815
    name = serializers.CharField()
    actor = serializers.CharField(allow_null=True)
    attributes = serializers.DictField(child=serializers.JSONField())


class SeriesEntrySerializer(Shown):
    """One series of a run."""

    seriesId = serializers.CharField()  # noqa: N815
    nodeId = serializers.CharField(allow_null=True)  # noqa: N815
    kind = serializers.ChoiceField(choices=["flow", "stock", "ratio", "time", "edge"])
    unit = serializers.CharField()
    points = serializers.IntegerField()
    hash = serializers.CharField()

    # ``class`` is a word of Python, so the field cannot be a plain attribute.
    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "class": serializers.CharField()}


class SeriesIndexSerializer(Shown):
    """Every series of a run."""

    items = SeriesEntrySerializer(many=True)


class SeriesSerializer(Shown):
    """Values of one series by bin; undefined values are null."""

    seriesId = serializers.CharField()  # noqa: N815
    unit = serializers.CharField()
    kind = serializers.CharField()
    points = serializers.IntegerField(help_text="Values in the range before thinning out.")
    bins = serializers.ListField(child=serializers.IntegerField())
    values = serializers.ListField(child=serializers.FloatField(allow_null=True))


class GraphNodeSerializer(Shown):
    """A place of the topology and the series of its roles."""

    id = serializers.CharField()
    kind = serializers.CharField()
    role = serializers.CharField(allow_null=True)
    label = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # Field.label
    group = serializers.CharField(allow_null=True)
    semantics = serializers.DictField(child=serializers.CharField())
    series = serializers.DictField(child=serializers.CharField())
    aliases = serializers.DictField(child=serializers.CharField())
    position = serializers.DictField(child=serializers.FloatField(), allow_null=True)


class GraphEdgeSerializer(Shown):
    """A connection between two places."""

    id = serializers.CharField()
    type = serializers.CharField()
    measure = serializers.CharField()
    weight = serializers.FloatField()
    lag = serializers.IntegerField()

    # ``from`` is a word of Python, so the field cannot be a plain attribute.
    def get_fields(self) -> dict[str, Any]:
        return {
            **super().get_fields(),
            "from": serializers.CharField(),
            "to": serializers.CharField(),
        }


class FormulaSerializer(Shown):
    """How a computation node makes its series; a source takes the place of the formula."""

    id = serializers.CharField()
    kind = serializers.ChoiceField(choices=["const", "expr", "pmf", "serviceWithBuffer", "router"])
    title = serializers.CharField(allow_null=True)
    unit = serializers.CharField(allow_null=True)
    seriesKind = serializers.CharField(allow_null=True)  # noqa: N815
    formula = serializers.CharField(
        allow_null=True, help_text="Of a template, with its placeholders; of a run, with values."
    )
    source = serializers.CharField(allow_null=True)  # type: ignore[assignment]  # Field.source
    targets = serializers.ListField(
        child=serializers.CharField(), help_text="The series that a router defines."
    )
    hidden = serializers.BooleanField()


class GraphSerializer(Shown):
    """The topology, ready to be drawn, and how its series are made."""

    nodes = GraphNodeSerializer(many=True)
    edges = GraphEdgeSerializer(many=True)
    formulas = FormulaSerializer(many=True)


class ParameterSerializer(Shown):
    """A parameter that a template declares."""

    name = serializers.CharField()
    type = serializers.ChoiceField(choices=["integer", "number", "boolean", "string", "array"])
    arrayOf = serializers.ChoiceField(choices=["number", "integer"], required=False)  # noqa: N815
    title = serializers.CharField(allow_null=True)
    description = serializers.CharField(allow_null=True)
    unit = serializers.CharField(required=False)
    default = serializers.JSONField(allow_null=True)
    required = serializers.BooleanField()  # type: ignore[assignment]  # Field.required
    minimum = serializers.FloatField(required=False)
    maximum = serializers.FloatField(required=False)
    length = serializers.JSONField(
        required=False, help_text="A number, or the name of an integer parameter."
    )


class TemplateGridSerializer(Shown):
    """The grid as the template writes it: a placeholder may stand for a number."""

    bins = serializers.JSONField()
    binSize = serializers.JSONField()  # noqa: N815
    binUnit = serializers.JSONField()  # noqa: N815


class DocumentProblemSerializer(Shown):
    """What is wrong with a template, its parameters or the model that they make."""

    path = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()
    line = serializers.IntegerField(required=False)
    column = serializers.IntegerField(required=False)
    position = serializers.IntegerField(required=False)
    suggestion = serializers.CharField(required=False)
    excerpt = serializers.CharField(required=False)
    detail = serializers.CharField(required=False)
    pointer = serializers.CharField(
        required=False, help_text="A JSON Pointer into the body, where a parameter is to blame."
    )


class TemplateLinksSerializer(Shown):
    """Where more of a template is."""

    self = serializers.CharField()


class TemplateItemSerializer(Shown):
    """A flow template; one with problems cannot be run."""

    templateId = serializers.CharField()  # noqa: N815
    title = serializers.CharField()
    version = serializers.CharField(allow_blank=True)
    description = serializers.CharField(allow_blank=True)
    narrative = serializers.CharField(allow_blank=True)
    tags = serializers.ListField(child=serializers.CharField())
    captureKey = serializers.CharField(allow_null=True)  # noqa: N815
    grid = TemplateGridSerializer(allow_null=True)
    mode = serializers.ChoiceField(choices=Run.Mode.choices, allow_null=True)
    rng = TemplateRngSerializer(allow_null=True)
    parameters = ParameterSerializer(many=True)
    problems = DocumentProblemSerializer(many=True)
    links = TemplateLinksSerializer()


class TemplateListSerializer(Shown):
    """The catalog."""

    items = TemplateItemSerializer(many=True)


class TemplateSerializer(TemplateItemSerializer):
    """A flow template with the topology its defaults give; null where they give none."""

    graph = GraphSerializer(allow_null=True)


RunPageSerializer = page_of(RunItemSerializer, name="RunPage")
RunEventPageSerializer = page_of(EventSerializer, name="RunEventPage")


class SchemaLinksSerializer(Shown):
    """Where a schema is."""

    self = serializers.CharField()


class SchemaItemSerializer(Shown):
    """The schema of one file of a bundle, by name."""

    name = serializers.CharField()
    description = serializers.CharField()
    links = SchemaLinksSerializer()


class SchemaListSerializer(Shown):
    """The schemas of all files of bundles."""

    items = SchemaItemSerializer(many=True)
