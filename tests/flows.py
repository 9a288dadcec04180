"""Small flow templates for tests, and the few steps that most tests begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from rest_framework.test import APIClient

DESK = """\
schemaVersion: 1
metadata: {id: desk, title: A small desk, version: 1.0.0, description: Four bins.}
grid: {bins: 4, binSize: 1, binUnit: hours}
window: {start: "2026-03-02T08:00:00Z", timezone: UTC}
parameters:
  - {name: perHour, type: number, default: 5, minimum: 1, maximum: 50}
  - {name: extra, type: integer, default: 0, minimum: 0, maximum: 10}
nodes:
  - {id: visitors, kind: const, values: [4, 9, 3, 2]}
  - {id: everybody, kind: expr, expr: "visitors + ${extra}"}
topology:
  nodes:
    - id: Desk
      kind: serviceWithBuffer
      semantics: {arrivals: everybody, capacity: "${perHour}"}
"""

# Two nodes, classes, a loss, processing times and an external array with a gap in it.
COUNTED = """\
schemaVersion: 1
metadata: {id: counted, title: Counted at the gate, version: 2.1.0, captureKey: counted}
grid: {bins: 4, binSize: 30, binUnit: minutes}
parameters:
  - {name: limit, type: number, default: 100, minimum: 1, maximum: 500}
classes:
  - {id: Adult}
  - {id: Child}
traffic:
  arrivals:
    - {nodeId: coming, classId: Adult, pattern: {kind: constant, ratePerBin: 3}}
    - {nodeId: coming, classId: Child, pattern: {kind: constant, ratePerBin: 1}}
nodes:
  - {id: coming, kind: const, source: "file:counted.csv#gate"}
  - {id: lost, kind: expr, expr: "0.25 * coming"}
topology:
  nodes:
    - id: Gate
      kind: queue
      semantics: {arrivals: coming, capacity: "${limit}", errors: lost}
    - id: Shelf
      kind: dlq
      semantics: {arrivals: lost}
  edges:
    - {from: Gate, to: Shelf, type: terminal, measure: errors}
"""
COUNTED_CSV = "bin_index,gate\n0,8\n1,\n2,4\n3,12\n"

# Computation alone: no place whose roles could be captured.
BARE = """\
schemaVersion: 1
metadata: {id: bare, title: Numbers only, version: 1.0.0}
grid: {bins: 3, binSize: 1, binUnit: days}
nodes:
  - {id: x, kind: const, values: [1, 2, 3]}
"""

BROKEN = """\
schemaVersion: 1
metadata: {id: broken, title: Broken, version: 1.0.0}
grid: {bins: 3, binSize: 1, binUnit: days}
nodes:
  - {id: x, kind: expr, expr: "y +"}
"""


def add_template(directory: Path, text: str, *, name: str, **files: str) -> None:
    """Put a template, and the files it reads, where the catalog looks for it."""
    (directory / f"{name}.yaml").write_text(text)
    for file, content in files.items():
        (directory / file.replace("_csv", ".csv")).write_text(content)


def post_run(api: APIClient, template_id: str = "desk", **body: Any) -> Any:
    """POST /v1/runs; the response."""
    headers = body.pop("headers", {})
    return api.post("/v1/runs", {"templateId": template_id, **body}, format="json", headers=headers)


def make_run(api: APIClient, template_id: str = "desk", **body: Any) -> dict[str, Any]:
    """A finished run, as the API shows it."""
    response = post_run(api, template_id, **body)
    assert response.status_code == 201, response.content
    return response.json()


def post_capture(api: APIClient, run_id: str, **body: Any) -> Any:
    """POST /v1/telemetry/captures; the response."""
    headers = body.pop("headers", {})
    source = {"type": "run", "runId": run_id}
    return api.post(
        "/v1/telemetry/captures", {"source": source, **body}, format="json", headers=headers
    )


def make_capture(api: APIClient, run_id: str, **body: Any) -> dict[str, Any]:
    """A finished capture, as the API shows it."""
    response = post_capture(api, run_id, **body)
    assert response.status_code == 201, response.content
    return response.json()["capture"]


def post_replay(api: APIClient, run_id: str, source: str, **headers: str) -> Any:
    """POST /v1/runs/{runId}/replays; the response."""
    return api.post(f"/v1/runs/{run_id}/replays", {"from": source}, format="json", headers=headers)


def snapshot(root: Path) -> dict[str, bytes]:
    """Every file below ``root`` with its bytes, staging left out."""
    return {
        str(path.relative_to(root)): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not any(part.startswith(".") for part in path.parts[-4:])
    }
