"""One capture as its page shows it: facts of the row, files of the bundle, and the steps of its life."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flowtime.bundles import media_type
from flowtime.errors import FlowTimeError
from runs import chronicle, gating
from runs import selectors as run_selectors
from runs.arrays import plain
from runs.charts import page_number
from runs.gating import Action
from runs.models import Run
from telemetry import integrity, selectors, services
from telemetry.models import Capture

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser, User

    from flowtime.bundles import TelemetryFile

FILES_A_PAGE = 60
MOST_WRITTEN = 500
MOST_REPLAYS = 20
NOT_CURRENT = "Only the telemetry that its run shows now can be replayed from here."
RUN_GONE = "The source run is no longer indexed."


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRow:
    """One file of the bundle as the table shows it; ``problem`` is what the last check found wrong with it."""

    file: TelemetryFile
    values: list[float | None]
    problem: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTable:
    """A page of the bundle's files; ``refusal`` where they cannot be read."""

    rows: list[FileRow]
    next_page: int | None = None
    previous_page: int | None = None
    refusal: FlowTimeError | None = None


class CapturePage:
    """Everything the page of one capture asks for."""

    def __init__(
        self, capture: Capture, *, user: User | AnonymousUser, query: Mapping[str, str]
    ) -> None:
        self.capture = capture
        self._user = user
        self._query = query

    @cached_property
    def run(self) -> Run | None:
        """The source run; rows index files that may outlive one another, so it may be gone."""
        return Run.objects.filter(pk=self.capture.source_run_id).first()

    @property
    def replay(self) -> Action:
        """Whether the capture's bundle may be replayed from this page."""
        if self.run is None:
            return Action(allowed=False, reason=RUN_GONE)
        if self.run.telemetry_capture_id != self.capture.pk:
            return Action(allowed=False, reason=NOT_CURRENT)
        return gating.actions_for(self.run, self._user)["replayFromTelemetry"]

    @property
    def has_bundle(self) -> bool:
        return self.capture.status in integrity.HAS_BUNDLE

    @cached_property
    def files(self) -> FileTable:
        """The files that the manifest lists, each with its course; a damaged bundle says what is wrong instead."""
        problems = {p.get("path"): p.get("detail", "") for p in self.capture.integrity_problems}
        number = page_number(self._query)
        first = (number - 1) * FILES_A_PAGE
        try:
            with services.open_bundle(self.capture) as bundle:
                listed = bundle.manifest.files
                rows = [
                    FileRow(
                        file=file,
                        # A file the check found wanting would only be refused.
                        values=[] if file.path in problems else plain(bundle.array(file)),
                        problem=problems.get(file.path, ""),
                    )
                    for file in listed[first : first + FILES_A_PAGE]
                ]
        except FlowTimeError as refusal:
            return FileTable(rows=[], refusal=refusal)
        return FileTable(
            rows=rows,
            next_page=number + 1 if first + FILES_A_PAGE < len(listed) else None,
            previous_page=number - 1 if number > 1 else None,
        )

    @property
    def steps(self) -> list[chronicle.Step]:
        """What happened, without the line for each file."""
        events = selectors.events_of(self.capture).exclude(name__in=chronicle.TOO_MANY)
        return chronicle.tell(events)

    @cached_property
    def written(self) -> list[chronicle.Step]:
        """The files in the order in which they were written, as far as they are; the newest where they are many."""
        events = selectors.events_of(self.capture).filter(name__in=chronicle.TOO_MANY)
        return chronicle.tell(reversed(events.order_by("-id")[:MOST_WRITTEN]))

    @cached_property
    def latest_file(self) -> Mapping[str, Any]:
        """The file that was written last: its node, metric and class."""
        written = selectors.events_of(self.capture).filter(name__in=chronicle.TOO_MANY).last()
        return written.attributes if written is not None else {}

    @cached_property
    def request_id(self) -> str:
        """The request that the capture belongs to, under which the log has the rest."""
        return run_selectors.request_of(selectors.events_of(self.capture))

    @property
    def place(self) -> str:
        """Where the bins of a warning can be looked at: the source run, while it is indexed."""
        return self.run.get_absolute_url() if self.run is not None else ""

    @cached_property
    def replays(self) -> list[Run]:
        """The newest runs that replay this bundle."""
        runs = Run.objects.filter(
            source_run_id=self.capture.source_run_id, replayed_capture_id=self.capture.pk
        )
        return list(runs.order_by("-created_at", "-id")[:MOST_REPLAYS])

    @property
    def bins(self) -> int:
        """The length of the run, for the lanes of the warnings."""
        if self.run is not None:
            return self.run.bins
        ends = [last + 1 for w in self.capture.warnings for _, last in w.get("bins") or []]
        return max(ends, default=1)


def file_text(capture: Capture, path: str) -> tuple[bytes, str]:
    """(bytes, content type) of the manifest or of a file that it lists, checked as it is read.

    Raises BundleMissing, BundleCorrupt, or FileNotListed.
    """
    with services.open_bundle(capture) as bundle:
        data = bundle.read_file(path)
    return data, media_type(path)
