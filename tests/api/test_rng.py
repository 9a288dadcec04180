"""How a run treats chance: mode, seed and replicate, from the request to the replay."""

import pytest

from runs.models import Run
from tests import flows
from tests.flows import make_run, post_replay, post_run

pytestmark = pytest.mark.django_db

DICE = """\
schemaVersion: 1
metadata: {id: dice, title: Dice, version: 1.0.0}
grid: {bins: 24, binSize: 1, binUnit: hours}
rng: {kind: pcg32, mode: sample, seed: 42}
nodes:
  - {id: callers, kind: pmf, pmf: {values: [1, 2, 3], probabilities: [0.2, 0.5, 0.3]}}
topology:
  nodes:
    - {id: Line, kind: serviceWithBuffer, semantics: {arrivals: callers, capacity: 2}}
"""


@pytest.fixture(autouse=True)
def dice(data_dirs):
    flows.add_template(data_dirs.templates, DICE, name="dice")


def values_of(api, run):
    response = api.get(f"/v1/runs/{run['runId']}/series/callers@CALLERS@DEFAULT")
    return response.json()["values"]


def test_a_run_says_how_it_treats_chance(api):
    run = make_run(api, "dice", rng={"kind": "pcg32", "seed": 42, "mode": "sample", "replicate": 1})

    assert run["rng"] == {"kind": "pcg32", "seed": 42, "mode": "sample", "replicate": 1}
    assert api.get(f"/v1/runs/{run['runId']}").json()["rng"] == run["rng"]
    assert set(values_of(api, run)) == {1, 2, 3}


def test_the_templates_own_mode_holds_unless_told(api):
    assert make_run(api, "dice")["rng"] == {
        "kind": "pcg32",
        "seed": 42,
        "mode": "sample",
        "replicate": 0,
    }

    expected = make_run(api, "dice", rng={"mode": "expected"})

    assert expected["rng"]["mode"] == "expected"
    assert expected["rng"]["seed"] == 42
    assert values_of(api, expected) == [pytest.approx(2.1)] * 24


def test_replicates_are_independent_samples_of_one_seed(api):
    runs = [make_run(api, "dice", rng={"replicate": number}) for number in (0, 1, 2)]

    assert len({tuple(values_of(api, run)) for run in runs}) == 3
    for name in ("inputHash", "scenarioHash"):
        assert len({run[name] for run in runs}) == 3
    assert len({run["modelHash"] for run in runs}) == 1


def test_the_first_replicate_is_the_request_itself(api):
    hashes = {
        make_run(api, "dice", **asked)["inputHash"]
        for asked in ({}, {"rng": {"replicate": 0}}, {"rng": {"replicate": None}})
    }

    assert len(hashes) == 1


def test_replicates_have_ids_of_their_own(api):
    options = {"deterministicRunId": True}
    runs = [make_run(api, "dice", rng={"replicate": n}, options=options) for n in (0, 1)]
    again = post_run(api, "dice", rng={"replicate": 1}, options=options)

    assert runs[0]["runId"] != runs[1]["runId"]
    assert again.status_code == 200
    assert again.json()["runId"] == runs[1]["runId"]
    assert Run.objects.count() == 2


def test_a_plan_says_it_too(api):
    response = post_run(api, "dice", rng={"replicate": 7}, options={"dryRun": True})

    rng = response.json()["plan"]["rng"]
    assert rng == {"kind": "pcg32", "seed": 42, "mode": "sample", "replicate": 7}


def test_a_replay_draws_the_same_sample(api):
    run = make_run(api, "dice", rng={"replicate": 5, "seed": 9})

    replay = post_replay(api, run["runId"], "model").json()

    assert replay["rng"] == run["rng"]
    assert values_of(api, replay) == values_of(api, run)
    reproduction = replay["provenance"]["reproduction"]
    assert reproduction["identical"] == reproduction["total"]
    assert replay["scenarioHash"] == run["scenarioHash"]


def test_a_queued_run_keeps_its_replicate(api, run_tasks):
    queued = post_run(api, "dice", rng={"replicate": 3}, headers={"Prefer": "respond-async"}).json()
    assert queued["rng"]["replicate"] == 3

    run_tasks()

    finished = api.get(f"/v1/runs/{queued['runId']}").json()
    assert finished["status"] == "succeeded"
    assert finished["scenarioHash"] == make_run(api, "dice", rng={"replicate": 3})["scenarioHash"]


@pytest.mark.parametrize(
    ("rng", "pointer"),
    [
        ({"mode": "dream"}, "/rng/mode"),
        ({"replicate": -1}, "/rng/replicate"),
        ({"replicate": 1.5}, "/rng/replicate"),
        ({"replicate": "1"}, "/rng/replicate"),
        ({"replicate": True}, "/rng/replicate"),
        ({"replicate": 2**32}, "/rng/replicate"),
    ],
)
def test_what_is_not_of_its_kind_is_refused(api, rng, pointer):
    response = post_run(api, "dice", rng=rng)

    assert response.status_code == 400
    assert [error["pointer"] for error in response.json()["errors"]] == [pointer]
    assert not Run.objects.exists()
