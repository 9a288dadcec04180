"""Which actions a run allows, and the sentence beside each that it does not."""

import pytest

from runs import gating
from runs.gating import actions_for
from runs.models import Integrity, Run
from tests.factories import START, RunFactory

pytestmark = pytest.mark.django_db


def reasons(run, user):
    return {name: action.reason for name, action in actions_for(run, user).items()}


def test_a_finished_simulation_without_telemetry(alice):
    actions = actions_for(RunFactory(), alice)

    assert actions["generateTelemetry"].allowed
    assert actions["replayFromModel"].allowed
    assert not actions["regenerateTelemetry"].allowed
    assert actions["replayFromTelemetry"].reason == "Generate telemetry first."


def test_with_a_bundle_generating_again_takes_the_place_of_generating(alice):
    run = RunFactory(
        telemetry_available=True,
        telemetry_generated_at=START,
        telemetry_capture_id="cap_1",
        telemetry_integrity=Integrity.VALID,
    )

    actions = actions_for(run, alice)

    assert not actions["generateTelemetry"].allowed
    assert actions["regenerateTelemetry"].allowed
    assert actions["replayFromTelemetry"].allowed


@pytest.mark.parametrize(
    ("integrity", "sentence"),
    [
        (Integrity.MISSING, "The telemetry bundle is missing."),
        (Integrity.CORRUPT, "The telemetry bundle was changed since it was generated."),
        (Integrity.INCOMPLETE, "The telemetry bundle was changed since it was generated."),
    ],
)
def test_telemetry_that_cannot_be_trusted_is_not_replayed(alice, integrity, sentence):
    run = RunFactory(telemetry_capture_id="cap_1", telemetry_integrity=integrity)

    assert reasons(run, alice)["replayFromTelemetry"] == sentence


def test_a_missing_bundle_is_generated_anew_without_overwriting(alice):
    run = RunFactory(telemetry_capture_id="cap_1", telemetry_integrity=Integrity.MISSING)

    assert actions_for(run, alice)["generateTelemetry"].allowed


@pytest.mark.parametrize(
    ("integrity", "sentence"),
    [
        (Integrity.MISSING, "The run's files are missing."),
        (Integrity.CORRUPT, "The run's files were changed since it was written."),
    ],
)
def test_a_run_that_cannot_be_trusted_allows_nothing(alice, integrity, sentence):
    assert set(reasons(RunFactory(integrity=integrity), alice).values()) == {sentence}


@pytest.mark.parametrize("status", [Run.Status.QUEUED, Run.Status.RUNNING])
def test_an_unfinished_run_allows_nothing(alice, status):
    run = RunFactory(status=status, finished_at=None)

    assert set(reasons(run, alice).values()) == {"The run has not finished."}


def test_telemetry_is_not_generated_from_telemetry(alice):
    found = reasons(RunFactory(mode=Run.Mode.TELEMETRY), alice)

    assert found["generateTelemetry"] == "Telemetry is generated from simulation runs."
    assert found["regenerateTelemetry"] == "Telemetry is generated from simulation runs."


def test_one_capture_at_a_time(alice):
    found = reasons(RunFactory(telemetry_in_progress=True), alice)

    assert found["generateTelemetry"] == "A capture is in progress."


def test_a_viewer_is_told_which_role_it_takes(victor):
    found = reasons(RunFactory(), victor)

    assert found["generateTelemetry"] == gating.NEEDS_OPERATOR
    assert found["replayFromModel"] == gating.NEEDS_OPERATOR
