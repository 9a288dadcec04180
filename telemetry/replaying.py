"""Replaying a capture into a template that one chooses: which templates it fits, what each file binds to, and the request."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from flowtime.engine import DocumentError, bind
from flowtime.errors import FlowTimeError
from runs import catalog
from runs import services as run_services
from runs.bindings import check_fit, series_of
from runs.errors import BundleMismatch
from runs.models import Run
from runs.records import run_record
from runs.requests import RunRequest, TelemetrySource
from telemetry import services

if TYPE_CHECKING:
    from flowtime.bundles import TelemetryFile, TelemetryManifest
    from flowtime.engine import Model
    from runs.actors import Actor
    from runs.catalog import CatalogEntry
    from runs.planning import Prepared
    from telemetry.models import Capture

CANNOT_BE_RUN = "The template has problems of its own and cannot be run."
NEEDS_PARAMETERS = "The template needs parameters that have no default; start it from a new run."


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A template, the model of its defaults, and the sentence that says why the bundle does not fit it."""

    entry: CatalogEntry
    model: Model | None
    mismatch: str

    @property
    def fits(self) -> bool:
        return not self.mismatch


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundFile:
    """One file of the bundle and the series it takes the place of, or the file that has taken it already."""

    file: TelemetryFile
    names: list[str]
    same_as: str = ""


class ReplayPage:
    """What the page of replaying a capture asks for. Raises what the bundle refuses when it is made."""

    def __init__(
        self,
        capture: Capture,
        *,
        user: Actor,
        template_id: str = "",
        refusal: FlowTimeError | None = None,
    ) -> None:
        self.capture = capture
        self._user = user
        self._given = refusal
        with services.open_bundle(capture) as bundle:
            self.manifest: TelemetryManifest = bundle.manifest
        self.chosen_id = template_id or capture.template_id

    @cached_property
    def candidates(self) -> list[Candidate]:
        """Every template of the catalog, those that fit first."""
        found = [_judge(entry, self.manifest) for entry in catalog.all_entries()]
        return sorted(found, key=lambda candidate: not candidate.fits)

    @property
    def fitting(self) -> list[Candidate]:
        return [candidate for candidate in self.candidates if candidate.fits]

    @property
    def others(self) -> list[Candidate]:
        return [candidate for candidate in self.candidates if not candidate.fits]

    @cached_property
    def chosen(self) -> Candidate | None:
        """The template that was asked for; None where the catalog has it no more."""
        of_id = (c for c in self.candidates if c.entry.template_id == self.chosen_id)
        return next(of_id, None)

    @cached_property
    def _outcome(self) -> tuple[Prepared | None, FlowTimeError | None]:
        if self.chosen is None or not self.chosen.fits:
            return None, self._given
        try:
            plan = run_services.plan_run(request_for(self.capture, self.chosen_id), user=self._user)
        except FlowTimeError as refusal:
            return None, self._given or refusal
        return plan.prepared, self._given

    @property
    def prepared(self) -> Prepared | None:
        """What the run would do; None where it would be refused."""
        return self._outcome[0]

    @property
    def refusal(self) -> FlowTimeError | None:
        """Why the run was refused, or would be."""
        return self._outcome[1]

    @property
    def files(self) -> list[BoundFile]:
        """Every file with what it stands for in the chosen template."""
        if self.prepared is None:
            return []
        bindings, roles = self.prepared.bindings, self.prepared.roles
        named: dict[str, list[str]] = {}
        for name, path in bindings.items():
            named.setdefault(path, []).append(name)
        return [
            BoundFile(
                file=file,
                names=named.get(file.path, []),
                same_as=bindings.get(series_of(file, roles) or "", ""),
            )
            for file in self.manifest.files
        ]

    @property
    def bound_count(self) -> int:
        return sum(bool(row.names) for row in self.files)

    @property
    def computed_count(self) -> int:
        """How many series the engine still computes from the observed ones."""
        if self.prepared is None:
            return 0
        return len(self.prepared.plan.series_ids) - len(self.prepared.overrides)

    @property
    def is_source_template(self) -> bool:
        return self.chosen_id == self.capture.template_id

    @property
    def missing_nodes(self) -> list[str]:
        """Nodes that the bundle observes and the chosen template does not have."""
        model = self.chosen.model if self.chosen else None
        if model is None:
            return []
        known = {node.id for node in model.topology.nodes}
        return sorted({file.node_id for file in self.manifest.files} - known)


def request_for(capture: Capture, template_id: str) -> RunRequest:
    """The run that replays ``capture`` into the template; its source's parameters and seed where it is the same one."""
    again: dict[str, Any] = {}
    source = Run.objects.filter(pk=capture.source_run_id, template_id=template_id)
    run = source.select_related("document").first()
    if run is not None:
        again = {"parameters": dict(run_record(run).get("overrides") or {}), "seed": run.rng_seed}
    return RunRequest(
        template_id=template_id,
        mode=Run.Mode.TELEMETRY,
        telemetry=TelemetrySource(capture_id=capture.pk),
        **again,
    )


def _judge(entry: CatalogEntry, manifest: TelemetryManifest) -> Candidate:
    if entry.template is None:
        return Candidate(entry=entry, model=None, mismatch=CANNOT_BE_RUN)
    try:
        model = bind(entry.template, mode=Run.Mode.TELEMETRY)
    except DocumentError:
        return Candidate(entry=entry, model=None, mismatch=NEEDS_PARAMETERS)
    try:
        check_fit(manifest, model)
    except BundleMismatch as error:
        return Candidate(entry=entry, model=model, mismatch=error.detail)
    return Candidate(entry=entry, model=model, mismatch="")
