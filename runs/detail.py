"""One run as its page shows it: header facts, the telemetry panel, provenance, and what the open tab needs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import TYPE_CHECKING, Any

from runs import catalog, chronicle, gating, selectors, wording
from runs.errors import TemplateNotFound
from runs.models import Integrity, Run
from runs.records import replicate_of, run_record

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from flowtime.engine import Parameter
    from flowtime.errors import FlowTimeError

TABS = ("time", "series", "warnings", "events", "api")
LAST_EVENTS = 4
MOST_REPLAYS = 20
_SEVERITIES = ("error", "warning", "info")
# Steps that say nothing an operator acts on; the events tab has them all.
_PANEL_EVENTS = (
    "capture.published",
    "capture.failed",
    "capture.refused",
    "capture.verified",
)


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


class TelemetryPanel:
    """The telemetry of a run: what there is, what is going on, what was refused, and what may be done."""

    def __init__(
        self,
        run: Run,
        user: User | AnonymousUser,
        *,
        refusal: FlowTimeError | None = None,
        asked: Mapping[str, str] | None = None,
    ) -> None:
        self.run = run
        self.actions = gating.actions_for(run, user)
        self.refusal = refusal
        self.asked = asked or {}

    @cached_property
    def capture(self) -> Any:
        """The capture of the bundle that the row names; None where there is none."""
        if not self.run.telemetry_capture_id:
            return None
        # Of a replay, the capture belongs to the run it came from.
        owner = self.run if self.run.mode == Run.Mode.SIMULATION else self.run.source_run
        captures = owner.captures.select_related("requested_by") if owner else None
        return captures.filter(pk=self.run.telemetry_capture_id).first() if captures else None

    @cached_property
    def active(self) -> Any:
        """A capture of this run that is queued or generating."""
        return self.run.captures.filter(status__in=("queued", "generating")).first()

    @cached_property
    def failed(self) -> Any:
        """The newest capture of this run, where it failed."""
        newest = self.run.captures.order_by("-requested_at", "-id").first()
        return newest if newest is not None and newest.status == "failed" else None

    @property
    def status(self) -> tuple[str, str]:
        """(mark, words) of the panel's heading."""
        if self.active is not None:
            return (
                ("queued", "Waiting")
                if self.active.status == "queued"
                else ("generating", "Generating")
            )
        if self.run.telemetry_available:
            return "available", "Available"
        if self.run.telemetry_integrity == Integrity.CORRUPT:
            return "corrupt", "Not available: changed"
        if self.run.telemetry_integrity in (Integrity.MISSING, Integrity.INCOMPLETE):
            return "missing", "Not available: missing"
        return "unavailable", "Not available"

    @property
    def has_bundle(self) -> bool:
        """Whether the row names a bundle, in whatever state."""
        return bool(self.run.telemetry_capture_id) or self.run.telemetry_available

    @property
    def conflict(self) -> Mapping[str, Any] | None:
        """The facts of the bundle that stands in the way, where that is what was refused."""
        if self.refusal is None or self.refusal.code != "capture_exists":
            return None
        return self.refusal.extra.get("capture") or {}

    @property
    def next_generation(self) -> str:
        """The name that a replacement would get."""
        facts = self.conflict or {}
        generation = str(facts.get("generation") or "").lstrip("g")
        return f"g{int(generation) + 1:06d}" if generation.isdecimal() else "a new generation"

    @property
    def suggested_key(self) -> str:
        """The capture key that the template suggests."""
        try:
            return catalog.get_entry(self.run.template_id).capture_key or ""
        except TemplateNotFound:
            return ""

    @cached_property
    def last_steps(self) -> list[chronicle.Step]:
        """The last steps of the telemetry's life, oldest first, replays among them."""
        events = self.run.capture_events.filter(name__in=_PANEL_EVENTS).select_related("actor")
        # A bundle in the way is a question with an answer, asked above; the events tab keeps it.
        events = events.exclude(name="capture.refused", attributes__code="capture_exists")
        steps = chronicle.tell(events.order_by("-id")[:LAST_EVENTS])
        steps += [_replay_step(replay) for replay in self._finished_replays()]
        return sorted(steps, key=lambda step: step.at)[-LAST_EVENTS:]

    def _finished_replays(self) -> Iterator[Run]:
        replays = selectors.replays_of(self.run).select_related("created_by")
        yield from replays.filter(replay_of="telemetry", status="succeeded")[:LAST_EVENTS]

    @property
    def replay_count(self) -> int:
        return selectors.replays_of(self.run).count()


class RunPage:
    """Everything the page of one run asks for; what a tab does not show is not read."""

    def __init__(self, run: Run, *, tab: str = "time") -> None:
        self.run = run
        self.tab = tab if tab in TABS else "time"
        self.record = run_record(run)

    @property
    def parameters(self) -> list[UsedParameter]:
        """The parameters the run used, declared ones in the order of the template, with titles where known."""
        used: Mapping[str, Any] = self.record.get("parameters") or {}
        declared = self._declared()
        names = [name for name in declared if name in used]
        names += [name for name in used if name not in declared]
        return [self._used(name, used[name], declared.get(name)) for name in names]

    def _declared(self) -> dict[str, Parameter]:
        """The template's declarations, while the catalog has the version that was run."""
        try:
            template = catalog.get_entry(self.run.template_id).template
        except TemplateNotFound:
            return {}
        if template is None or template.version != self.run.template_version:
            return {}
        return {parameter.name: parameter for parameter in template.parameters}

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

    @property
    def replays(self) -> list[Run]:
        """Runs made from this one, newest first."""
        return list(selectors.replays_of(self.run)[:MOST_REPLAYS])

    @property
    def captures(self) -> list[Any]:
        """Captures of this run, newest first."""
        return list(self.run.captures.order_by("-requested_at", "-id")[:MOST_REPLAYS])

    @cached_property
    def steps(self) -> list[chronicle.Step]:
        """Every step of the run and of its captures, oldest first."""
        own = chronicle.tell(selectors.events_for_run(self.run))
        events = self.run.capture_events.exclude(name__in=chronicle.TOO_MANY)
        captured = chronicle.tell(events.select_related("actor").order_by("id"))
        return sorted([*own, *captured], key=lambda step: step.at)

    @property
    def step_count(self) -> int:
        return len(self.steps)


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


def _replay_step(replay: Run) -> chronicle.Step:
    by = replay.created_by.get_username() if replay.created_by else ""
    said = wording.say_reproduction(
        replay.identical_series, replay.compared_series, replay.max_abs_difference
    )
    return chronicle.Step(
        at=replay.finished_at or replay.created_at,
        sentence="Replayed from telemetry" + (f": {said}" if said else ""),
        aside=f"by {by}" if by else "",
        tone="good",
    )


def _plain(value: Any) -> Any:
    """Tuples and lists of equal numbers are one value, however they were stored."""
    return list(value) if isinstance(value, (list, tuple)) else value
