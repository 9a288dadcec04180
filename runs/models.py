"""Run: the row that indexes a run bundle, its document, its lifecycle events; and the views of the list that people keep."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone

from flowtime.api.pagination import Searched


class Integrity(models.TextChoices):
    """What the last look at a bundle's files found."""

    UNCHECKED = "unchecked", "Not checked yet"
    VALID = "valid", "Valid"
    INCOMPLETE = "incomplete", "Incomplete"
    CORRUPT = "corrupt", "Changed"
    MISSING = "missing", "Missing"

    @classmethod
    def usable(cls) -> tuple[Integrity, ...]:
        """States that do not stand in the way of reading; what is read is hashed all the same."""
        return (cls.UNCHECKED, cls.VALID)


class Run(models.Model):
    """One execution of a flow model. The row indexes a bundle; the bundle is the truth. The row is also the job.

    QUEUED -> RUNNING -> SUCCEEDED | FAILED | CANCELED
    QUEUED -> CANCELED
    """

    class Mode(models.TextChoices):
        SIMULATION = "simulation", "Simulation"
        TELEMETRY = "telemetry", "Telemetry"

    class Status(models.TextChoices):
        QUEUED = "queued", "Queued"
        RUNNING = "running", "Running"
        SUCCEEDED = "succeeded", "Succeeded"
        FAILED = "failed", "Failed"
        CANCELED = "canceled", "Cancelled"

        @classmethod
        def active(cls) -> tuple[Run.Status, ...]:
            return (cls.QUEUED, cls.RUNNING)

    class ReplayOf(models.TextChoices):
        NONE = "", "Not a replay"
        MODEL = "model", "Model"
        TELEMETRY = "telemetry", "Telemetry"

    id = models.CharField("run id", primary_key=True, max_length=128, editable=False)
    template_id = models.CharField(max_length=60)
    template_title = models.CharField(max_length=200)
    template_version = models.CharField(max_length=60)
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.SIMULATION)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)

    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="runs",
    )
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    heartbeat_at = models.DateTimeField(null=True, blank=True)
    attempt = models.PositiveSmallIntegerField(default=0)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    progress_done = models.PositiveIntegerField(default=0)
    progress_total = models.PositiveIntegerField(null=True, blank=True)
    progress_unit = models.CharField(max_length=20, blank=True, default="")
    failure_code = models.CharField(max_length=60, blank=True, default="")
    failure_detail = models.TextField(blank=True, default="")

    bins = models.PositiveIntegerField()
    bin_size = models.PositiveIntegerField()
    bin_unit = models.CharField(max_length=10)
    window_start = models.DateTimeField(null=True, blank=True)
    window_minutes = models.PositiveBigIntegerField()
    series_count = models.PositiveIntegerField(default=0)
    warning_count = models.PositiveIntegerField(default=0)
    shape = models.CharField(max_length=48, blank=True, default="")

    rng_kind = models.CharField(max_length=10, default="pcg32")
    rng_mode = models.CharField(max_length=10, default="expected")
    rng_seed = models.PositiveBigIntegerField(default=123)
    input_hash = models.CharField(max_length=71, blank=True, default="")
    manifest_hash = models.CharField(max_length=71, blank=True, default="")
    byte_count = models.PositiveBigIntegerField(default=0)
    integrity = models.CharField(max_length=10, choices=Integrity, default=Integrity.UNCHECKED)
    integrity_checked_at = models.DateTimeField(null=True, blank=True)

    # Rows index files that may outlive one another: a link may name a run whose row is gone.
    source_run = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        db_constraint=False,
        on_delete=models.DO_NOTHING,
        related_name="replays",
    )
    replay_of = models.CharField(max_length=10, choices=ReplayOf, blank=True, default="")
    replayed_capture_id = models.CharField(max_length=128, blank=True, default="")
    identical_series = models.PositiveIntegerField(null=True, blank=True)
    compared_series = models.PositiveIntegerField(null=True, blank=True)
    max_abs_difference = models.FloatField(null=True, blank=True)

    # The telemetry summary: written only by services.set_telemetry_summary.
    telemetry_available = models.BooleanField(default=False)
    telemetry_in_progress = models.BooleanField(default=False)
    telemetry_generated_at = models.DateTimeField(null=True, blank=True)
    telemetry_warning_count = models.PositiveIntegerField(default=0)
    telemetry_integrity = models.CharField(
        max_length=10, choices=Integrity, default=Integrity.UNCHECKED
    )
    telemetry_checked_at = models.DateTimeField(null=True, blank=True)
    telemetry_source_run_id = models.CharField(max_length=128, blank=True, default="")
    telemetry_capture_id = models.CharField(max_length=128, blank=True, default="")
    telemetry_target = models.CharField(max_length=160, blank=True, default="")
    telemetry_generation = models.PositiveIntegerField(null=True, blank=True)
    telemetry_manifest_hash = models.CharField(max_length=71, blank=True, default="")

    objects = Searched.as_manager()

    class Meta:
        ordering = ("-created_at", "-id")
        permissions = (
            ("replay_run", "Can replay runs"),
            ("cancel_run", "Can cancel runs"),
            ("verify_run", "Can verify run bundles"),
        )
        indexes = (
            models.Index(fields=("-created_at", "-id"), name="run_created"),
            models.Index(fields=("status", "-created_at", "-id"), name="run_status"),
            models.Index(fields=("mode", "-created_at", "-id"), name="run_mode"),
            models.Index(fields=("template_id", "-created_at", "-id"), name="run_template"),
            models.Index(fields=("template_title", "-created_at", "-id"), name="run_title"),
            models.Index(
                fields=("telemetry_available", "-created_at", "-id"), name="run_telemetry"
            ),
            models.Index(fields=("source_run", "-created_at", "-id"), name="run_source"),
            models.Index(
                fields=("-created_at", "-id"), name="run_warned", condition=Q(warning_count__gt=0)
            ),
            models.Index(fields=("input_hash",), name="run_input_hash"),
            models.Index(fields=("integrity", "-created_at", "-id"), name="run_integrity"),
            models.Index(fields=("created_by", "-created_at", "-id"), name="run_creator"),
            # The sum of what is stored, without a look at the rows themselves.
            models.Index(fields=("status", "byte_count"), name="run_storage"),
            # These two count what several filters leave, without a look at the rows themselves.
            models.Index(
                fields=(
                    "template_id",
                    "mode",
                    "status",
                    "telemetry_available",
                    "warning_count",
                    "id",
                ),
                name="run_template_facets",
            ),
            models.Index(
                fields=("mode", "status", "telemetry_available", "warning_count", "id"),
                name="run_mode_facets",
            ),
        )
        constraints = (
            models.CheckConstraint(
                name="run_status_known",
                condition=Q(status__in=("queued", "running", "succeeded", "failed", "canceled")),
            ),
            models.CheckConstraint(
                name="run_mode_known", condition=Q(mode__in=("simulation", "telemetry"))
            ),
            models.CheckConstraint(
                name="run_finished_after_started",
                condition=Q(finished_at__isnull=True)
                | Q(started_at__isnull=True)
                | Q(finished_at__gte=F("started_at")),
            ),
            models.CheckConstraint(
                name="run_finished_when_final",
                condition=Q(status__in=("queued", "running"), finished_at__isnull=True)
                | Q(status__in=("succeeded", "failed", "canceled"), finished_at__isnull=False),
            ),
            models.CheckConstraint(
                name="run_failure_says_why",
                condition=~Q(status="failed") | ~Q(failure_code=""),
            ),
            models.CheckConstraint(
                name="run_succeeded_has_bundle",
                condition=~Q(status="succeeded") | ~Q(manifest_hash=""),
            ),
            models.CheckConstraint(
                name="run_telemetry_has_time",
                condition=Q(telemetry_available=False) | Q(telemetry_generated_at__isnull=False),
            ),
        )

    def __str__(self) -> str:
        return self.id

    def get_absolute_url(self) -> str:
        return reverse("runs:detail", args=(self.id,))

    @property
    def is_finished(self) -> bool:
        return self.status not in self.Status.active()


class RunDocument(models.Model):
    """What the list never needs: the request with its template text, and what happened once it has.

    ``record`` is the content of the bundle's ``run.json`` and null before success.
    """

    run = models.OneToOneField(
        Run, primary_key=True, on_delete=models.CASCADE, related_name="document"
    )
    request = models.JSONField()
    template_text = models.TextField()
    record = models.JSONField(null=True, blank=True)

    def __str__(self) -> str:
        return f"document of {self.run_id}"


class RunEvent(models.Model):
    """One step in the life of a run, oldest first by id. Names are ``run.verb_past``."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="events")
    at = models.DateTimeField(default=timezone.now)
    name = models.CharField(max_length=60)
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    attributes = models.JSONField(default=dict)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("run", "id"), name="run_event_order"),)

    def __str__(self) -> str:
        return f"{self.name} {self.run_id}"


class SavedView(models.Model):
    """A question to the run list that one person keeps under a name; at most one opens by itself."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="saved_views"
    )
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=1000)
    is_default = models.BooleanField(default=False)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(fields=("owner", "name"), name="saved_view_named_once"),
            models.UniqueConstraint(
                fields=("owner",), condition=Q(is_default=True), name="saved_view_one_default"
            ),
        )

    def __str__(self) -> str:
        return self.name
