"""The telemetry panel of a run: what there is, what is going on, what was refused, and what may be done."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from runs import catalog, chronicle, gating, selectors, wording
from runs.capture_choices import Choice, choices
from runs.errors import RunUnreadable, TemplateNotFound
from runs.models import Integrity, Run
from runs.offers import offers_of
from runs.reading import readable

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User
    from django.db.models import QuerySet

    from flowtime.errors import FlowTimeError

LAST_EVENTS = 4
MOST_GENERATIONS = 12
# Steps that say nothing an operator acts on; the events tab has them all.
_PANEL_EVENTS = (
    "capture.published",
    "capture.failed",
    "capture.refused",
    "capture.verified",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuggestedKey:
    """A capture key to offer; ``taken_by`` are the facts of the capture that holds it already."""

    key: str
    is_of_template: bool
    taken_by: Mapping[str, Any] | None


class TelemetryPanel:
    """The telemetry of one run as its page shows it. What htmx watches is replaced as a whole."""

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
        return selectors.capture_row(self.run.telemetry_capture_id)

    @cached_property
    def active(self) -> Any:
        """A capture of this run that is queued or generating."""
        return self.run.captures.filter(status__in=("queued", "generating")).first()

    def ended(self, watched: str) -> Any:
        """The capture of that id, where it belongs to this run and has a bundle; the row may name another one's."""
        return self.run.captures.filter(pk=watched, status="succeeded").first()

    @cached_property
    def failed(self) -> Any:
        """The newest capture of this run, where it failed."""
        newest = self.run.captures.order_by("-requested_at", "-id").first()
        return newest if newest is not None and newest.status == "failed" else None

    @cached_property
    def failed_request(self) -> str:
        """The request that the failed capture belongs to, under which the log has the rest."""
        return selectors.request_of(self.failed.events)

    @cached_property
    def latest_file(self) -> Mapping[str, Any]:
        """The file of the active capture that was written last: its node, metric and class."""
        written = self.active.events.filter(name="capture.file_written").order_by("-id").first()
        return written.attributes if written is not None else {}

    @cached_property
    def generations(self) -> list[Any]:
        """Every bundle that was generated from this run, newest first; one more than is shown."""
        captures: QuerySet[Any] = self.run.captures.exclude(generation=None)
        captures = captures.select_related("requested_by").defer("warnings", "integrity_problems")
        return list(captures.order_by("-requested_at", "-id")[: MOST_GENERATIONS + 1])

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

    @cached_property
    def suggested_key(self) -> SuggestedKey:
        """A name in the library: the template's own, else its id with what the run was computed from."""
        try:
            own = catalog.get_entry(self.run.template_id).capture_key
        except TemplateNotFound:
            own = None
        key = own or f"{self.run.template_id}-{self.run.input_hash.removeprefix('sha256:')[:8]}"
        return SuggestedKey(
            key=key,
            is_of_template=own is not None,
            taken_by=selectors.find_capture(capture_key=key, status="succeeded"),
        )

    @property
    def choices(self) -> tuple[Choice, Choice]:
        """What becomes of values that are not there."""
        return choices(self.asked)

    @cached_property
    def would_write(self) -> tuple[int, int] | None:
        """(files, bytes) that generating would write, the size about; None where it cannot or there is nothing."""
        if not self.actions["generateTelemetry"].allowed:
            return None
        try:
            with readable(self.run) as bundle:
                sizes = [bundle.series_bytes(offer.series_id) for offer in offers_of(bundle)]
        except RunUnreadable:
            return None
        return (len(sizes), sum(sizes)) if sizes else None

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


def _replay_step(replay: Run) -> chronicle.Step:
    said = wording.say_reproduction(
        replay.identical_series, replay.compared_series, replay.max_abs_difference
    )
    return chronicle.Step(
        at=replay.finished_at or replay.created_at,
        sentence="Replayed from telemetry" + (f": {said}" if said else ""),
        by=replay.created_by.get_username() if replay.created_by else "",
        tone="good",
    )
