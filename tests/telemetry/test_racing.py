"""Captures of one target that are asked for at the same time: real threads, real transactions, real files."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from runs import services as runs
from runs.models import Run
from runs.requests import RunRequest
from telemetry import services
from telemetry.errors import CaptureExists, CaptureInProgress
from telemetry.models import Capture
from tests.conftest import make_person
from tests.flows import snapshot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.failure(7)]


@pytest.fixture
def alice(transactional_db):
    return make_person("alice", "operator")


@pytest.fixture
def run(alice):
    return runs.create_run(RunRequest(template_id="desk"), user=alice).run


def together(count, action):
    """Call ``action`` from ``count`` threads at once; what each returned or raised."""
    barrier = threading.Barrier(count)

    def call(number):
        try:
            barrier.wait()
            return action(number)
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(call, range(count)))


def test_exactly_one_of_two_captures_succeeds(run, alice):
    outcomes = together(2, lambda _: services.request_capture(run=run, user=alice))

    made = [outcome for outcome in outcomes if isinstance(outcome, Capture)]
    refused = [outcome for outcome in outcomes if not isinstance(outcome, Capture)]
    assert len(made) == 1, outcomes
    assert isinstance(refused[0], CaptureExists | CaptureInProgress), refused
    assert Capture.objects.get().status == Capture.Status.SUCCEEDED


def test_exactly_one_of_many_captures_of_one_key_succeeds(run, alice):
    other = runs.create_run(RunRequest(template_id="desk", parameters={"extra": 1}), user=alice).run

    outcomes = together(
        6,
        lambda number: services.request_capture(
            run=(run, other)[number % 2], user=alice, capture_key="storm"
        ),
    )

    assert sum(isinstance(outcome, Capture) for outcome in outcomes) == 1, outcomes
    assert Capture.objects.filter(status=Capture.Status.SUCCEEDED).count() == 1


def test_overwriting_captures_take_turns(run, alice, data_dirs):
    outcomes = together(4, lambda _: services.request_capture(run=run, user=alice, overwrite=True))

    assert all(isinstance(outcome, Capture) for outcome in outcomes), outcomes
    assert sorted(outcome.generation for outcome in outcomes) == [1, 2, 3, 4]
    current = Capture.objects.get(status=Capture.Status.SUCCEEDED)
    assert current.generation == 4
    assert Run.objects.get().telemetry_generation == 4
    assert Run.objects.get().telemetry_in_progress is False


@pytest.mark.failure(8)
def test_a_replay_is_whole_although_its_bundle_is_overwritten_meanwhile(run, alice, data_dirs):
    services.request_capture(run=run, user=alice)

    def act(number):
        if number % 2:
            return services.request_capture(run=run, user=alice, overwrite=True)
        return runs.create_replay(
            Run.objects.get(pk=run.pk), source=Run.ReplayOf.TELEMETRY, user=alice
        )

    outcomes = together(6, act)

    replays = [outcome for outcome in outcomes if isinstance(outcome, Run)]
    assert len(replays) == 3, outcomes
    for replay in replays:
        assert replay.identical_series == replay.compared_series > 0
        copy = snapshot(data_dirs.runs / replay.pk / "telemetry")
        generation = f"g{replay.telemetry_generation:06d}"
        assert copy == snapshot(data_dirs.telemetry / "runs" / run.pk / generation)


def test_one_deterministic_run_is_made_once(alice):
    request = RunRequest(template_id="desk", is_deterministic=True)

    outcomes = together(4, lambda _: runs.create_run(request, user=alice))

    assert {outcome.run.pk for outcome in outcomes} == {Run.objects.get().pk}, outcomes
    assert sum(not outcome.was_reused for outcome in outcomes) == 1
