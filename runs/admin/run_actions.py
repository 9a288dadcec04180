"""What can be done with runs from the admin: each through a service, asked about first where it changes something."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from flowtime.api.problems import request_id_of
from runs import gating, maintenance, selectors, services
from runs.admin import records
from runs.admin.confirming import Work, carry_out
from runs.admin.records import RecordAction, RecordAdmin
from runs.models import Run
from runs.templatetags import flowtime_ui as ui
from runs.wording import say_count

REPLAY_ACTIONS = {"model": "replayFromModel", "telemetry": "replayFromTelemetry"}
RUN_ACTIONS = (
    "replay_from_model",
    "replay_from_telemetry",
    "verify",
    "reindex",
    "retry",
    "cancel",
)


class RunActions(RecordAdmin):
    """The actions of the list of runs, and the same as buttons of one run."""

    def run_actions(self, request: HttpRequest, run: Run) -> list[RecordAction]:
        """Return the buttons of one run."""
        allowed = gating.actions_for(run, request.user)
        model, telemetry = allowed["replayFromModel"], allowed["replayFromTelemetry"]
        reasons = {
            "verify": self.why_not_verify(request, run),
            "reindex": self.why_not_verify(request, run),
            "retry": self.why_not_retry(request, run),
            "cancel": self.why_not_cancel(request, run),
        }
        labels = {
            "verify": "Verify…",
            "reindex": "Re-index…",
            "retry": "Retry…",
            "cancel": "Cancel…",
        }
        return [
            RecordAction("replay_from_model", "Replay from model", model.allowed, model.reason),
            RecordAction(
                "replay_from_telemetry",
                "Replay from telemetry",
                telemetry.allowed,
                telemetry.reason,
            ),
            *(
                RecordAction(name, labels[name], reason is None, reason)
                for name, reason in reasons.items()
            ),
        ]

    def has_replay_run_permission(self, request: HttpRequest) -> bool:
        """Whether the user may replay runs."""
        return request.user.has_perm("runs.replay_run")

    def has_verify_run_permission(self, request: HttpRequest) -> bool:
        """Whether the user may verify run bundles."""
        return request.user.has_perm("runs.verify_run")

    def has_add_run_permission(self, request: HttpRequest) -> bool:
        """Whether the user may make runs."""
        return request.user.has_perm("runs.add_run")

    def has_cancel_run_permission(self, request: HttpRequest) -> bool:
        """Whether the user may cancel runs."""
        return request.user.has_perm("runs.cancel_run")

    def why_not_verify(self, request: HttpRequest, run: Run) -> str | None:
        """Why the run's files cannot be checked, or not by this user."""
        return gating.why_not_verify(run) or _role(self.has_verify_run_permission(request))

    def why_not_retry(self, request: HttpRequest, run: Run) -> str | None:
        """Why the run is not tried again, or not by this user."""
        return gating.why_not_retry(run) or _role(self.has_add_run_permission(request))

    def why_not_cancel(self, request: HttpRequest, run: Run) -> str | None:
        """Why the run cannot be cancelled, or not by this user."""
        return gating.why_not_cancel(run) or _role(self.has_cancel_run_permission(request))

    def chosen_runs(self, request: HttpRequest, queryset: QuerySet[Run]) -> Iterator[Run]:
        """Yield the chosen runs as they are now, after a look at their files."""
        for run_id in self.chosen_ids(request, queryset):
            yield services.notice_run(selectors.get_run(run_id))

    @admin.action(description="Replay from model", permissions=["replay_run"])
    def replay_from_model(
        self, request: HttpRequest, queryset: QuerySet[Run]
    ) -> HttpResponse | None:
        """Replay each chosen run from its model."""
        return self._replay(request, queryset, source="model")

    @admin.action(description="Replay from telemetry", permissions=["replay_run"])
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
            self.chosen_runs(request, queryset),
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

    @admin.action(description="Verify", permissions=["verify_run"])
    def verify(self, request: HttpRequest, queryset: QuerySet[Run]) -> HttpResponse | None:
        """Hash the files of each chosen run again."""
        work = Work(
            title="Verify run files",
            consequence="Every byte of their files is hashed, and what is found is stored on the rows. "
            "Files that were changed are not used any more.",
            description="Verified.",
            why_not=partial(self.why_not_verify, request),
            do=partial(self._verify_one, request),
        )
        return carry_out(self, request, self.chosen_runs(request, queryset), work)

    def _verify_one(self, request: HttpRequest, run: Run) -> SafeString:
        verified = services.verify_run(run, user=request.user, request_id=request_id_of(request))
        return format_html(
            "{} ({}).",
            verified.get_integrity_display(),
            say_count(verified.series_count, "series", "series"),
        )

    @admin.action(description="Re-index", permissions=["verify_run"])
    def reindex(self, request: HttpRequest, queryset: QuerySet[Run]) -> HttpResponse | None:
        """Write the row of each chosen run again from its bundle."""
        work = Work(
            title="Re-index runs",
            consequence="The rows are written again from the files, which are the truth. "
            "A row whose files are gone or damaged says so.",
            description="Re-indexed.",
            why_not=partial(self.why_not_verify, request),
            do=lambda run: format_html("{}.", maintenance.reindex_run(run).words),
        )
        return carry_out(self, request, self.chosen_runs(request, queryset), work)

    @admin.action(description="Retry", permissions=["add_run"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Run]) -> HttpResponse | None:
        """Make a new run of what each chosen one was asked for."""
        work = Work(
            title="Try runs again",
            consequence="A new run with the same template text, parameters and seed is queued for each. "
            "The old one stays, with its reason.",
            description="Tried again.",
            why_not=partial(self.why_not_retry, request),
            do=partial(self._retry_one, request),
        )
        return carry_out(self, request, self.chosen_runs(request, queryset), work)

    def _retry_one(self, request: HttpRequest, run: Run) -> SafeString:
        again = services.retry_run(
            run, user=request.user, request_id=request_id_of(request), is_async=True
        )
        return format_html("run {} is queued in its place.", records.record_link(again))

    @admin.action(description="Cancel", permissions=["cancel_run"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Run]) -> HttpResponse | None:
        """Stop each chosen run."""
        work = Work(
            title="Cancel runs",
            consequence="What waits ends at once, what is running at the next safe moment. Nothing is written.",
            description="Cancelled.",
            why_not=partial(self.why_not_cancel, request),
            do=partial(self._cancel_one, request),
        )
        return carry_out(self, request, self.chosen_runs(request, queryset), work)

    def _cancel_one(self, request: HttpRequest, run: Run) -> SafeString:
        canceled = services.cancel_run(run, user=request.user, request_id=request_id_of(request))
        is_over = canceled.is_finished
        return format_html("{}.", canceled.get_status_display() if is_over else "asked to stop")


def _role(is_allowed: bool) -> str | None:
    return None if is_allowed else gating.NEEDS_OPERATOR
