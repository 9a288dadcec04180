"""Runs and templates as the API shows them: plain data out of rows and records, no database and no files."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flowtime.bundles import format_series
from flowtime.engine import Parameter
from runs.gating import Action
from runs.models import Integrity, Run
from runs.records import replicate_of

if TYPE_CHECKING:
    from flowtime.bundles import SeriesEntry
    from runs.catalog import CatalogEntry
    from runs.series import Selection
    from runs.services import RunPlan

Row = Mapping[str, Any]
_READABLE = frozenset(str(state) for state in Integrity.usable())


def run_item(row: Row) -> dict[str, Any]:
    """A run in a list, from a row of ``selectors.LIST_COLUMNS``."""
    run_id = row["id"]
    has_succeeded = row["status"] == Run.Status.SUCCEEDED
    return {
        "runId": run_id,
        "templateId": row["template_id"],
        "templateTitle": row["template_title"],
        "templateVersion": row["template_version"],
        "mode": row["mode"],
        "status": row["status"],
        "createdUtc": row["created_at"],
        "startedUtc": row["started_at"],
        "finishedUtc": row["finished_at"],
        "createdBy": row["created_by__username"],
        "grid": {"bins": row["bins"], "binSize": row["bin_size"], "binUnit": row["bin_unit"]},
        "window": {"startUtc": row["window_start"], "durationMinutes": row["window_minutes"]},
        "warningCount": row["warning_count"],
        "rng": {"kind": row["rng_kind"], "seed": row["rng_seed"]},
        "inputHash": row["input_hash"] or None,
        "sourceRunId": row["source_run_id"],
        "canReplay": has_succeeded and row["integrity"] in _READABLE,
        "shape": row["shape"] or None,
        "telemetry": {
            "available": row["telemetry_available"],
            "generatedAtUtc": row["telemetry_generated_at"],
            "warningCount": row["telemetry_warning_count"],
            "sourceRunId": row["telemetry_source_run_id"] or None,
        },
        "links": run_links(run_id),
    }


def run_links(run_id: str) -> dict[str, str | None]:
    """Where more of a run is. A link to its states has the bin still to be added."""
    return {
        "self": f"/v1/runs/{run_id}",
        "html": f"/runs/{run_id}",
        "state": f"/v1/runs/{run_id}/state",
        "stateWindow": f"/v1/runs/{run_id}/state_window",
        "graph": f"/v1/runs/{run_id}/graph",
        "captures": f"/v1/telemetry/captures?sourceRunId={run_id}",
    }


def row_of(run: Run) -> Row:
    """The row of a list, from a run with its creator."""
    row = dict(vars(run))
    row["created_by__username"] = run.created_by.get_username() if run.created_by else None
    return row


def run_detail(run: Run, record: Row, actions: Mapping[str, Action]) -> dict[str, Any]:
    """A run in full. ``record`` is empty before success; what was asked for stands in then."""
    asked = run.document.request
    provenance = record.get("provenance") or {}
    return {
        **run_item(row_of(run)),
        "rng": {
            "kind": run.rng_kind,
            "seed": run.rng_seed,
            "mode": run.rng_mode,
            "replicate": replicate_of(run),
        },
        "parameters": record.get("parameters", asked.get("effective", {})),
        "overrides": record.get("overrides", (asked.get("request") or {}).get("parameters", {})),
        "parametersHash": record.get("parametersHash"),
        "scenarioHash": record.get("scenarioHash"),
        "modelHash": record.get("modelHash"),
        "resultHash": record.get("resultHash"),
        "classes": record.get("classes", []),
        "classCoverage": record.get("classCoverage"),
        "warnings": record.get("warnings", []),
        "provenance": {
            "engineVersion": record.get("engineVersion"),
            "templateDigest": record.get("templateHash"),
            "sourceRunId": run.source_run_id,
            "captureId": run.replayed_capture_id or None,
            "captureKey": provenance.get("captureKey"),
            "replayOf": run.replay_of or None,
            "reproduction": reproduction(run),
        },
        "failure": failure(run),
        "progress": progress(run),
        "actions": {name: action_facts(action) for name, action in actions.items()},
    }


def reproduction(run: Run) -> dict[str, Any] | None:
    """How exactly a replay repeats its source; None for other runs."""
    if run.compared_series is None:
        return None
    return {
        "identical": run.identical_series,
        "total": run.compared_series,
        "maxAbsDiff": run.max_abs_difference,
    }


def failure(run: Run) -> dict[str, str] | None:
    if not run.failure_code:
        return None
    return {"code": run.failure_code, "detail": run.failure_detail}


def progress(run: Run) -> dict[str, Any] | None:
    """How far the work is, while there is any."""
    if run.is_finished:
        return None
    return {
        "done": run.progress_done,
        "total": run.progress_total,
        "unit": run.progress_unit or "percent",
    }


def action_facts(action: Action) -> dict[str, Any]:
    return {"allowed": action.allowed, "reason": action.reason}


def series_entry(entry: SeriesEntry) -> dict[str, Any]:
    """One line of the series catalogue."""
    return {
        "seriesId": entry.series_id,
        "nodeId": entry.node_id,
        "kind": entry.kind,
        "unit": entry.unit,
        "class": entry.class_id,
        "points": entry.points,
        "hash": entry.hash,
    }


def series_facts(selection: Selection) -> dict[str, Any]:
    """Some bins of a series; what is not finite is null."""
    values = selection.values
    return {
        "seriesId": selection.entry.series_id,
        "kind": selection.entry.kind,
        "unit": selection.entry.unit,
        "points": selection.points,
        "bins": selection.bins.tolist(),
        "values": [value if math.isfinite(value) else None for value in values.tolist()],
    }


def series_csv(selection: Selection) -> bytes:
    """The same as text: ``bin_index,value`` with the digits of the file."""
    whole = format_series(selection.values).decode().split("\n")
    rows = [row.partition(",")[2] for row in whole[1:-1]]
    lines = [f"{index},{text}" for index, text in zip(selection.bins.tolist(), rows, strict=True)]
    return "\n".join([whole[0], *lines, ""]).encode()


def plan_facts(plan: RunPlan) -> dict[str, Any]:
    """What a dry run answers. Files are named as the bundle's manifest names them."""
    prepared = plan.prepared
    model, replayed = prepared.model, prepared.replayed
    return {
        "templateId": model.template_id,
        "templateVersion": model.template_version,
        "mode": model.mode,
        "runId": plan.run_id,
        "effectiveParameters": dict(model.parameters),
        "inputHash": prepared.input_hash,
        "rng": {
            "kind": model.rng.kind,
            "seed": model.rng.seed,
            "mode": model.rng.mode,
            "replicate": prepared.request.replicate,
        },
        "grid": {
            "bins": model.grid.bins,
            "binSize": model.grid.bin_size,
            "binUnit": model.grid.bin_unit,
        },
        "series": [info.series_id for info in prepared.plan.index if info.selected],
        "telemetry": None
        if replayed is None
        else {
            "sourceRunId": replayed.manifest.provenance.run_id,
            "captureKey": replayed.ref.capture_key,
            "files": [
                {
                    "nodeId": file.node_id,
                    "metric": file.metric,
                    "classId": file.class_id,
                    "path": file.path,
                }
                for file in replayed.manifest.files
            ],
            "bindings": dict(prepared.bindings),
        },
        "warnings": prepared.foreseen,
        "estimate": prepared.estimate(),
    }


def template_item(entry: CatalogEntry) -> dict[str, Any]:
    """A template in the list; one that cannot be run says why in ``problems``."""
    template = entry.template
    grid = template.document.get("grid") if template else None
    return {
        "templateId": entry.template_id,
        "title": entry.title,
        "version": entry.version,
        "description": entry.description,
        "narrative": entry.narrative,
        "tags": list(entry.tags),
        "captureKey": entry.capture_key,
        "grid": _grid(grid),
        "mode": template.mode if template else None,
        "rng": {
            "kind": template.rng.kind,
            "seed": template.rng.seed,
            "mode": template.rng.mode,
        }
        if template and template.rng
        else None,
        "parameters": [parameter_facts(parameter) for parameter in template.parameters]
        if template
        else [],
        "problems": [problem.to_dict() for problem in entry.problems],
        "links": {"self": f"/v1/templates/{entry.template_id}"},
    }


def _grid(grid: Any) -> dict[str, Any] | None:
    """The grid as written: a parameter may still stand in for a number."""
    if not isinstance(grid, Mapping):
        return None
    return {
        "bins": grid.get("bins"),
        "binSize": grid.get("binSize", grid.get("bin_size")),
        "binUnit": grid.get("binUnit", grid.get("bin_unit")),
    }


def parameter_facts(parameter: Parameter) -> dict[str, Any]:
    """A parameter as its form needs it; bounds and length are left out where there are none."""
    facts = {
        "name": parameter.name,
        "type": parameter.type,
        "arrayOf": parameter.array_of,
        "title": parameter.title,
        "description": parameter.description,
        "unit": parameter.unit,
        "default": parameter.default if parameter.has_default else None,
        "required": not parameter.has_default,
        "minimum": parameter.minimum,
        "maximum": parameter.maximum,
        "length": parameter.length,
    }
    optional = ("arrayOf", "unit", "minimum", "maximum", "length")
    return {k: v for k, v in facts.items() if v is not None or k not in optional}
