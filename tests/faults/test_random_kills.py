"""Row 2: processes killed at random under load. Every answered request is kept, and everything else is settled."""

from __future__ import annotations

import random
import threading
import time
from dataclasses import dataclass, field

import pytest

from tests.faults.invariant import assert_whole
from tests.faults.service import Place, Service, kill, make_place, serving
from tests.project.test_serve import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.failure(2), pytest.mark.one_database]

CLIENTS = 4
MEAN_PAUSE_S = 0.8
ASYNC = {"Prefer": "respond-async"}


@dataclass
class Load:
    """Clients that ask for runs, captures and replays, and remember what they were promised."""

    service: Service
    runs: list[str] = field(default_factory=list)
    promised: list[str] = field(default_factory=list)
    captures: list[dict] = field(default_factory=list)
    unexpected: list[object] = field(default_factory=list)
    requests: int = 0
    unanswered: int = 0
    stopped: threading.Event = field(default_factory=threading.Event)

    def work(self, seed: int) -> None:
        chance = random.Random(seed)
        while not self.stopped.is_set():
            self.requests += 1
            kind = chance.choice(
                ("run", "queued run", "capture", "key", "queued capture", "replay")
            )
            if kind == "run" or not self.runs:
                self.keep(self.service.post_run(parameters={"extra": chance.randrange(10)}))
            elif kind == "queued run":
                self.keep(self.service.post_run(headers=ASYNC))
            elif kind == "replay":
                self.keep(self.service.post_replay(chance.choice(self.runs), "model"))
            else:
                run_id = chance.choice(self.runs[-3:])
                key = {"captureKey": f"key{chance.randrange(3)}"} if kind == "key" else {}
                headers = ASYNC if kind == "queued capture" else {}
                self.keep(self.service.post_capture(run_id, headers=headers, overwrite=True, **key))

    def keep(self, answer) -> None:
        match answer.status:
            case 201 if "capture" in answer.body:
                self.captures.append(answer.body["capture"])
            case 201:
                self.runs.append(answer.id)
            case 202:
                self.promised.append(answer.id)
            case 409 | 503:
                # Another client has the target; or a killed worker left the server short for a moment.
                pass
            case 0 | 502 | 504:
                self.unanswered += 1
            case _:
                self.unexpected.append((answer.status, answer.body))


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Place:
    return make_place(tmp_path_factory.mktemp("killed") / "data")


def test_nothing_that_was_answered_is_lost(place, request, tally):
    seconds = request.config.getoption("--kill-seconds")
    chance = random.Random(20261127)
    kills = 0
    with serving(place) as service:
        load = Load(service)
        clients = [threading.Thread(target=load.work, args=(seed,)) for seed in range(CLIENTS)]
        for client in clients:
            client.start()
        wait_for(lambda: len(load.runs) > 2)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            time.sleep(chance.expovariate(1 / MEAN_PAUSE_S))
            victims = service.web_workers() + service.task_workers()
            if victims and kill(chance.choice(victims)):
                kills += 1
        load.stopped.set()
        for client in clients:
            client.join()
        # By themselves: the workers' own loop reaps what died, without any command.
        wait_for(lambda: open_jobs(service) == 0, seconds=60)
        check_promises(service, load)
    assert load.unexpected == []
    assert kills > 0

    settled, swept, told, first, again = place.maintain(
        "reap", "sweep --grace 0", "verify --deep", "reindex", "reindex"
    )
    assert settled == {"rung": [], "failed": []}
    assert told["problems"] == []
    for run_id in load.runs:
        assert_whole(place.data / "runs" / run_id)
    for kind in ("runs", "captures"):
        assert not first[kind]["missing"] and not first[kind]["damaged"]
        assert not first[kind]["quarantined"]
        assert not again[kind]["adopted"] and not again[kind]["restored"]
    tally.kills(kills)
    tally.acknowledged(len(load.runs) + len(load.captures) + len(load.promised))
    print(
        f"\n{seconds} s, {load.requests} requests, {kills} kills, {load.unanswered} unanswered; "
        f"{len(load.runs)} runs, {len(load.captures)} captures and {len(load.promised)} queued jobs "
        f"acknowledged; {told['checked']} bundles verified, "
        f"{len(swept['runs']) + len(swept['captures'])} leavings swept"
    )


def open_jobs(service: Service) -> int:
    runs = service.ask("GET", "/v1/runs?status=queued&status=running")
    captures = service.ask("GET", "/v1/telemetry/captures?status=queued&status=generating")
    if runs.status != 200 or captures.status != 200:
        return 1
    return len(runs.body["items"]) + len(captures.body["items"])


def check_promises(service: Service, load: Load) -> None:
    """What was answered with 201 is told as it was then; what was answered with 202 has been settled."""
    for run_id in load.runs:
        assert service.ask("GET", f"/v1/runs/{run_id}").body["status"] == "succeeded"
    for promised in load.captures:
        now = service.ask("GET", f"/v1/telemetry/captures/{promised['captureId']}").body
        assert now["status"] in ("succeeded", "superseded")
        assert now["manifestHash"] == promised["manifestHash"]
        assert now["generation"] == promised["generation"]
    for job in load.promised:
        kind = "runs" if job.startswith("run_") else "telemetry/captures"
        found = service.ask("GET", f"/v1/{kind}/{job}").body
        # Killed three times over is the one way for an accepted job to fail, and it says so.
        is_settled = found["status"] in ("succeeded", "superseded") or (
            found["failure"]["code"] == "worker_lost"
        )
        assert is_settled, found
