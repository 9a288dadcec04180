"""What happened in a run: the content of its ``run.json``, and the facts of it that pages and the API show."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.conf import settings

from flowtime.bundles import Grid, Rng, RunRecord, RunWarning, RunWindow
from flowtime.engine import array_digest
from runs.clock import from_grid, from_text, to_text
from runs.models import Integrity, Run
from runs.reproduction import explain_differences

if TYPE_CHECKING:
    from flowtime.bundles import TelemetryBundle, TelemetryManifest
    from runs.execution import Outcome
    from runs.observed import Replayed
    from runs.planning import Prepared


def make_record(run: Run, prepared: Prepared, outcome: Outcome) -> RunRecord:
    """The record of one evaluation: everything from which the row can be made again."""
    result, model = outcome.result, outcome.result.model
    grid = Grid.model_validate(
        {
            "bins": model.grid.bins,
            "bin_size": model.grid.bin_size,
            "bin_unit": model.grid.bin_unit,
        }
    )
    return RunRecord(
        run_id=run.pk,
        template_id=model.template_id,
        template_version=model.template_version,
        template_title=prepared.title,
        mode=model.mode,
        grid=grid,
        window=RunWindow(
            start_utc=to_text(from_grid(model.grid.start)), duration_minutes=grid.duration_minutes
        ),
        rng=Rng(seed=model.rng.seed),
        parameters=dict(model.parameters),
        overrides=dict(prepared.request.parameters),
        input_hash=prepared.input_hash,
        parameters_hash=model.parameters_hash,
        scenario_hash=result.scenario_hash,
        model_hash=model.model_hash,
        template_hash=model.template_hash,
        result_hash=result.result_hash,
        classes=tuple(definition.id for definition in model.classes),
        class_coverage=result.class_coverage,
        warnings=tuple(_warnings(prepared, outcome)),
        shape=outcome.shape,
        engine_version=settings.FLOWTIME_VERSION,
        created_utc=to_text(run.created_at),
        started_utc=to_text(run.started_at),
        finished_utc=to_text(outcome.finished_at),
        created_by=run.created_by.get_username() if run.created_by else None,
        provenance=_provenance(run, prepared, outcome),
    )


def _warnings(prepared: Prepared, outcome: Outcome) -> list[RunWarning]:
    differing = outcome.reproduction.differing if outcome.reproduction else ()
    authored = {facts.series_id for facts in outcome.index if facts.origin == "authored"}
    found = [
        *prepared.warnings,
        *explain_differences(differing, authored=authored),
        *(warning.to_dict() for warning in outcome.result.warnings),
    ]
    return [RunWarning.model_validate(warning) for warning in found]


def _provenance(run: Run, prepared: Prepared, outcome: Outcome) -> dict[str, Any]:
    replayed, asked = prepared.replayed, prepared.request.telemetry
    return {
        "sourceRunId": run.source_run_id,
        "replayOf": run.replay_of or None,
        "captureId": run.replayed_capture_id or None,
        "captureKey": replayed.ref.capture_key if replayed else None,
        "target": replayed.ref.target if replayed else None,
        "generation": replayed.ref.generation if replayed else None,
        "rngMode": outcome.result.model.rng.mode,
        "replicate": prepared.request.replicate,
        "reproduction": outcome.reproduction.to_dict() if outcome.reproduction else None,
        "sources": {text: array_digest(array) for text, array in sorted(prepared.sources.items())},
        "bindings": dict(prepared.bindings),
        "askedBindings": dict(asked.bindings) if asked else {},
        "seriesCount": len(outcome.index),
        "roles": prepared.roles,
    }


def as_json(record: RunRecord) -> dict[str, Any]:
    """The record as the row's document keeps it."""
    return record.model_dump(mode="json", by_alias=True)


def telemetry_summary(run: Run, replayed: Replayed) -> dict[str, Any]:
    """The summary columns of a run that replays a bundle: its own copy, just written."""
    ref, manifest = replayed.ref, replayed.manifest
    return _summary(manifest, ref.capture_id, ref.target, ref.generation, integrity=Integrity.VALID)


def copied_summary(record: RunRecord, bundle: TelemetryBundle) -> dict[str, Any]:
    """The same, from the run's bundle alone, whose bytes nobody has hashed yet."""
    provenance = record.provenance
    return _summary(
        bundle.manifest,
        provenance.get("captureId"),
        provenance.get("target") or "",
        provenance.get("generation"),
        integrity=Integrity.UNCHECKED,
    )


def _summary(
    manifest: TelemetryManifest,
    capture_id: str | None,
    target: str,
    generation: int | None,
    *,
    integrity: str,
) -> dict[str, Any]:
    return {
        "is_available": True,
        "generated_at": from_text(manifest.provenance.captured_at_utc),
        "warning_count": len(manifest.warnings),
        "integrity": integrity,
        "source_run_id": manifest.provenance.run_id,
        "capture_id": capture_id or "",
        "target": target,
        "generation": generation,
    }


def run_record(run: Run) -> Mapping[str, Any]:
    """What happened in ``run``, as ``run.json`` has it; empty before success."""
    return run.document.record or {}


def replicate_of(run: Run) -> int:
    """Which of the independent samples of its seed ``run`` is: out of its record, before success out of its request."""
    recorded = (run_record(run).get("provenance") or {}).get("replicate")
    asked = (run.document.request.get("request") or {}).get("replicate")
    return int(recorded if recorded is not None else asked or 0)
