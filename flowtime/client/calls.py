"""Every route of the API that the client knows, once: what to send, and what the answer is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from urllib.parse import quote

from flowtime.client import resources as r

Answer = TypeVar("Answer")

JSON = "application/json"

Value = str | int | float | bool | list[str] | None


@dataclass(frozen=True)
class Call(Generic[Answer]):
    """One request.

    ``like`` is the resource whose members the answer must have; ``accepted`` are statuses that are an
    answer though they are no success.
    """

    method: str
    path: str
    query: Mapping[str, Value] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    like: Any = None
    accept: str = JSON
    is_async: bool = False
    idempotency_key: str | None = None
    credentials: tuple[str, str] | None = None
    accepted: tuple[int, ...] = ()

    @property
    def is_text(self) -> bool:
        """Whether the answer is text instead of a document."""
        return self.accept != JSON

    def headers(self) -> dict[str, str]:
        """The headers that this request alone needs."""
        headers = {"Accept": self.accept}
        if self.is_async:
            headers["Prefer"] = "respond-async"
        if self.idempotency_key is not None:
            headers["Idempotency-Key"] = self.idempotency_key
        return headers

    def params(self) -> dict[str, str | int | float | list[str]]:
        """The query as the API writes it; what was not given is left out."""
        return {
            name: str(value).lower() if isinstance(value, bool) else value
            for name, value in self.query.items()
            if value is not None and value != []
        }


def segment(name: str) -> str:
    """Return ``name`` as one path segment, whatever it holds."""
    quoted = quote(name, safe="")
    # "." and ".." survive quoting and would climb: the server must see them as a name.
    return quoted.replace(".", "%2E") if quoted in (".", "..") else quoted


def _run(run_id: str, *rest: str) -> str:
    return "/".join(("/v1/runs", segment(run_id), *map(segment, rest)))


def _capture(capture_id: str, *rest: str) -> str:
    return "/".join(("/v1/telemetry/captures", segment(capture_id), *map(segment, rest)))


###############################################################################
# Templates
###############################################################################
def templates() -> Call[r.Items[r.Template]]:
    """List the catalog."""
    return Call("GET", "/v1/templates", like=r.Items)


def template(template_id: str) -> Call[r.Template]:
    """Return one template with its declarations."""
    return Call("GET", f"/v1/templates/{segment(template_id)}", like=r.Template)


###############################################################################
# Runs
###############################################################################
def runs(**filters: Value) -> Call[r.Page[r.Run]]:
    """Return a page of runs; the filters are those of ``GET /v1/runs``, by the same names."""
    return Call("GET", "/v1/runs", filters, like=r.Page)


def run(run_id: str) -> Call[r.Run]:
    """Return one run in detail."""
    return Call("GET", _run(run_id), like=r.Run)


def create_run(
    body: Mapping[str, Any], *, is_async: bool = False, idempotency_key: str | None = None
) -> Call[r.Run]:
    """Create a run; ``body`` is that of ``POST /v1/runs``."""
    return Call("POST", "/v1/runs", {}, body, r.Run, JSON, is_async, idempotency_key)


def plan_run(body: Mapping[str, Any]) -> Call[r.PlanAnswer]:
    """Plan a run: check everything, write nothing, whatever ``body`` says of it."""
    options = {**(body.get("options") or {}), "dryRun": True}
    return Call("POST", "/v1/runs", body={**body, "options": options}, like=r.PlanAnswer)


def create_replay(
    run_id: str,
    *,
    source: str = "model",
    is_async: bool = False,
    idempotency_key: str | None = None,
) -> Call[r.Run]:
    """Replay a run from its ``model`` or its ``telemetry``."""
    path, body = _run(run_id, "replays"), {"from": source}
    return Call("POST", path, {}, body, r.Run, JSON, is_async, idempotency_key)


def cancel_run(run_id: str) -> Call[r.Run]:
    """Ask a queued or running run to stop."""
    return Call("POST", _run(run_id, "cancel"), like=r.Run)


def run_events(run_id: str, *, cursor: str | None = None) -> Call[r.Page[r.Event]]:
    """Return a page of a run's lifecycle events, oldest first."""
    return Call("GET", _run(run_id, "events"), {"cursor": cursor}, like=r.Page)


def model(run_id: str) -> Call[str]:
    """Return the exact model that was evaluated, as YAML."""
    return Call("GET", _run(run_id, "model"), accept="application/yaml")


def series_index(run_id: str) -> Call[r.Items[r.SeriesEntry]]:
    """Return the series catalogue of a run."""
    return Call("GET", _run(run_id, "index"), like=r.Items)


def series(run_id: str, series_id: str, **window: Value) -> Call[r.Series]:
    """Return one series; ``from``, ``to`` and ``maxPoints`` narrow it."""
    return Call("GET", _run(run_id, "series", series_id), window, like=r.Series)


def series_csv(run_id: str, series_id: str, **window: Value) -> Call[str]:
    """Return one series as CSV text."""
    return Call("GET", _run(run_id, "series", series_id), window, accept="text/csv")


def graph(run_id: str) -> Call[dict[str, Any]]:
    """Return the nodes and edges of a run."""
    return Call("GET", _run(run_id, "graph"))


def state(run_id: str, bin: int) -> Call[r.State]:
    """Return what every node was doing in one bin."""
    return Call("GET", _run(run_id, "state"), {"bin": bin}, like=r.State)


def state_window(run_id: str, first: int | None = None, last: int | None = None) -> Call[r.Window]:
    """Return the states of a range of bins, one array a metric; ``last`` is included."""
    query: dict[str, Value] = {"from": first, "to": last}
    return Call("GET", _run(run_id, "state_window"), query, like=r.Window)


def metrics(run_id: str, first: int | None = None, last: int | None = None) -> Call[dict[str, Any]]:
    """Return totals, shares and peaks of every node over a range of bins."""
    return Call("GET", _run(run_id, "metrics"), {"from": first, "to": last})


def export(
    run_id: str, format: str = "csv", first: int | None = None, last: int | None = None
) -> Call[str]:
    """Return a run as one table, ``csv``, ``ndjson`` or ``parquet``, of all bins or a range; clients stream it."""
    query: dict[str, Value] = {"format": format, "from": first, "to": last}
    return Call("GET", _run(run_id, "export"), query, accept="*/*")


def compare(a: str, b: str) -> Call[r.Comparison]:
    """Return how two runs differ: parameters, and series matched by id."""
    return Call("GET", "/v1/compare", {"a": a, "b": b}, like=r.Comparison)


###############################################################################
# Telemetry
###############################################################################
def captures(**filters: Value) -> Call[r.Page[r.Capture]]:
    """Return a page of captures; the filters are those of the route, by the same names."""
    return Call("GET", "/v1/telemetry/captures", filters, like=r.Page)


def capture(capture_id: str) -> Call[r.Capture]:
    """Return one capture."""
    return Call("GET", _capture(capture_id), like=r.Capture)


def create_capture(
    body: Mapping[str, Any], *, is_async: bool = False, idempotency_key: str | None = None
) -> Call[r.CaptureAnswer]:
    """Generate a telemetry bundle from a run; ``body`` is that of ``POST /v1/telemetry/captures``."""
    path = "/v1/telemetry/captures"
    return Call("POST", path, {}, body, r.CaptureAnswer, JSON, is_async, idempotency_key)


def capture_events(capture_id: str, *, cursor: str | None = None) -> Call[r.Page[r.Event]]:
    """Return a page of a capture's lifecycle events, oldest first."""
    return Call("GET", _capture(capture_id, "events"), {"cursor": cursor}, like=r.Page)


def verify_capture(capture_id: str) -> Call[r.Capture]:
    """Hash a telemetry bundle's files again, now."""
    return Call("POST", _capture(capture_id, "verify"), like=r.Capture)


def manifest(capture_id: str) -> Call[r.Manifest]:
    """Return the manifest of a telemetry bundle."""
    return Call("GET", _capture(capture_id, "manifest"), like=r.Manifest)


def capture_file(capture_id: str, name: str) -> Call[str]:
    """Return one file of a telemetry bundle; clients stream it."""
    return Call("GET", _capture(capture_id, "files", name), accept="*/*")


###############################################################################
# Schemas
###############################################################################
def schemas() -> Call[r.Items[r.SchemaItem]]:
    """Return which files of bundles have a JSON Schema."""
    return Call("GET", "/v1/schemas", like=r.Items)


def schema(name: str) -> Call[dict[str, Any]]:
    """Return the JSON Schema of one file of a bundle."""
    return Call("GET", f"/v1/schemas/{segment(name)}")


###############################################################################
# Tokens
###############################################################################
def create_token(*, username: str, password: str) -> Call[r.Token]:
    """Obtain a token with a name and a password; the only call that sends either."""
    return Call(
        "POST",
        "/v1/auth/tokens",
        body={"name": "flowtime command"},
        credentials=(username, password),
        like=r.Token,
    )


def tokens() -> Call[r.Items[r.Token]]:
    """List the caller's own tokens; proves that the token in use is good."""
    return Call("GET", "/v1/auth/tokens", like=r.Items)


def delete_token(token_id: str) -> Call[str]:
    """Revoke a token."""
    return Call("DELETE", f"/v1/auth/tokens/{segment(token_id)}", accept="*/*")


###############################################################################
# The server itself
###############################################################################
def readiness() -> Call[r.Readiness]:
    """Return what the server says of its database, files and worker."""
    return Call("GET", "/readyz", like=r.Readiness, accepted=(503,))


def document() -> Call[dict[str, Any]]:
    """Return the server's OpenAPI document."""
    return Call("GET", "/v1/schema", {"format": "json"})
