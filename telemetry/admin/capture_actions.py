"""What can be done with captures from the admin: each through a service, asked about first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from django.utils.safestring import SafeString

import runs.selectors as run_selectors
import runs.services as run_services
from flowtime.api.problems import request_id_of
from runs import gating
from runs.admin import records
from runs.admin.confirming import ConfirmedActions, Work
from runs.admin.records import RecordAction
from runs.wording import say_count
from telemetry import integrity, maintenance, selectors, services
from telemetry.admin import generating
from telemetry.models import Capture

CAPTURE_ACTIONS = ("verify", "reindex", "generate_again", "retry", "cancel")
NO_BUNDLE = "This capture has no bundle."
NOT_FAILED = "Only a capture that failed or was cancelled is tried again."


class CaptureActions(ConfirmedActions):
    """The actions of the list of captures, and the same as buttons of one capture."""

    def capture_actions(self, request: HttpRequest, capture: Capture) -> list[RecordAction]:
        """Return the buttons of one capture."""
        again = generating.why_not(run_selectors.get_run(capture.source_run_id), request.user)
        return [
            self.button(request, "verify", capture),
            self.button(request, "reindex", capture),
            RecordAction("generate_again", "Generate again…", again is None, again),
            self.button(request, "retry", capture),
            self.button(request, "cancel", capture),
        ]

    def chosen(self, request: HttpRequest, queryset: QuerySet[Capture]) -> Iterator[Capture]:
        """Yield the chosen captures whole."""
        for capture_id in self.chosen_ids(request, queryset):
            yield selectors.get_capture(capture_id)

    @admin.action(description="Generate again", permissions=["retry"])
    def generate_again(
        self, request: HttpRequest, queryset: QuerySet[Capture]
    ) -> HttpResponse | None:
        """Generate the bundle of each chosen capture once more; asks before one is replaced."""
        pairs = [
            (capture, run_services.notice_run(run_selectors.get_run(capture.source_run_id)))
            for capture in self.chosen(request, queryset)
        ]
        source_of = {capture.pk: run for capture, run in pairs}
        allowed = self.sort_out(
            request,
            [capture for capture, _ in pairs],
            lambda capture: generating.why_not(source_of[capture.pk], request.user),
        )
        return generating.generate(
            self,
            request,
            [generating.from_capture(capture, source_of[capture.pk]) for capture in allowed],
        )

    def works(self, request: HttpRequest) -> Mapping[str, Work]:
        """Return what is done to captures after a question."""
        return {
            "verify": Work(
                title="Verify telemetry bundles",
                consequence="Every byte of their files is hashed, and what is found is stored on the rows. "
                "A bundle that was changed is not replayed any more.",
                description="Verified.",
                why_not=_why_not_verify,
                do=partial(self._verify_one, request),
            ),
            "reindex": Work(
                title="Re-index captures",
                consequence="The rows of each bundle's place are brought in step with the files there: generations "
                "without a row are taken in, and a row whose files are gone or damaged says so.",
                description="Re-indexed.",
                why_not=_why_not_verify,
                do=lambda capture: format_html("{}.", maintenance.reindex_capture(capture).words),
            ),
            "retry": Work(
                title="Try captures again",
                consequence="Telemetry of the same run is generated into the same place with the same options. "
                "The failed capture stays, with its reason.",
                description="Tried again.",
                why_not=_why_not_retry,
                do=partial(self._retry_one, request),
            ),
            "cancel": Work(
                title="Cancel captures",
                consequence="What waits ends at once, what is generated at the next file. Telemetry that was there stays.",
                description="Cancelled.",
                why_not=_why_not_cancel,
                do=partial(self._cancel_one, request),
            ),
        }

    def _verify_one(self, request: HttpRequest, capture: Capture) -> SafeString:
        verified = services.verify_capture(
            capture, user=request.user, request_id=request_id_of(request)
        )
        return format_html(
            "{} ({}).",
            verified.get_integrity_display(),
            say_count(len(verified.integrity_problems), "finding"),
        )

    def _retry_one(self, request: HttpRequest, capture: Capture) -> SafeString:
        again = services.retry_capture(
            capture, user=request.user, request_id=request_id_of(request), is_async=True
        )
        return format_html("capture {} is queued in its place.", records.record_link(again))

    def _cancel_one(self, request: HttpRequest, capture: Capture) -> SafeString:
        canceled = services.cancel_capture(
            capture, user=request.user, request_id=request_id_of(request)
        )
        return format_html("{}.", "cancelled" if canceled.is_finished else "asked to stop")


def _why_not_verify(capture: Capture) -> str | None:
    return None if capture.status in integrity.HAS_BUNDLE else NO_BUNDLE


def _why_not_retry(capture: Capture) -> str | None:
    if capture.status == Capture.Status.FAILED:
        return None
    return NOT_FAILED if capture.is_finished else gating.IN_PROGRESS


def _why_not_cancel(capture: Capture) -> str | None:
    return gating.HAS_ENDED if capture.is_finished else None
