"""A small typed client of the HTTP API, version 1: one method a route the command uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self, cast
from urllib.parse import quote

import httpx2

from flowtime.cli.errors import CommandError, ExitCode, from_problem, unreachable
from flowtime.cli.resources import Capture, Manifest, Page, Run, SeriesEntry, Template, Token

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

    def templates(self) -> dict[str, list[Template]]:
        """List the catalog."""
        return cast("dict[str, list[Template]]", self._get("/v1/templates"))

    def template(self, template_id: str) -> Template:
        """Return one template with its declarations."""
        return cast("Template", self._get(f"/v1/templates/{_segment(template_id)}"))

    # Runs

    def runs(self, query: Query) -> Page[Run]:
        """Return a page of runs."""
        return cast("Page[Run]", self._get("/v1/runs", query))

    def run(self, run_id: str) -> Run:
        """Return one run in detail."""
        return cast("Run", self._get(f"/v1/runs/{_segment(run_id)}"))

    def create_run(self, body: Mapping[str, Any], *, is_async: bool) -> dict[str, Any]:
        """Create a run, or plan one when the body says ``dryRun``."""
        return self._post("/v1/runs", body, is_async=is_async)

    def create_replay(self, run_id: str, *, source: str, is_async: bool) -> Run:
        """Replay a run from its model or its telemetry."""
        path = f"/v1/runs/{_segment(run_id)}/replays"
        return cast("Run", self._post(path, {"from": source}, is_async=is_async))

    def cancel_run(self, run_id: str) -> Run:
        """Ask a queued or running run to stop."""
        return cast("Run", self._post(f"/v1/runs/{_segment(run_id)}/cancel", None))

    def series_index(self, run_id: str) -> dict[str, list[SeriesEntry]]:
        """Return the series catalogue of a run."""
        path = f"/v1/runs/{_segment(run_id)}/index"
        return cast("dict[str, list[SeriesEntry]]", self._get(path))

    def series(self, run_id: str, series_id: str, query: Query) -> dict[str, Any]:
        """Return one series as the API's JSON."""
        path = f"/v1/runs/{_segment(run_id)}/series/{_segment(series_id)}"
        return cast("dict[str, Any]", self._get(path, query))

    def series_csv(self, run_id: str, series_id: str, query: Query) -> str:
        """Return one series as CSV text."""
        path = f"/v1/runs/{_segment(run_id)}/series/{_segment(series_id)}"
        response = self._send("GET", path, params=_params(query), headers={"Accept": "text/csv"})
        return response.text

    # Telemetry

    def captures(self, query: Query) -> Page[Capture]:
        """Return a page of captures."""
        return cast("Page[Capture]", self._get("/v1/telemetry/captures", query))

    def capture(self, capture_id: str) -> Capture:
        """Return one capture."""
        return cast("Capture", self._get(f"/v1/telemetry/captures/{_segment(capture_id)}"))

    def create_capture(self, body: Mapping[str, Any], *, is_async: bool) -> dict[str, Capture]:
        """Generate a telemetry bundle from a run (http-api §4.1)."""
        return cast(
            "dict[str, Capture]", self._post("/v1/telemetry/captures", body, is_async=is_async)
        )

    def verify_capture(self, capture_id: str) -> Capture:
        """Hash a telemetry bundle's files again, now."""
        path = f"/v1/telemetry/captures/{_segment(capture_id)}/verify"
        answer = self._post(path, None)
        return cast("Capture", answer.get("capture", answer))

    def manifest(self, capture_id: str) -> Manifest:
        """Return the manifest of a telemetry bundle."""
        return cast(
            "Manifest", self._get(f"/v1/telemetry/captures/{_segment(capture_id)}/manifest")
        )

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
        response = self._send(
            "POST", "/v1/auth/tokens", json={}, auth=httpx2.BasicAuth(username, password)
        )
        return cast("Token", self._json(response))

    def tokens(self) -> dict[str, list[Token]]:
        """List the caller's own tokens; proves that the token in use is good."""
        return cast("dict[str, list[Token]]", self._get("/v1/auth/tokens"))

    def delete_token(self, token_id: str) -> None:
        """Revoke a token."""
        self._send("DELETE", f"/v1/auth/tokens/{_segment(token_id)}")

    # The wire

    def _get(self, path: str, query: Query | None = None) -> object:
        return self._json(self._send("GET", path, params=_params(query or {})))

    def _post(
        self, path: str, body: Mapping[str, Any] | None, *, is_async: bool = False
    ) -> dict[str, Any]:
        headers = {"Prefer": "respond-async"} if is_async else {}
        # A POST answers when the work is done, so it may take as long as the work.
        timeout = httpx2.Timeout(self._work_seconds, connect=CONNECT_SECONDS)
        response = self._send("POST", path, json=body, headers=headers, timeout=timeout)
        return cast("dict[str, Any]", self._json(response))

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

    def _json(self, response: httpx2.Response) -> object:
        try:
            document = response.json()
        except ValueError as error:
            raise unreachable(self.url, "does not answer as FlowTime") from error
        if not isinstance(document, dict):
            raise unreachable(self.url, "does not answer as FlowTime")
        return document


def _segment(name: str) -> str:
    """Return ``name`` as one path segment, whatever it holds."""
    quoted = quote(name, safe="")
    # "." and ".." survive quoting and would climb: the server must see them as a name.
    return quoted.replace(".", "%2E") if quoted in (".", "..") else quoted


def _params(query: Query) -> dict[str, str | int | list[str]]:
    return {name: value for name, value in query.items() if value not in (None, [])}
