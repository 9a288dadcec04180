"""The body that generates telemetry."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from flowtime.api.fields import NameField, StrictBoolean, StrictText
from flowtime.api.serializers import StrictSerializer
from runs.api.requests import MAX_DIRECTORY
from telemetry.errors import UnsupportedSource
from telemetry.models import Capture


class CaptureSourceSerializer(StrictSerializer):
    """What telemetry is generated from."""

    type = StrictText(max_length=40, help_text="`run`.")
    runId = StrictText(max_length=128)  # noqa: N815

    def to_internal_value(self, data: Any) -> Any:
        # Another source has other fields: saying which are missing would be beside the point.
        given = data.get("type") if isinstance(data, dict) else None
        if isinstance(given, str) and given != "run":
            raise UnsupportedSource(
                f"Telemetry is generated from runs; {given[:80]!r} is not supported."
            )
        return super().to_internal_value(data)


class CaptureOutputSerializer(StrictSerializer):
    """Where the bundle goes; without it, to the run's own."""

    captureKey = NameField(  # noqa: N815
        required=False, allow_null=True, default=None, help_text="A name in the library."
    )
    directory = StrictText(
        required=False,
        allow_null=True,
        default=None,
        max_length=MAX_DIRECTORY,
        help_text="A directory below the telemetry root; relative to it, it is the key.",
    )
    overwrite = StrictBoolean(
        required=False, default=False, help_text="Replace what is there by a new generation."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("captureKey") is not None and attrs.get("directory") is not None:
            raise serializers.ValidationError(
                "Give a captureKey or a directory, not both.", code="exactly_one"
            )
        return attrs


class CaptureOptionsSerializer(StrictSerializer):
    """What becomes of values that are missing or not a number."""

    nan = serializers.ChoiceField(
        choices=Capture.Nan.choices, required=False, default=Capture.Nan.KEEP
    )
    gaps = serializers.ChoiceField(
        choices=Capture.Gaps.choices, required=False, default=Capture.Gaps.KEEP
    )


class CaptureRequestSerializer(StrictSerializer):
    """Telemetry to generate."""

    source = CaptureSourceSerializer()  # type: ignore[assignment]  # Field.source
    output = CaptureOutputSerializer(required=False, allow_null=True)
    options = CaptureOptionsSerializer(required=False, allow_null=True)

    @property
    def run_id(self) -> str:
        return str(self.validated_data["source"]["runId"])

    def to_command(self) -> dict[str, Any]:
        """The arguments of ``request_capture`` beside the run and who asks."""
        output = self.validated_data.get("output") or {}
        options = self.validated_data.get("options") or {}
        return {
            "capture_key": output.get("captureKey"),
            "directory": output.get("directory"),
            "overwrite": bool(output.get("overwrite")),
            "nan": options.get("nan", Capture.Nan.KEEP),
            "gaps": options.get("gaps", Capture.Gaps.KEEP),
        }
