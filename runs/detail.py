"""One run as its page shows it: header facts, provenance, and what the open tab needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

from runs import catalog, chronicle, overlay, selectors, wording
from runs.errors import TemplateNotFound
from runs.lineage import Lineage
from runs.models import Run
from runs.records import replicate_of, run_record

if TYPE_CHECKING:
    from flowtime.engine import Parameter

TABS = ("time", "series", "warnings", "events", "api")
_SEVERITIES = ("error", "warning", "info")


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedParameter:
    """A parameter as the run used it, in words."""

    title: str
    value: str
    is_default: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningGroup:
    """The warnings of one code: how many nodes and bins, and each of them."""

    code: str
    severity: str
    warnings: list[Mapping[str, Any]]
    bin_count: int

    @property
    def ranges(self) -> list[list[int]]:
        """Where any of them holds, as inclusive ranges of bins; where they overlap, as one."""
        merged: list[list[int]] = []
        for first, last in sorted(span for w in self.warnings for span in w.get("bins") or ()):
            if merged and first <= merged[-1][1] + 1:
                merged[-1][1] = max(merged[-1][1], last)
            else:
                merged.append([first, last])
        return merged

    @property
    def marked(self) -> int:
        """How many bins those ranges are."""
        return sum(last - first + 1 for first, last in self.ranges)


class RunPage:
    """Everything the page of one run asks for; what a tab does not show is not read."""

    def __init__(self, run: Run, *, tab: str = "time", with_files: bool = False) -> None:
        self.run = run
        self.with_files = with_files
        self.tab = tab if tab in TABS else "time"
        self.record = run_record(run)

    @property
    def parameters(self) -> list[UsedParameter]:
        """The parameters the run used or will use, declared ones in the order of the template, with titles where known."""
        asked = self.run.document.request.get("effective")
        used: Mapping[str, Any] = self.record.get("parameters") or asked or {}
        declared = declared_parameters(self.run)
        names = [name for name in declared if name in used]
        names += [name for name in used if name not in declared]
        return [self._used(name, used[name], declared.get(name)) for name in names]

    def _used(self, name: str, value: Any, declared: Parameter | None) -> UsedParameter:
        if declared is not None and declared.has_default:
            is_default = _plain(declared.default) == _plain(value)
        else:
            is_default = name not in (self.record.get("overrides") or {})
        return UsedParameter(
            title=(declared.title if declared else None) or name,
            value=say_value(value, unit=declared.unit if declared else None),
            is_default=is_default,
        )

    @property
    def warnings(self) -> list[Mapping[str, Any]]:
        return list(self.record.get("warnings") or [])

    @property
    def moments(self) -> list[tuple[str, str, str]]:
        """What stands on the time scale above the warnings."""
        return overlay.marks_of_time(self.run)

    @property
    def has_bins(self) -> bool:
        """Whether any warning says when it holds."""
        return any(warning.get("bins") for warning in self.warnings)

    @property
    def warning_groups(self) -> list[WarningGroup]:
        """Warnings by code, the worst severity first."""
        ordered = sorted(
            self.warnings,
            key=lambda w: (_SEVERITIES.index(w["severity"]), w["code"], w["nodeId"] or ""),
        )
        groups = []
        for (severity, code), found in groupby(ordered, key=lambda w: (w["severity"], w["code"])):
            warnings = list(found)
            count = sum(w.get("count") or 0 for w in warnings)
            groups.append(
                WarningGroup(code=code, severity=severity, warnings=warnings, bin_count=count)
            )
        return groups

    @property
    def replicate(self) -> int:
        """Which of the independent samples of its seed the run is."""
        return replicate_of(self.run)

    @cached_property
    def lineage(self) -> Lineage:
        """What the run came from and what was made from it."""
        return Lineage(self.run)

    @cached_property
    def failed_request(self) -> str:
        """The request that the failed run belongs to, under which the log has the rest."""
        return selectors.request_of(selectors.events_for_run(self.run))

    @cached_property
    def steps(self) -> list[chronicle.Step]:
        """Every step of the run and of its captures, oldest first."""
        own = chronicle.tell(selectors.events_for_run(self.run))
        events = self.run.capture_events.select_related("actor").order_by("id")
        if not self.with_files:
            events = events.exclude(name__in=chronicle.TOO_MANY)
        return sorted([*own, *chronicle.tell(events)], key=lambda step: step.at)

    @property
    def timeline(self) -> Iterator[tuple[chronicle.Step, str]]:
        """Each step with how long after the one before it came."""
        before = None
        for step in self.steps:
            yield step, wording.say_duration(step.at - before) if before else ""
            before = step.at

    @property
    def file_count(self) -> int:
        """How many written files are told of one by one where that is asked for."""
        return self.run.capture_events.filter(name__in=chronicle.TOO_MANY).count()

    @property
    def step_count(self) -> int:
        return len(self.steps)


def declared_parameters(run: Run) -> dict[str, Parameter]:
    """The template's declarations by name, while the catalog has the version that was run."""
    try:
        template = catalog.get_entry(run.template_id).template
    except TemplateNotFound:
        return {}
    if template is None or template.version != run.template_version:
        return {}
    return {parameter.name: parameter for parameter in template.parameters}


def say_value(value: Any, *, unit: str | None = None) -> str:
    """A parameter's value in words: ``75 minutes``, ``yes``, ``24 values, 16 to 120``."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (list, tuple)):
        if not value:
            return "no values"
        low, high = (wording.say_number(f(value), decimals=6) for f in (min, max))
        return f"{wording.say_count(len(value), 'value')}, {low} to {high}"
    if isinstance(value, (int, float)):
        return wording.say_number(value, decimals=6) + (f" {unit}" if unit else "")
    return str(value)


def _plain(value: Any) -> Any:
    """Tuples and lists of equal numbers are one value, however they were stored."""
    return list(value) if isinstance(value, (list, tuple)) else value
