"""What can be done with runs from the admin: each through a service, asked about first where it changes something."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from flowtime.api.problems import request_id_of
from runs import gating, maintenance, selectors, services
from runs.admin import records
from runs.admin.confirming import CONFIRMED, ConfirmedActions, Work
from runs.admin.records import RecordAction
from runs.models import Run
from runs.templatetags import flowtime_ui as ui
from runs.wording import say_count

REPLAY_ACTIONS = {"model": "replayFromModel", "telemetry": "replayFromTelemetry"}
RUN_ACTIONS = ("replay_from_model", "replay_from_telemetry", *CONFIRMED)


class RunActions(ConfirmedActions):
    """The actions of the list of runs, and the same as buttons of one run."""

    def run_actions(self, request: HttpRequest, run: Run) -> list[RecordAction]:
        """Return the buttons of one run."""
        allowed = gating.actions_for(run, request.user)
        model, telemetry = allowed["replayFromModel"], allowed["replayFromTelemetry"]
        return [
            RecordAction("replay_from_model", "Replay from model", model.allowed, model.reason),
            RecordAction(
                "replay_from_telemetry",
                "Replay from telemetry",
                telemetry.allowed,
                telemetry.reason,
            ),
            *(self.button(request, name, run) for name in CONFIRMED),
        ]

    def has_replay_permission(self, request: HttpRequest) -> bool:
        """Whether the user may replay runs."""
        return self.may(request, "replay")

    def chosen(self, request: HttpRequest, queryset: QuerySet[Run]) -> Iterator[Run]:
        """Yield the chosen runs as they are now, after a look at their files."""
        for run_id in self.chosen_ids(request, queryset):
            yield services.notice_run(selectors.get_run(run_id))

    @admin.action(description="Replay from model", permissions=["replay"])
    def replay_from_model(
        self, request: HttpRequest, queryset: QuerySet[Run]
    ) -> HttpResponse | None:
        """Replay each chosen run from its model."""
        return self._replay(request, queryset, source="model")

    @admin.action(description="Replay from telemetry", permissions=["replay"])
    def replay_from_telemetry(
        self, request: HttpRequest, queryset: QuerySet[Run]
    ) -> HttpResponse | None:
        """Replay each chosen run from its telemetry."""
        return self._replay(request, queryset, source="telemetry")

    def _replay(
        self, request: HttpRequest, queryset: QuerySet[Run], *, source: str
    ) -> HttpResponse | None:
        runs = self.sort_out(
            request,
            self.chosen(request, queryset),
            lambda run: gating.actions_for(run, request.user)[REPLAY_ACTIONS[source]].reason,
        )
        # One run is worth waiting for; several work on in the background.
        work = partial(self._replay_one, request, source=source, is_async=len(runs) > 1)
        self.act(request, runs, work, description=f"Replayed from {source}.")
        return self.after_action(request)

    def _replay_one(
        self, request: HttpRequest, run: Run, *, source: str, is_async: bool
    ) -> SafeString:
        replay = services.create_replay(
            run,
            source=source,
            user=request.user,
            request_id=request_id_of(request),
            is_async=is_async,
        )
        if not replay.is_finished:
            return format_html("replay {} is queued.", records.record_link(replay))
        return format_html(
            "replay {} was made, {}.", records.record_link(replay), ui.reproduction(replay) or "–"
        )

    def works(self, request: HttpRequest) -> Mapping[str, Work]:
        """Return what is done to runs after a question."""
        return {
            "verify": Work(
                title="Verify run files",
                consequence="Every byte of their files is hashed, and what is found is stored on the rows. "
                "Files that were changed are not used any more.",
                description="Verified.",
                why_not=gating.why_not_verify,
                do=partial(self._verify_one, request),
            ),
            "reindex": Work(
                title="Re-index runs",
                consequence="The rows are written again from the files, which are the truth. "
                "A row whose files are gone or damaged says so.",
                description="Re-indexed.",
                why_not=gating.why_not_verify,
                do=lambda run: format_html("{}.", maintenance.reindex_run(run).words),
            ),
            "retry": Work(
                title="Try runs again",
                consequence="A new run with the same template text, parameters and seed is queued for each. "
                "The old one stays, with its reason.",
                description="Tried again.",
                why_not=gating.why_not_retry,
                do=partial(self._retry_one, request),
            ),
            "cancel": Work(
                title="Cancel runs",
                consequence="What waits ends at once, what is running at the next safe moment. Nothing is written.",
                description="Cancelled.",
                why_not=gating.why_not_cancel,
                do=partial(self._cancel_one, request),
            ),
        }

    def _verify_one(self, request: HttpRequest, run: Run) -> SafeString:
        verified = services.verify_run(run, user=request.user, request_id=request_id_of(request))
        return format_html(
            "{} ({}).",
            verified.get_integrity_display(),
            say_count(verified.series_count, "series", "series"),
        )

    def _retry_one(self, request: HttpRequest, run: Run) -> SafeString:
        again = services.retry_run(
            run, user=request.user, request_id=request_id_of(request), is_async=True
        )
        return format_html("run {} is queued in its place.", records.record_link(again))

    def _cancel_one(self, request: HttpRequest, run: Run) -> SafeString:
        canceled = services.cancel_run(run, user=request.user, request_id=request_id_of(request))
        is_over = canceled.is_finished
        return format_html("{}.", canceled.get_status_display() if is_over else "asked to stop")
