"""A request that is refused with each published code: what the examples of the problems are answers to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db import connection
from django.utils import timezone
from rest_framework.test import APIClient

from runs.models import Integrity
from telemetry.models import Capture
from tests.conftest import DataDirs
from tests.flows import add_template, make_capture, make_run, post_capture, post_run

MONDAY = "desk-monday"
# With another number of bins than it has values it makes no model.
STRETCHED = """\
schemaVersion: 1
metadata: {id: stretched, title: Three numbers, version: 1.0.0}
parameters:
  - {name: bins, type: integer, default: 3, minimum: 1, maximum: 9}
grid: {bins: "${bins}", binSize: 1, binUnit: days}
nodes:
  - {id: x, kind: const, values: [1, 2, 3]}
"""
# Two nodes in each hour of a year are more than one window holds.
YEAR = f"""\
schemaVersion: 1
metadata: {{id: year, title: Two desks through a year, version: 1.0.0}}
grid: {{bins: 8760, binSize: 1, binUnit: hours}}
nodes:
  - {{id: visitors, kind: const, values: {[1] * 8760}}}
topology:
  nodes:
    - {{id: Morning, kind: serviceWithBuffer, semantics: {{arrivals: visitors, capacity: visitors}}}}
    - {{id: Evening, kind: serviceWithBuffer, semantics: {{arrivals: visitors, capacity: visitors}}}}
"""


@dataclass(frozen=True)
class World:
    """Who asks, and where it all lies."""

    operator: APIClient
    viewer: APIClient
    stranger: APIClient
    dirs: DataDirs

    def monday(self) -> str:
        """A finished run; its id."""
        make_run(self.operator, "first-steps", options={"runId": MONDAY})
        return MONDAY

    def damage_telemetry(self, run_id: str) -> None:
        """Change one digit in the run's telemetry."""
        (file,) = (self.dirs.telemetry / "runs" / run_id).glob("*/Desk_QueueDepth.csv")
        file.write_bytes(file.read_bytes().replace(b"2,18", b"2,19"))


def again(world: World) -> Any:
    world.monday()
    return post_run(world.operator, "first-steps", options={"runId": MONDAY})


def cancel_finished(world: World) -> Any:
    return world.operator.post(f"/v1/runs/{world.monday()}/cancel")


def capture_again(world: World) -> Any:
    make_capture(world.operator, world.monday())
    return post_capture(world.operator, MONDAY)


def capture_meanwhile(world: World) -> Any:
    make_capture(world.operator, world.monday())
    # As the row is before the first file is written.
    Capture.objects.update(
        status=Capture.Status.GENERATING,
        generation=None,
        generated_at=None,
        finished_at=None,
        heartbeat_at=timezone.now(),
        manifest_hash="",
        file_count=0,
        byte_count=0,
        progress_done=0,
        duration_ms=None,
        integrity=Integrity.UNCHECKED,
        integrity_checked_at=None,
    )
    return post_capture(world.operator, MONDAY)


def reuse_key(world: World) -> Any:
    headers = {"Idempotency-Key": "night-1"}
    post_run(world.operator, "first-steps", headers=headers)
    return post_run(world.operator, "first-steps", rng={"seed": 7}, headers=headers)


def ask_meanwhile(world: World) -> Any:
    headers = {"Idempotency-Key": "night-1"}
    post_run(world.operator, "first-steps", headers=headers)
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM flowtime_cache WHERE cache_key LIKE '%idempotency.%'")
        ((kept,),) = cursor.fetchall()
    name = kept.split(":", 2)[-1]
    # As it is before the first request is answered.
    cache.set(name, {"body": cache.get(name)["body"]})
    return post_run(world.operator, "first-steps", headers=headers)


def ask_for_a_year(world: World) -> Any:
    add_template(world.dirs.templates, YEAR, name="year")
    run = make_run(world.operator, "year")
    return world.operator.get(f"/v1/runs/{run['runId']}/state_window")


def replay_uncaptured(world: World) -> Any:
    return world.operator.post(f"/v1/runs/{world.monday()}/replays", {"from": "telemetry"})


def replay_damaged(world: World) -> Any:
    make_capture(world.operator, world.monday())
    world.damage_telemetry(MONDAY)
    return world.operator.post(f"/v1/runs/{MONDAY}/replays", {"from": "telemetry"})


def replay_into(world: World, template_id: str, **telemetry: Any) -> Any:
    make_capture(world.operator, world.monday())
    source = {"sourceRunId": MONDAY, **telemetry}
    return post_run(world.operator, template_id, mode="telemetry", telemetry=source)


def capture_replayed(world: World) -> Any:
    make_capture(world.operator, world.monday())
    source = {"sourceRunId": MONDAY}
    options = {"runId": "desk-monday-again"}
    make_run(world.operator, "first-steps", mode="telemetry", telemetry=source, options=options)
    return post_capture(world.operator, "desk-monday-again")


def capture_nothing(world: World) -> Any:
    make_run(world.operator, "bare", options={"runId": "bare-monday"})
    return post_capture(world.operator, "bare-monday")


def read_damaged(world: World) -> Any:
    (file,) = (world.dirs.runs / world.monday()).rglob("index.json")
    file.unlink()
    return world.operator.get(f"/v1/runs/{MONDAY}/index")


def sign_in_too_often(world: World) -> Any:
    """The limit is one a minute in the tests that ask this."""
    world.stranger.post("/v1/auth/tokens")
    return world.stranger.post("/v1/auth/tokens")


def stretch(world: World) -> Any:
    add_template(world.dirs.templates, STRETCHED, name="stretched")
    return post_run(world.operator, "stretched", parameters={"bins": 4})


def probe(failure: str) -> Callable[[World], Any]:
    """What only happens where something is broken, as the probe of the tests breaks it."""
    return lambda world: world.operator.get(f"/v1/probe?fail={failure}")


PROVOKED: dict[str, Callable[[World], Any]] = {
    "invalid_request": lambda w: w.operator.get("/v1/runs?pageSize=500"),
    "malformed_json": lambda w: w.operator.generic(
        "POST", "/v1/runs", b'{"templateId": first-steps}', "application/json"
    ),
    "unsupported_source": lambda w: w.operator.post(
        "/v1/telemetry/captures", {"source": {"type": "simulate"}}
    ),
    "outside_roots": lambda w: post_capture(
        w.operator, w.monday(), output={"directory": "../elsewhere"}
    ),
    "invalid_id": lambda w: post_run(
        w.operator, "first-steps", mode="telemetry", telemetry={"captureKey": ".hidden"}
    ),
    "not_authenticated": lambda w: w.stranger.get("/v1/runs"),
    "permission_denied": lambda w: post_run(w.viewer, "first-steps"),
    "run_not_found": lambda w: w.operator.get("/v1/runs/desk-sunday"),
    "template_not_found": lambda w: post_run(w.operator, "last-steps"),
    "capture_not_found": lambda w: w.operator.get("/v1/telemetry/captures/cap_none"),
    "series_not_found": lambda w: w.operator.get(f"/v1/runs/{w.monday()}/series/lunch"),
    "not_found": lambda w: w.operator.get("/v1/nowhere"),
    "method_not_allowed": lambda w: w.operator.delete("/v1/runs"),
    "not_acceptable": lambda w: w.operator.get("/v1/runs", HTTP_ACCEPT="image/png"),
    "run_exists": again,
    "run_not_cancelable": cancel_finished,
    "capture_exists": capture_again,
    "capture_in_progress": capture_meanwhile,
    "idempotency_key_reused": reuse_key,
    "too_large": lambda w: w.operator.generic(
        "POST", "/v1/runs", b" " * (1024 * 1024 + 1), "application/json"
    ),
    "window_too_large": ask_for_a_year,
    "unsupported_media_type": lambda w: w.operator.post(
        "/v1/runs", "templateId=first-steps", content_type="application/x-www-form-urlencoded"
    ),
    "template_invalid": lambda w: post_run(w.operator, "broken"),
    "parameters_invalid": lambda w: post_run(
        w.operator, "first-steps", parameters={"visitorsPerHour": 600, "visitors": 3}
    ),
    "model_invalid": stretch,
    "run_not_capturable": capture_replayed,
    "nothing_to_capture": capture_nothing,
    "bundle_missing": replay_uncaptured,
    "bundle_corrupt": replay_damaged,
    "bundle_mismatch": lambda w: replay_into(w, "nyc-departures"),
    "bindings_invalid": lambda w: replay_into(
        w, "first-steps", bindings={"visitors": "Desk_Lunch.csv"}
    ),
    "run_unreadable": read_damaged,
    "throttled": sign_in_too_often,
    "internal_error": probe("crash"),
    "storage_unavailable": probe("gone"),
    "busy": ask_meanwhile,
    "insufficient_storage": probe("full"),
}
