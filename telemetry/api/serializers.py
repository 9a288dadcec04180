"""What the capture routes answer with, for the OpenAPI document; the answers themselves are plain data."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from flowtime.api.pagination import page_of
from runs.api.serializers import EventSerializer, FailureSerializer, GridSerializer
from runs.models import Integrity
from telemetry.models import Capture

Shown = serializers.Serializer[Any]


def _ranges() -> serializers.ListField:
    return serializers.ListField(
        child=serializers.ListField(child=serializers.IntegerField(), min_length=2, max_length=2),
        required=False,
        allow_null=True,
        help_text="Inclusive ranges of bins.",
    )


class TelemetryWarningSerializer(Shown):
    """A finding of the capture: one a code, node and metric."""

    code = serializers.CharField()
    message = serializers.CharField()
    severity = serializers.ChoiceField(choices=["error", "warning", "info"])
    nodeId = serializers.CharField(required=False, allow_null=True)  # noqa: N815
    metric = serializers.CharField(required=False, allow_null=True)
    classId = serializers.CharField(required=False, allow_null=True)  # noqa: N815
    bins = _ranges()


class IntegrityProblemSerializer(Shown):
    """One way in which a bundle is not what its manifest says."""

    code = serializers.ChoiceField(choices=["missing", "unlisted", "mismatch", "unreadable"])
    path = serializers.CharField(help_text="A name inside the bundle.")
    detail = serializers.CharField()


class IntegritySerializer(Shown):
    """What the last look at the bundle found."""

    state = serializers.ChoiceField(choices=Integrity.choices)
    checkedAtUtc = serializers.DateTimeField(allow_null=True)  # noqa: N815
    problems = IntegrityProblemSerializer(many=True)


class CaptureProgressSerializer(Shown):
    """How far the work is."""

    done = serializers.IntegerField()
    total = serializers.IntegerField(allow_null=True)
    unit = serializers.CharField()


class CaptureLinksSerializer(Shown):
    """Where more of a capture is."""

    self = serializers.CharField()
    html = serializers.CharField()
    sourceRun = serializers.CharField()  # noqa: N815
    events = serializers.CharField()
    manifest = serializers.CharField()


class CaptureSerializer(Shown):
    """The record of generating one telemetry bundle."""

    captureId = serializers.CharField()  # noqa: N815
    status = serializers.ChoiceField(choices=Capture.Status.choices)
    generated = serializers.BooleanField()
    alreadyExists = serializers.BooleanField()  # noqa: N815
    sourceRunId = serializers.CharField()  # noqa: N815
    templateId = serializers.CharField()  # noqa: N815
    captureKey = serializers.CharField(allow_null=True)  # noqa: N815
    generation = serializers.CharField(allow_null=True)
    generatedAtUtc = serializers.DateTimeField(allow_null=True)  # noqa: N815
    requestedAtUtc = serializers.DateTimeField()  # noqa: N815
    requestedBy = serializers.CharField(allow_null=True)  # noqa: N815
    warningCount = serializers.IntegerField()  # noqa: N815
    warnings = TelemetryWarningSerializer(many=True)
    fileCount = serializers.IntegerField()  # noqa: N815
    byteCount = serializers.IntegerField()  # noqa: N815
    manifestHash = serializers.CharField(allow_null=True)  # noqa: N815
    parametersHash = serializers.CharField(allow_null=True)  # noqa: N815
    scenarioHash = serializers.CharField(allow_null=True)  # noqa: N815
    rngSeed = serializers.IntegerField(allow_null=True)  # noqa: N815
    supportsClassMetrics = serializers.BooleanField()  # noqa: N815
    classes = serializers.ListField(child=serializers.CharField())
    classCoverage = serializers.ChoiceField(  # noqa: N815
        choices=["full", "partial", "missing"], allow_null=True
    )
    durationMs = serializers.IntegerField(allow_null=True)  # noqa: N815
    progress = CaptureProgressSerializer(allow_null=True)
    integrity = IntegritySerializer()
    failure = FailureSerializer(allow_null=True)
    links = CaptureLinksSerializer()


class CaptureAnswerSerializer(Shown):
    """The answer to a request for telemetry."""

    capture = CaptureSerializer()


class TelemetryWindowSerializer(Shown):
    """The time a bundle covers."""

    startTimeUtc = serializers.DateTimeField(required=False)  # noqa: N815
    durationMinutes = serializers.IntegerField()  # noqa: N815


class ManifestFileSerializer(Shown):
    """One series of a bundle."""

    nodeId = serializers.CharField()  # noqa: N815
    metric = serializers.CharField()
    classId = serializers.CharField(required=False)  # noqa: N815
    path = serializers.CharField()
    bytes = serializers.IntegerField()
    points = serializers.IntegerField()
    hash = serializers.CharField()


class CompanionSerializer(Shown):
    """A file of a bundle that is not a series."""

    path = serializers.CharField()
    bytes = serializers.IntegerField()
    hash = serializers.CharField()


class ManifestProvenanceSerializer(Shown):
    """The run that a bundle was generated from, and when."""

    runId = serializers.CharField()  # noqa: N815
    scenarioHash = serializers.CharField()  # noqa: N815
    modelHash = serializers.CharField()  # noqa: N815
    capturedAtUtc = serializers.DateTimeField()  # noqa: N815


class ManifestSerializer(Shown):
    """``manifest.json`` of a telemetry bundle, as it is on disk."""

    schemaVersion = serializers.IntegerField()  # noqa: N815
    window = TelemetryWindowSerializer()
    grid = GridSerializer()
    supportsClassMetrics = serializers.BooleanField()  # noqa: N815
    classes = serializers.ListField(child=serializers.CharField(), required=False)
    classCoverage = serializers.CharField(required=False)  # noqa: N815
    files = ManifestFileSerializer(many=True)
    companions = CompanionSerializer(many=True)
    warnings = TelemetryWarningSerializer(many=True)
    provenance = ManifestProvenanceSerializer()


CapturePageSerializer = page_of(CaptureSerializer, name="CapturePage")
CaptureEventPageSerializer = page_of(EventSerializer, name="CaptureEventPage")
