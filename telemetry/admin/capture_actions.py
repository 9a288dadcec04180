"""What can be done with captures from the admin: each through a service, asked about first."""

from __future__ import annotations

from collections.abc import Iterator
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
from runs.admin.confirming import Work, carry_out
from runs.admin.records import RecordAction, RecordAdmin
from runs.wording import say_count
from telemetry import integrity, maintenance, selectors, services
from telemetry.admin import generating
from telemetry.models import Capture

CAPTURE_ACTIONS = ("verify", "reindex", "generate_again", "retry", "cancel")
NO_BUNDLE = "This capture has no bundle."
NOT_FAILED = "Only a capture that failed or was cancelled is tried again."


class CaptureActions(RecordAdmin):
    """The actions of the list of captures, and the same as buttons of one capture."""

    def capture_actions(self, request: HttpRequest, capture: Capture) -> list[RecordAction]:
        """Return the buttons of one capture."""
        again = generating.why_not(run_selectors.get_run(capture.source_run_id), request.user)
        reasons = {
            "verify": ("Verify…", self.why_not_verify(request, capture)),
            "reindex": ("Re-index…", self.why_not_verify(request, capture)),
            "generate_again": ("Generate again…", again),
            "retry": ("Retry…", self.why_not_retry(request, capture)),
            "cancel": ("Cancel…", self.why_not_cancel(request, capture)),
        }
        return [
            RecordAction(name, label, reason is None, reason)
            for name, (label, reason) in reasons.items()
        ]

    def has_verify_capture_permission(self, request: HttpRequest) -> bool:
        """Whether the user may verify telemetry bundles."""
        return request.user.has_perm("telemetry.verify_capture")

    def has_add_capture_permission(self, request: HttpRequest) -> bool:
        """Whether the user may generate telemetry."""
        return request.user.has_perm("telemetry.add_capture")

    def has_cancel_capture_permission(self, request: HttpRequest) -> bool:
        """Whether the user may cancel captures."""
        return request.user.has_perm("telemetry.cancel_capture")

    def why_not_verify(self, request: HttpRequest, capture: Capture) -> str | None:
        """Why the bundle cannot be checked, or not by this user."""
        if capture.status not in integrity.HAS_BUNDLE:
            return NO_BUNDLE
        return None if self.has_verify_capture_permission(request) else gating.NEEDS_OPERATOR

    def why_not_retry(self, request: HttpRequest, capture: Capture) -> str | None:
        """Why the capture is not tried again, or not by this user."""
        if capture.status != Capture.Status.FAILED:
            return NOT_FAILED if capture.is_finished else gating.IN_PROGRESS
        return None if self.has_add_capture_permission(request) else gating.NEEDS_OPERATOR

    def why_not_cancel(self, request: HttpRequest, capture: Capture) -> str | None:
        """Why the capture cannot be cancelled, or not by this user."""
        if capture.is_finished:
            return gating.HAS_ENDED
        return None if self.has_cancel_capture_permission(request) else gating.NEEDS_OPERATOR

    def chosen_captures(
        self, request: HttpRequest, queryset: QuerySet[Capture]
    ) -> Iterator[Capture]:
        """Yield the chosen captures whole."""
        for capture_id in self.chosen_ids(request, queryset):
            yield selectors.get_capture(capture_id)

    @admin.action(description="Verify", permissions=["verify_capture"])
    def verify(self, request: HttpRequest, queryset: QuerySet[Capture]) -> HttpResponse | None:
        """Hash the files of each chosen bundle again."""
        work = Work(
            title="Verify telemetry bundles",
            consequence="Every byte of their files is hashed, and what is found is stored on the rows. "
            "A bundle that was changed is not replayed any more.",
            description="Verified.",
            why_not=partial(self.why_not_verify, request),
            do=partial(self._verify_one, request),
        )
        return carry_out(self, request, self.chosen_captures(request, queryset), work)

    def _verify_one(self, request: HttpRequest, capture: Capture) -> SafeString:
        verified = services.verify_capture(
            capture, user=request.user, request_id=request_id_of(request)
        )
        return format_html(
            "{} ({}).",
            verified.get_integrity_display(),
            say_count(len(verified.integrity_problems), "finding"),
        )

    @admin.action(description="Re-index", permissions=["verify_capture"])
    def reindex(self, request: HttpRequest, queryset: QuerySet[Capture]) -> HttpResponse | None:
        """Bring the rows of each chosen capture's place in step with what lies there."""
        work = Work(
            title="Re-index captures",
            consequence="The rows of each bundle's place are brought in step with the files there: generations "
            "without a row are taken in, and a row whose files are gone or damaged says so.",
            description="Re-indexed.",
            why_not=partial(self.why_not_verify, request),
            do=lambda capture: format_html("{}.", maintenance.reindex_capture(capture).words),
        )
        return carry_out(self, request, self.chosen_captures(request, queryset), work)

    @admin.action(description="Generate again", permissions=["add_capture"])
    def generate_again(
        self, request: HttpRequest, queryset: QuerySet[Capture]
    ) -> HttpResponse | None:
        """Generate the bundle of each chosen capture once more; asks before one is replaced."""
        pairs = [
            (capture, run_services.notice_run(run_selectors.get_run(capture.source_run_id)))
            for capture in self.chosen_captures(request, queryset)
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

    @admin.action(description="Retry", permissions=["add_capture"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Capture]) -> HttpResponse | None:
        """Ask once more for what each chosen capture was asked for."""
        work = Work(
            title="Try captures again",
            consequence="Telemetry of the same run is generated into the same place with the same options. "
            "The failed capture stays, with its reason.",
            description="Tried again.",
            why_not=partial(self.why_not_retry, request),
            do=partial(self._retry_one, request),
        )
        return carry_out(self, request, self.chosen_captures(request, queryset), work)

    def _retry_one(self, request: HttpRequest, capture: Capture) -> SafeString:
        again = services.retry_capture(
            capture, user=request.user, request_id=request_id_of(request), is_async=True
        )
        return format_html("capture {} is queued in its place.", records.record_link(again))

    @admin.action(description="Cancel", permissions=["cancel_capture"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Capture]) -> HttpResponse | None:
        """Stop each chosen capture."""
        work = Work(
            title="Cancel captures",
            consequence="What waits ends at once, what is generated at the next file. Telemetry that was there stays.",
            description="Cancelled.",
            why_not=partial(self.why_not_cancel, request),
            do=partial(self._cancel_one, request),
        )
        return carry_out(self, request, self.chosen_captures(request, queryset), work)

    def _cancel_one(self, request: HttpRequest, capture: Capture) -> SafeString:
        canceled = services.cancel_capture(
            capture, user=request.user, request_id=request_id_of(request)
        )
        return format_html("{}.", "cancelled" if canceled.is_finished else "asked to stop")
