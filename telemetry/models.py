"""Capture: the row that indexes one generation of a telemetry bundle, and its lifecycle events."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

from runs.models import Integrity, Run


class Capture(models.Model):
    """The record of generating one telemetry bundle. The row indexes a generation; the row is also the job.

    QUEUED -> GENERATING -> SUCCEEDED -> SUPERSEDED | MISSING
    QUEUED | GENERATING -> FAILED

    One that was cancelled has failed with the code ``CANCELED``: there is no status of its own for it.

    ``target`` is what the bundle is filed under: ``runs/<run id>`` or ``library/<capture key>``. Two partial
    unique constraints are the locks: one capture of a target in progress, one succeeded.
    """

    CANCELED = "canceled"

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        GENERATING = "generating", "Generating"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        SUPERSEDED = "superseded", "Superseded"
        MISSING = "missing", "Missing"

        @classmethod
        def active(cls) -> tuple[Capture.Status, ...]:
            return (cls.QUEUED, cls.GENERATING)

    class Nan(models.TextChoices):
        KEEP = "keep", "Keep"
        ZERO = "zero", "Zero"

    class Gaps(models.TextChoices):
        KEEP = "keep", "Keep"
        REPORT = "report", "Report"
        ZERO = "zero", "Zero"

    id = models.CharField("capture id", primary_key=True, max_length=128, editable=False)
    # Rows index files that may outlive one another: a bundle may name a run whose row is gone.
    source_run = models.ForeignKey(
        Run, db_constraint=False, on_delete=models.DO_NOTHING, related_name="captures"
    )
    template_id = models.CharField(max_length=60)
    target = models.CharField(max_length=160)
    capture_key = models.CharField(max_length=128, blank=True, default="")
    generation = models.PositiveIntegerField(null=True, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)

    requested_at = models.DateTimeField(default=timezone.now)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="captures",
    )
    started_at = models.DateTimeField(null=True, blank=True)
    generated_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    overwrite = models.BooleanField(default=False)
    nan = models.CharField(max_length=10, choices=Nan, default=Nan.KEEP)
    gaps = models.CharField(max_length=10, choices=Gaps, default=Gaps.KEEP)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(null=True, blank=True)

    warning_count = models.PositiveIntegerField(default=0)
    warnings = models.JSONField(default=list, blank=True)
    file_count = models.PositiveIntegerField(default=0)
    byte_count = models.PositiveBigIntegerField(default=0)
    manifest_hash = models.CharField(max_length=71, blank=True, default="")
    parameters_hash = models.CharField(max_length=71, blank=True, default="")
    scenario_hash = models.CharField(max_length=71, blank=True, default="")
    rng_seed = models.PositiveBigIntegerField(null=True, blank=True)
    supports_class_metrics = models.BooleanField(default=False)
    classes = models.JSONField(default=list, blank=True)
    class_coverage = models.CharField(max_length=10, blank=True, default="")
    duration_ms = models.PositiveIntegerField(null=True, blank=True)

    integrity = models.CharField(max_length=10, choices=Integrity, default=Integrity.UNCHECKED)
    integrity_checked_at = models.DateTimeField(null=True, blank=True)
    integrity_problems = models.JSONField(default=list, blank=True)
    failure_code = models.CharField(max_length=60, blank=True, default="")
    failure_detail = models.TextField(blank=True, default="")

    class Meta:
        ordering = ("-requested_at", "-id")
        permissions = (
            ("verify_capture", "Can verify telemetry bundles"),
            ("cancel_capture", "Can cancel captures"),
        )
        indexes = (
            models.Index(fields=("-requested_at", "-id"), name="capture_requested"),
            models.Index(fields=("status", "-requested_at", "-id"), name="capture_status"),
            models.Index(fields=("source_run", "-requested_at", "-id"), name="capture_source_run"),
            models.Index(fields=("capture_key", "-requested_at", "-id"), name="capture_key_order"),
            models.Index(fields=("template_id", "-requested_at", "-id"), name="capture_template"),
            models.Index(fields=("integrity", "-requested_at", "-id"), name="capture_integrity"),
            models.Index(fields=("status", "byte_count"), name="capture_storage"),
            models.Index(
                fields=("-requested_at", "-id"),
                name="capture_warned",
                condition=Q(warning_count__gt=0),
            ),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("target",),
                condition=Q(status__in=("queued", "generating")),
                name="capture_one_in_progress",
            ),
            models.UniqueConstraint(
                fields=("target",), condition=Q(status="succeeded"), name="capture_one_current"
            ),
            models.UniqueConstraint(
                fields=("target", "generation"), name="capture_generation_once"
            ),
            models.CheckConstraint(
                name="capture_status_known",
                condition=Q(
                    status__in=(
                        "queued",
                        "generating",
                        "succeeded",
                        "failed",
                        "superseded",
                        "missing",
                    )
                ),
            ),
            models.CheckConstraint(
                name="capture_succeeded_has_bundle",
                condition=~Q(status="succeeded")
                | (Q(generation__isnull=False, generated_at__isnull=False) & ~Q(manifest_hash="")),
            ),
            models.CheckConstraint(
                name="capture_failure_says_why", condition=~Q(status="failed") | ~Q(failure_code="")
            ),
        )

    def __str__(self) -> str:
        return self.id

    def get_absolute_url(self) -> str:
        return reverse("telemetry:detail", args=(self.id,))

    @property
    def is_finished(self) -> bool:
        return self.status not in self.Status.active()

    @property
    def is_canceled(self) -> bool:
        return self.failure_code == self.CANCELED

    @property
    def outcome(self) -> tuple[str, str]:
        """(mark, words) of what became of it: its status, or that somebody cancelled it."""
        if self.is_canceled:
            return self.CANCELED, "Cancelled"
        return self.status, self.get_status_display()


class CaptureEvent(models.Model):
    """One step in the life of a capture, or a refusal that made none (``capture`` is then null)."""

    capture = models.ForeignKey(
        Capture, null=True, blank=True, on_delete=models.CASCADE, related_name="events"
    )
    run = models.ForeignKey(
        Run, db_constraint=False, on_delete=models.DO_NOTHING, related_name="capture_events"
    )
    at = models.DateTimeField(default=timezone.now)
    name = models.CharField(max_length=60)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    attributes = models.JSONField(default=dict)

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=("capture", "id"), name="capture_event_order"),
            models.Index(fields=("run", "id"), name="capture_event_run"),
        )

    def __str__(self) -> str:
        return f"{self.name} {self.capture_id or self.run_id}"
