"""Rows for tests that need many or strange ones; where files matter, tests make real runs instead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import factory

from runs.models import Integrity, Run, RunDocument
from telemetry.models import Capture

START = datetime(2026, 11, 23, 10, 15, tzinfo=UTC)
DIGEST = "sha256:" + "0" * 64


class RunFactory(factory.django.DjangoModelFactory[Run]):
    """A finished simulation run whose files do not exist."""

    class Meta:
        model = Run
        skip_postgeneration_save = True

    id = factory.Sequence(lambda n: f"run_20261123T101500Z_{n:08x}")
    template_id = "first-steps"
    template_title = "A ticket desk with one clerk"
    template_version = "1.0.0"
    status = Run.Status.SUCCEEDED
    created_at = factory.Sequence(lambda n: START + timedelta(seconds=n))
    started_at = factory.LazyAttribute(lambda run: run.created_at)
    finished_at = factory.LazyAttribute(lambda run: run.created_at)
    bins = 12
    bin_size = 1
    bin_unit = "hours"
    window_minutes = 720
    shape = "g" * 48
    input_hash = DIGEST
    manifest_hash = DIGEST
    integrity = Integrity.VALID

    @factory.post_generation
    def document(run: Run, create: bool, given: Any, **facts: Any) -> None:  # noqa: N805
        if create:
            RunDocument.objects.create(
                run=run,
                request={"request": {"template_id": run.template_id}, "bundle": None},
                template_text="",
                **facts,
            )


class CaptureFactory(factory.django.DjangoModelFactory[Capture]):
    """A succeeded capture of a run's own bundle, whose files do not exist."""

    class Meta:
        model = Capture

    id = factory.Sequence(lambda n: f"cap_20261123T101500Z_{n:08x}")
    source_run = factory.SubFactory(RunFactory)
    template_id = factory.LazyAttribute(lambda capture: capture.source_run.template_id)
    target = factory.LazyAttribute(lambda capture: f"runs/{capture.source_run.pk}")
    generation = 1
    status = Capture.Status.SUCCEEDED
    requested_at = factory.Sequence(lambda n: START + timedelta(seconds=n))
    started_at = factory.LazyAttribute(lambda capture: capture.requested_at)
    generated_at = factory.LazyAttribute(lambda capture: capture.requested_at)
    finished_at = factory.LazyAttribute(lambda capture: capture.requested_at)
    manifest_hash = DIGEST
    integrity = Integrity.VALID
    file_count = 2
    byte_count = 100
