"""A small typed client of the HTTP API, version 1: one method a route the command uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import quote

import httpx2

from flowtime.cli.errors import CommandError, ExitCode, from_problem, unreachable
from flowtime.cli.resources import (
    Capture,
    CaptureAnswer,
    Items,
    Manifest,
    Page,
    PlanAnswer,
    Run,
    SeriesEntry,
    Template,
    Token,
)

Query = Mapping[str, str | int | list[str] | None]

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0


class Client:
    """Speaks to one FlowTime server. Every method raises CommandError for whatever is refused."""

    def __init__(self, url: str, *, token: str = "", work_seconds: float = 600.0) -> None:
        headers = {"Accept": "application/json", "User-Agent": "flowtime-cli"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self.url = url
        self._work_seconds = work_seconds
        self._http = httpx2.Client(
            base_url=url,
            headers=headers,
            timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    # Templates

    def templates(self) -> Items[Template]:
        """List the catalog."""
        return cast("Items[Template]", self._get("/v1/templates", like=Items))

    def template(self, template_id: str) -> Template:
        """Return one template with its declarations."""
        path = f"/v1/templates/{_segment(template_id)}"
        return cast("Template", self._get(path, like=Template))

    # Runs

    def runs(self, query: Query) -> Page[Run]:
        """Return a page of runs."""
        return cast("Page[Run]", self._get("/v1/runs", query, like=Page))

    def run(self, run_id: str) -> Run:
        """Return one run in detail."""
        return cast("Run", self._get(f"/v1/runs/{_segment(run_id)}", like=Run))

    def create_run(self, body: Mapping[str, Any], *, is_async: bool) -> Run:
        """Create a run."""
        return cast("Run", self._post("/v1/runs", body, is_async=is_async, like=Run))

    def plan_run(self, body: Mapping[str, Any]) -> PlanAnswer:
        """Plan a run: the body says ``dryRun``, and nothing is written."""
        return cast("PlanAnswer", self._post("/v1/runs", body, like=PlanAnswer))

    def create_replay(self, run_id: str, *, source: str, is_async: bool) -> Run:
        """Replay a run from its model or its telemetry."""
        path = f"/v1/runs/{_segment(run_id)}/replays"
        return cast("Run", self._post(path, {"from": source}, is_async=is_async, like=Run))

    def cancel_run(self, run_id: str) -> Run:
        """Ask a queued or running run to stop."""
        return cast("Run", self._post(f"/v1/runs/{_segment(run_id)}/cancel", None, like=Run))

    def series_index(self, run_id: str) -> Items[SeriesEntry]:
        """Return the series catalogue of a run."""
        path = f"/v1/runs/{_segment(run_id)}/index"
        return cast("Items[SeriesEntry]", self._get(path, like=Items))

    def series(self, run_id: str, series_id: str, query: Query) -> dict[str, Any]:
        """Return one series as the API's JSON."""
        path = f"/v1/runs/{_segment(run_id)}/series/{_segment(series_id)}"
        return self._get(path, query)

    def series_csv(self, run_id: str, series_id: str, query: Query) -> str:
        """Return one series as CSV text."""
        path = f"/v1/runs/{_segment(run_id)}/series/{_segment(series_id)}"
        response = self._send("GET", path, params=_params(query), headers={"Accept": "text/csv"})
        return response.text

    # Telemetry

    def captures(self, query: Query) -> Page[Capture]:
        """Return a page of captures."""
        return cast("Page[Capture]", self._get("/v1/telemetry/captures", query, like=Page))

    def capture(self, capture_id: str) -> Capture:
        """Return one capture."""
        path = f"/v1/telemetry/captures/{_segment(capture_id)}"
        return cast("Capture", self._get(path, like=Capture))

    def create_capture(self, body: Mapping[str, Any], *, is_async: bool) -> CaptureAnswer:
        """Generate a telemetry bundle from a run (http-api §4.1)."""
        answer = self._post("/v1/telemetry/captures", body, is_async=is_async, like=CaptureAnswer)
        return cast("CaptureAnswer", answer)

    def verify_capture(self, capture_id: str) -> Capture:
        """Hash a telemetry bundle's files again, now."""
        path = f"/v1/telemetry/captures/{_segment(capture_id)}/verify"
        return cast("Capture", self._post(path, None, like=Capture))

    def manifest(self, capture_id: str) -> Manifest:
        """Return the manifest of a telemetry bundle."""
        path = f"/v1/telemetry/captures/{_segment(capture_id)}/manifest"
        return cast("Manifest", self._get(path, like=Manifest))

    @contextmanager
    def capture_file(self, capture_id: str, name: str) -> Iterator[Iterator[bytes]]:
        """Stream one file of a telemetry bundle."""
        path = f"/v1/telemetry/captures/{_segment(capture_id)}/files/{_segment(name)}"
        with (
            self._translated_failures(READ_SECONDS),
            self._http.stream("GET", path, headers={"Accept": "*/*"}) as response,
        ):
            if response.status_code != httpx2.codes.OK:
                response.read()
                raise self._refusal(response)
            yield response.iter_bytes()

    # Tokens

    def create_token(self, *, username: str, password: str) -> Token:
        """Obtain a token with a name and a password; the only call that sends either."""
        credentials = httpx2.BasicAuth(username, password)
        response = self._send("POST", "/v1/auth/tokens", json={}, auth=credentials)
        return cast("Token", self._document(response, like=Token))

    def tokens(self) -> Items[Token]:
        """List the caller's own tokens; proves that the token in use is good."""
        return cast("Items[Token]", self._get("/v1/auth/tokens", like=Items))

    def delete_token(self, token_id: str) -> None:
        """Revoke a token."""
        self._send("DELETE", f"/v1/auth/tokens/{_segment(token_id)}")

    # The wire

    def _get(self, path: str, query: Query | None = None, *, like: Any = None) -> dict[str, Any]:
        response = self._send("GET", path, params=_params(query or {}))
        return self._document(response, like=like)

    def _post(
        self,
        path: str,
        body: Mapping[str, Any] | None,
        *,
        is_async: bool = False,
        like: Any = None,
    ) -> dict[str, Any]:
        headers = {"Prefer": "respond-async"} if is_async else {}
        # A POST answers when the work is done, so it may take as long as the work.
        timeout = httpx2.Timeout(self._work_seconds, connect=CONNECT_SECONDS)
        response = self._send("POST", path, json=body, headers=headers, timeout=timeout)
        return self._document(response, like=like)

    def _send(self, method: str, path: str, **options: Any) -> httpx2.Response:
        timeout = options.get("timeout")
        with self._translated_failures(timeout.read if timeout else READ_SECONDS):
            response = self._http.request(method, path, **options)
        if not response.is_success:
            raise self._refusal(response)
        return response

    @contextmanager
    def _translated_failures(self, seconds: float | None) -> Iterator[None]:
        """Turn what can go wrong on the wire into errors with an exit code."""
        try:
            yield
        except httpx2.ReadTimeout as error:
            raise CommandError(
                f"{self.url} did not answer within {seconds:g} s.",
                code="timed_out",
                exit_code=ExitCode.TIMED_OUT,
                next_step="Look whether the work goes on with: flowtime runs list",
            ) from error
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise unreachable(self.url, "cannot be reached") from error
        except httpx2.HTTPError as error:
            raise unreachable(self.url, "does not answer as FlowTime") from error

    def _refusal(self, response: httpx2.Response) -> CommandError:
        """Return the error for an answer that is not a success."""
        try:
            problem = response.json()
        except ValueError:
            problem = None
        if not isinstance(problem, dict) or "code" not in problem:
            return unreachable(
                self.url, f"does not answer as FlowTime (HTTP {response.status_code})"
            )
        return from_problem(
            response.status_code, problem, retry_after=response.headers.get("Retry-After", "")
        )

    def _document(self, response: httpx2.Response, *, like: Any) -> dict[str, Any]:
        """Return the answer; ``like`` is the resource whose members it must have."""
        try:
            document = response.json()
        except ValueError as error:
            raise unreachable(self.url, "does not answer as FlowTime") from error
        if not isinstance(document, dict):
            raise unreachable(self.url, "does not answer as FlowTime")
        missing = sorted(getattr(like, "__required_keys__", frozenset()) - document.keys())
        if missing:
            raise unreachable(self.url, f"answers without {missing[0]}, as another version may")
        return document


def _segment(name: str) -> str:
    """Return ``name`` as one path segment, whatever it holds."""
    quoted = quote(name, safe="")
    # "." and ".." survive quoting and would climb: the server must see them as a name.
    return quoted.replace(".", "%2E") if quoted in (".", "..") else quoted


def _params(query: Query) -> dict[str, str | int | list[str]]:
    return {name: value for name, value in query.items() if value not in (None, [])}
