"""/metrics: what was created, generated, refused and failed, and how long it took."""

import re

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db(transaction=True)


def value(name: str) -> float:
    """The value of one sample, 0 before its first."""
    text = Client().get("/metrics").content.decode()
    found = re.search(rf"^{re.escape(name)} (\S+)$", text, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_a_run_and_its_telemetry_are_counted(api):
    names = (
        'run_created_total{mode="simulation"}',
        'run_duration_seconds_count{mode="simulation"}',
        "capture_generated_total",
        "capture_duration_seconds_count",
        'capture_refused_total{code="capture_exists"}',
    )
    before = [value(name) for name in names]

    run_id = api.post("/v1/runs", {"templateId": "first-steps"}).json()["runId"]
    body = {"source": {"type": "run", "runId": run_id}}
    statuses = [api.post("/v1/telemetry/captures", body).status_code for _ in range(2)]

    assert statuses == [201, 409]
    assert [value(name) for name in names] == [count + 1 for count in before]


def test_a_dry_run_counts_for_nothing(api):
    before = value('run_created_total{mode="simulation"}')

    api.post("/v1/runs", {"templateId": "first-steps", "options": {"dryRun": True}})

    assert value('run_created_total{mode="simulation"}') == before


def test_nothing_in_the_counts_names_a_person_or_a_run(api):
    run_id = api.post("/v1/runs", {"templateId": "first-steps"}).json()["runId"]

    text = Client().get("/metrics").content.decode()

    assert run_id not in text
    assert "alice" not in text
