"""Bodies that the run routes accept, and the requests they make."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from flowtime.api.fields import NameField, StrictBoolean, StrictText, WholeNumber
from flowtime.api.serializers import StrictSerializer
from runs.models import Run
from runs.requests import RunRequest, TelemetrySource

MAX_DIRECTORY = 4096
MAX_BINDINGS = 1000
SOURCES = ("sourceRunId", "captureId", "captureKey", "captureDirectory")


class RngSerializer(StrictSerializer):
    """The random generator; without it the template's own."""

    kind = serializers.ChoiceField(choices=["pcg32"], required=False, default="pcg32")
    seed = WholeNumber(required=False, allow_null=True, default=None)
    mode = serializers.ChoiceField(
        choices=["expected", "sample"],
        required=False,
        allow_null=True,
        default=None,
        help_text="What a distribution gives in each bin: its expected value, or a value drawn from it.",
    )
    replicate = WholeNumber(
        required=False,
        allow_null=True,
        default=None,
        help_text="Which of the independent samples of the seed; 0 unless given.",
    )


class TelemetrySourceSerializer(StrictSerializer):
    """Which telemetry bundle to replay: exactly one of the first four."""

    sourceRunId = StrictText(required=False, allow_null=True, max_length=128)  # noqa: N815
    captureId = StrictText(required=False, allow_null=True, max_length=128)  # noqa: N815
    captureKey = StrictText(required=False, allow_null=True, max_length=128)  # noqa: N815
    captureDirectory = StrictText(  # noqa: N815
        required=False,
        allow_null=True,
        max_length=MAX_DIRECTORY,
        help_text="Relative to the telemetry root.",
    )
    bindings = serializers.DictField(
        child=StrictText(max_length=512),
        required=False,
        help_text="Array parameter, series id or source → file of the bundle. "
        "Without it the manifest says what each file is.",
    )

    def validate_bindings(self, value: dict[str, str]) -> dict[str, str]:
        if len(value) > MAX_BINDINGS:
            raise serializers.ValidationError(
                f"At most {MAX_BINDINGS} bindings.", code="max_length"
            )
        return value

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        given = [name for name in SOURCES if attrs.get(name) is not None]
        if len(given) != 1:
            raise serializers.ValidationError(
                f"Give exactly one of {', '.join(SOURCES)}.", code="exactly_one"
            )
        return attrs


class RunOptionsSerializer(StrictSerializer):
    """How the run is made."""

    deterministicRunId = StrictBoolean(  # noqa: N815
        required=False, default=False, help_text="Derive the id from the inputs, and reuse the run."
    )
    runId = NameField(  # noqa: N815
        required=False, allow_null=True, default=None, help_text="The id to use."
    )
    dryRun = StrictBoolean(  # noqa: N815
        required=False, default=False, help_text="Check everything and write nothing."
    )
    overwriteExisting = StrictBoolean(  # noqa: N815
        required=False, default=False, help_text="Replace a finished run of the same id."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if attrs.get("runId") is not None and attrs.get("deterministicRunId"):
            raise serializers.ValidationError(
                "Give a runId or ask for a deterministic one, not both.", code="exactly_one"
            )
        return attrs


class RunRequestSerializer(StrictSerializer):
    """A run to make."""

    templateId = StrictText(max_length=60)  # noqa: N815
    mode = serializers.ChoiceField(
        choices=Run.Mode.choices, required=False, default=Run.Mode.SIMULATION
    )
    parameters = serializers.DictField(
        child=serializers.JSONField(allow_null=True),
        required=False,
        help_text="Values by name; what is left out has the template's default.",
    )
    rng = RngSerializer(required=False, allow_null=True)
    telemetry = TelemetrySourceSerializer(required=False, allow_null=True)
    options = RunOptionsSerializer(required=False, allow_null=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        wants, has = attrs["mode"] == Run.Mode.TELEMETRY, attrs.get("telemetry") is not None
        if wants and not has:
            raise serializers.ValidationError(
                {"telemetry": ["A telemetry run needs a bundle to replay."]}, code="required"
            )
        if has and not wants:
            raise serializers.ValidationError(
                {"telemetry": ["Only a run of mode telemetry replays a bundle."]},
                code="not_allowed",
            )
        return attrs

    @property
    def is_dry_run(self) -> bool:
        return bool((self.validated_data.get("options") or {}).get("dryRun"))

    def to_request(self) -> RunRequest:
        """The request as the services take it."""
        body = self.validated_data
        rng, options = body.get("rng") or {}, body.get("options") or {}
        telemetry = body.get("telemetry")
        return RunRequest(
            template_id=body["templateId"],
            mode=body["mode"],
            parameters=dict(body.get("parameters") or {}),
            seed=rng.get("seed"),
            rng_mode=rng.get("mode"),
            replicate=rng.get("replicate") or 0,
            telemetry=_source(telemetry) if telemetry else None,
            run_id=options.get("runId"),
            is_deterministic=bool(options.get("deterministicRunId")),
            overwrite=bool(options.get("overwriteExisting")),
        )


def _source(telemetry: dict[str, Any]) -> TelemetrySource:
    return TelemetrySource(
        source_run_id=telemetry.get("sourceRunId"),
        capture_id=telemetry.get("captureId"),
        capture_key=telemetry.get("captureKey"),
        capture_directory=telemetry.get("captureDirectory"),
        bindings=dict(telemetry.get("bindings") or {}),
    )


REPLAY_SOURCES = (("model", "Model"), ("telemetry", "Telemetry"))


class ReplayRequestSerializer(StrictSerializer):
    """What to replay a run from."""

    # ``from`` is a word of Python, so the field cannot be a plain attribute.
    def get_fields(self) -> dict[str, Any]:
        return {"from": serializers.ChoiceField(choices=REPLAY_SOURCES)}
