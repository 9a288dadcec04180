"""The answer to "Plan" as the page of a new run shows it: what would happen, in facts and differences."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runs import planning, wording
from runs.detail import say_value
from runs.models import Run

if TYPE_CHECKING:
    from runs.services import RunPlan


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanFacts:
    """What running would do."""

    run_id: str | None
    existing: Run | None
    grid: str
    length: str
    differences: list[str]
    series_count: int
    cells: int
    bytes: int
    rng: Any
    replicate: int
    input_hash: str
    warnings: list[Mapping[str, Any]]
    telemetry_files: int

    @property
    def said(self) -> str:
        """The plan in a sentence, for those who hear it."""
        warnings = wording.say_count(len(self.warnings), "warning")
        return f"Planned: {wording.say_count(self.series_count, 'series', 'series')}, {warnings}."


def show_plan(plan: RunPlan) -> PlanFacts:
    """The facts of ``plan``; a run of the same name that would be opened is named."""
    prepared = plan.prepared
    grid = prepared.model.grid
    series_count = len(prepared.plan.series_ids)
    cells = series_count * grid.bins
    return PlanFacts(
        run_id=plan.run_id,
        existing=Run.objects.filter(pk=plan.run_id).first() if plan.run_id else None,
        grid=wording.say_grid(grid.bins, grid.bin_size, grid.bin_unit),
        length=wording.say_minutes(grid.bins * grid.bin_minutes),
        differences=list(_differences(plan)),
        series_count=series_count,
        cells=cells,
        bytes=cells * planning.BYTES_PER_CELL,
        rng=prepared.model.rng,
        replicate=prepared.request.replicate,
        input_hash=prepared.input_hash,
        warnings=prepared.foreseen,
        telemetry_files=len(prepared.bindings),
    )


def _differences(plan: RunPlan) -> Iterator[str]:
    """``Storm severity 0.6, not 1``; of an array, how many of its values."""
    effective = plan.prepared.model.parameters
    for declared in plan.prepared.template.parameters:
        if not declared.has_default:
            continue
        used, default = effective[declared.name], declared.default
        title = declared.title or declared.name
        if declared.type == "array":
            changed = _changed(used, default)
            if changed:
                yield f"{title}: {changed}"
        elif used != default:
            yield f"{title} {say_value(used)}, not {say_value(default)}"


def _changed(used: Any, default: Any) -> str:
    if len(used) != len(default):
        return f"{len(used)} values, not {len(default)}"
    count = sum(a != b for a, b in zip(used, default, strict=True))
    return f"{count} of {wording.say_count(len(used), 'value')}" if count else ""
