"""What the files of a telemetry bundle stand for in a model: series to override, sources, or array parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from runs.clock import from_grid, from_text, to_text
from runs.errors import BindingsInvalid, BundleMismatch

if TYPE_CHECKING:
    from flowtime.bundles import TelemetryFile, TelemetryManifest
    from flowtime.engine import Model, Template

ROLE_OF_METRIC: Mapping[str, str] = {
    "Arrivals": "arrivals",
    "Served": "served",
    "Errors": "errors",
    "Attempts": "attempts",
    "Failures": "failures",
    "ExhaustedFailures": "exhaustedFailures",
    "RetryEcho": "retryEcho",
    "RetryBudgetRemaining": "retryBudgetRemaining",
    "ExternalDemand": "externalDemand",
    "QueueDepth": "queueDepth",
    "Capacity": "capacity",
    "ProcessingTimeMsSum": "processingTimeMsSum",
    "ServedCount": "servedCount",
}
"""The role of a node that each metric of a telemetry bundle observes (bundles §3, engine §7.3)."""

Roles = Mapping[str, Mapping[str, str]]
"""Per topology node and role the key bound to it: a bare series id, or ``id@Class``."""


@dataclass(frozen=True, slots=True)
class Bound:
    """Arrays by what they stand for; ``names`` maps each bound name to its file, for plans and records."""

    overrides: Mapping[str, np.ndarray] = field(default_factory=dict)
    sources: Mapping[str, np.ndarray] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[Mapping[str, Any], ...] = ()


def check_fit(manifest: TelemetryManifest, model: Model) -> None:
    """Raise BundleMismatch unless the bundle has the model's grid, window and nodes."""
    ours = (model.grid.bins, model.grid.bin_size, model.grid.bin_unit)
    theirs = (manifest.grid.bins, manifest.grid.bin_size, manifest.grid.bin_unit)
    if ours != theirs:
        raise BundleMismatch(
            f"The telemetry bundle has {_grid_text(*theirs)}; the template has {_grid_text(*ours)}."
        )
    start, observed = from_grid(model.grid.start), from_text(manifest.window.start_time_utc)
    if start is not None and observed is not None and start != observed:
        raise BundleMismatch(
            f"The telemetry bundle begins at {to_text(observed)}; the template at {to_text(start)}."
        )
    known = {node.id for node in model.topology.nodes}
    unknown = sorted({file.node_id for file in manifest.files} - known)
    if unknown:
        raise BundleMismatch(
            f"The telemetry bundle observes nodes that the template does not have: "
            f"{', '.join(name[:80] for name in unknown[:5])}.",
            nodes=unknown[:50],
        )


def _grid_text(bins: int, size: int, unit: str) -> str:
    return f"{bins} bins of {size} {unit.removesuffix('s') if size == 1 else unit}"


def derive_bindings(
    manifest: TelemetryManifest, arrays: Mapping[str, np.ndarray], roles: Roles
) -> Bound:
    """Bind every file to the series that its node's role names; each becomes an override (engine §11.5).

    A metric that the template gives no series, and a second observation of one series that differs from the
    first, are left out and reported.
    """
    overrides: dict[str, np.ndarray] = {}
    names: dict[str, str] = {}
    warnings: list[Mapping[str, Any]] = []
    for file in manifest.files:
        name = series_of(file, roles)
        if name is None:
            warnings.append(_unbound(file))
        elif name not in overrides:
            overrides[name] = arrays[file.path]
            names[name] = file.path
        elif not np.array_equal(overrides[name], arrays[file.path], equal_nan=True):
            warnings.append(_conflict(file, name, overrides[name], arrays[file.path]))
    # Parts without their total say nothing about the series.
    for name in [name for name in overrides if "@" in name]:
        if name.partition("@")[0] not in overrides:
            del overrides[name], names[name]
    return Bound(overrides=overrides, names=names, warnings=tuple(warnings))


def series_of(file: TelemetryFile, roles: Roles) -> str | None:
    """The key of the series that ``file`` observes by its node's role; None where the template has none for it."""
    key = roles.get(file.node_id, {}).get(ROLE_OF_METRIC[file.metric])
    if key is None or file.class_id is None:
        return key
    return None if "@" in key else f"{key}@{file.class_id}"


def _unbound(file: TelemetryFile) -> dict[str, Any]:
    return {
        "code": "telemetry_unbound",
        "severity": "info",
        "nodeId": file.node_id,
        "message": f"{file.metric} of {file.node_id} was observed, but the template has no series for it.",
    }


def _conflict(
    file: TelemetryFile, name: str, first: np.ndarray, second: np.ndarray
) -> dict[str, Any]:
    differs = ~((first == second) | (np.isnan(first) & np.isnan(second)))
    bins = np.flatnonzero(differs)
    return {
        "code": "telemetry_conflict",
        "severity": "warning",
        "nodeId": file.node_id,
        "message": f"{file.metric} of {file.node_id} differs from another observation of {name} "
        f"in {len(bins)} bins, first in bin {bins[0]}; the first observation is used.",
    }


def named_parameters(
    bindings: Mapping[str, str],
    template: Template,
    arrays: Mapping[str, np.ndarray],
) -> dict[str, list[float]]:
    """Values of the array parameters that ``bindings`` name."""
    declared = {parameter.name: parameter for parameter in template.parameters}
    return {
        name: arrays[path].tolist()
        for name, path in bindings.items()
        if name in declared and declared[name].type == "array" and path in arrays
    }


def apply_bindings(
    bindings: Mapping[str, str],
    *,
    template: Template,
    arrays: Mapping[str, np.ndarray],
    series_keys: Mapping[str, str],
    source_texts: frozenset[str],
) -> Bound:
    """Bind files as the caller says: to array parameters, series or sources.

    ``series_keys`` maps every accepted name of a series to its key. Raises BindingsInvalid with every
    binding that fails.
    """
    declared = {parameter.name: parameter for parameter in template.parameters}
    overrides: dict[str, np.ndarray] = {}
    sources: dict[str, np.ndarray] = {}
    errors: list[dict[str, str]] = []
    for name, path in bindings.items():
        if path not in arrays:
            errors.append(_error(name, "unknown_file", "The bundle has no such file."))
        elif name in declared:
            if declared[name].type != "array":
                errors.append(_error(name, "not_an_array", "The parameter is not an array."))
        elif name in series_keys:
            overrides[series_keys[name]] = arrays[path]
        elif name in source_texts:
            sources[name] = arrays[path]
        else:
            errors.append(
                _error(
                    name, "unknown_name", "The template has no such parameter, series or source."
                )
            )
    if errors:
        raise BindingsInvalid(
            f"{len(errors)} of {len(bindings)} telemetry bindings cannot be used.", errors=errors
        )
    return Bound(overrides=overrides, sources=sources, names=dict(bindings))


def _error(name: str, code: str, message: str) -> dict[str, str]:
    shown = name[:80]
    step = shown.replace("~", "~0").replace("/", "~1")
    return {
        "path": f"telemetry.bindings.{shown}",
        "code": code,
        "message": f"{shown}: {message}",
        "detail": f"{shown}: {message}",
        "pointer": f"/telemetry/bindings/{step}",
    }
