"""What the time travel routes answer with, for the OpenAPI document; the answers themselves are plain data."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from flowtime.engine import COLOURS
from runs.api.serializers import (
    GridSerializer,
    RunWarningSerializer,
    Shown,
    ShownRngSerializer,
    WindowSerializer,
)
from runs.models import Run


def _number() -> serializers.Field[Any, Any, Any, Any]:
    return serializers.FloatField(allow_null=True)


class PlaceShownSerializer(Shown):
    """A place of the topology."""

    nodeId = serializers.CharField()  # noqa: N815
    kind = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # Field.label


class ConnectionShownSerializer(Shown):
    """A connection of the topology."""

    edgeId = serializers.CharField()  # noqa: N815
    type = serializers.CharField()

    # ``from`` is a word of Python, so the field cannot be a plain attribute.
    def get_fields(self) -> dict[str, Any]:
        return {
            **super().get_fields(),
            "from": serializers.CharField(),
            "to": serializers.CharField(),
        }


class NodeStateSerializer(PlaceShownSerializer):
    """A place in one bin: values by role and by metric, null where undefined."""

    colour = serializers.ChoiceField(choices=COLOURS)
    observed = serializers.DictField(child=_number())
    derived = serializers.DictField(child=_number())
    warnings = serializers.ListField(
        child=serializers.CharField(), help_text="Codes of the warnings about this node and bin."
    )


class EdgeStateSerializer(ConnectionShownSerializer):
    """A connection in one bin."""

    metrics = serializers.DictField(child=_number())


class RunStateSerializer(Shown):
    """A run in one bin."""

    runId = serializers.CharField()  # noqa: N815
    bin = serializers.IntegerField()
    beginsUtc = serializers.DateTimeField(allow_null=True)  # noqa: N815
    endsUtc = serializers.DateTimeField(allow_null=True)  # noqa: N815
    nodes = NodeStateSerializer(many=True)
    edges = EdgeStateSerializer(many=True)
    warnings = RunWarningSerializer(many=True)


class NodeWindowSerializer(PlaceShownSerializer):
    """A place over some bins: an array a metric, null where undefined."""

    colours = serializers.CharField(
        help_text="A letter a bin: `.` undefined, `g` green, `y` yellow, `r` red, `d` dead letters."
    )
    observed = serializers.DictField(child=serializers.ListField(child=_number()))
    derived = serializers.DictField(child=serializers.ListField(child=_number()))


class EdgeWindowSerializer(ConnectionShownSerializer):
    """A connection over some bins."""

    metrics = serializers.DictField(child=serializers.ListField(child=_number()))


class RunStateWindowSerializer(Shown):
    """A run over some bins, by column: position 0 of each array is the bin `from`."""

    runId = serializers.CharField()  # noqa: N815
    to = serializers.IntegerField()
    binMinutes = serializers.IntegerField()  # noqa: N815
    timestampsUtc = serializers.ListField(  # noqa: N815
        child=serializers.DateTimeField(),
        allow_null=True,
        help_text="When each bin begins; null where the model does not say when it begins.",
    )
    nodes = NodeWindowSerializer(many=True)
    edges = EdgeWindowSerializer(many=True)
    warnings = RunWarningSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "from": serializers.IntegerField()}


class PromiseSerializer(Shown):
    """How often a promise is kept."""

    share = serializers.FloatField(
        allow_null=True, help_text="Of the bins in which it is defined, 0 to 1; null without any."
    )
    definedBins = serializers.IntegerField()  # noqa: N815


class PromisesSerializer(Shown):
    """The promises that apply to a place."""

    completion = PromiseSerializer(required=False)
    backlogAge = PromiseSerializer(required=False)  # noqa: N815
    scheduleAdherence = PromiseSerializer(required=False)  # noqa: N815


class DistributionSerializer(Shown):
    """How the defined values of a metric are spread over the bins."""

    mean = serializers.FloatField()
    p50 = serializers.FloatField()
    p90 = serializers.FloatField()
    p95 = serializers.FloatField()
    p99 = serializers.FloatField()
    max = serializers.FloatField()
    definedBins = serializers.IntegerField()  # noqa: N815


class PeakSerializer(Shown):
    """The greatest value and the first bin that has it."""

    value = serializers.FloatField()
    bin = serializers.IntegerField()
    beginsUtc = serializers.DateTimeField(allow_null=True)  # noqa: N815


class NodeMetricsSerializer(PlaceShownSerializer):
    """The figures of a place; null where they are never defined."""

    totals = serializers.DictField(child=_number(), help_text="Sum of each flow by role.")
    sla = PromisesSerializer()
    utilization = DistributionSerializer(allow_null=True)
    peakQueue = PeakSerializer(allow_null=True)  # noqa: N815
    flowLatencyMs = DistributionSerializer(allow_null=True)  # noqa: N815


class RunMetricsSerializer(Shown):
    """Figures over a range of bins."""

    runId = serializers.CharField()  # noqa: N815
    to = serializers.IntegerField()
    beginsUtc = serializers.DateTimeField(allow_null=True)  # noqa: N815
    endsUtc = serializers.DateTimeField(allow_null=True)  # noqa: N815
    nodes = NodeMetricsSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "from": serializers.IntegerField()}


class ComparedRunSerializer(Shown):
    """One of the two runs."""

    runId = serializers.CharField()  # noqa: N815
    templateId = serializers.CharField()  # noqa: N815
    templateVersion = serializers.CharField()  # noqa: N815
    mode = serializers.ChoiceField(choices=Run.Mode.choices)
    rng = ShownRngSerializer()
    grid = GridSerializer()
    window = WindowSerializer()
    inputHash = serializers.CharField()  # noqa: N815
    resultHash = serializers.CharField(allow_null=True)  # noqa: N815


class ComparedParameterSerializer(Shown):
    """A parameter in both runs; null in a run that does not have it."""

    name = serializers.CharField()
    a = serializers.JSONField(allow_null=True)
    b = serializers.JSONField(allow_null=True)
    isDifferent = serializers.BooleanField()  # noqa: N815


class SeriesDifferenceSerializer(Shown):
    """A series that both runs have. Differences are over the bins that are defined in both."""

    seriesId = serializers.CharField()  # noqa: N815
    nodeId = serializers.CharField(allow_null=True)  # noqa: N815
    kind = serializers.CharField()
    unit = serializers.CharField()
    isIdentical = serializers.BooleanField()  # noqa: N815
    maxAbsDiff = serializers.FloatField(allow_null=True)  # noqa: N815
    maxAbsDiffBin = serializers.IntegerField(  # noqa: N815
        allow_null=True, help_text="The first bin that far apart."
    )
    meanAbsDiff = serializers.FloatField(allow_null=True)  # noqa: N815
    firstDifferentBin = serializers.IntegerField(allow_null=True)  # noqa: N815
    differentBins = serializers.IntegerField()  # noqa: N815

    def get_fields(self) -> dict[str, Any]:
        return {**super().get_fields(), "class": serializers.CharField()}


class ComparedSeriesSerializer(Shown):
    """The series of both runs, matched by id."""

    matched = serializers.IntegerField()
    identical = serializers.IntegerField()
    different = serializers.IntegerField()
    onlyInA = serializers.ListField(child=serializers.CharField())  # noqa: N815
    onlyInB = serializers.ListField(child=serializers.CharField())  # noqa: N815
    maxAbsDiff = serializers.FloatField(allow_null=True)  # noqa: N815
    firstDifferentBin = serializers.IntegerField(allow_null=True)  # noqa: N815
    items = SeriesDifferenceSerializer(
        many=True, help_text="The largest difference comes first, the identical ones last."
    )


class ComparisonSerializer(Shown):
    """Two runs side by side."""

    a = ComparedRunSerializer()
    b = ComparedRunSerializer()
    isComparable = serializers.BooleanField(  # noqa: N815
        help_text="False where the grids differ: then no series is compared."
    )
    isIdentical = serializers.BooleanField(  # noqa: N815
        help_text="Both runs have the same series, equal in every bin."
    )
    parameters = ComparedParameterSerializer(many=True, help_text="Those that differ come first.")
    series = ComparedSeriesSerializer()
