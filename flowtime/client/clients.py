"""The two clients: each sends the same calls, one waiting in the thread, one awaiting in a loop."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from typing import Any, Generic, ParamSpec, Self, TypeVar, cast

import httpx2

from flowtime import __version__
from flowtime.client import calls
from flowtime.client.calls import Call, Value
from flowtime.client.errors import Refused, TimedOut, Unreachable
from flowtime.client.resources import Capture, Page, Run
from flowtime.client.waiting import Pauses, is_finished

CONNECT_SECONDS = 5.0
READ_SECONDS = 30.0
WORK_SECONDS = 600.0

P = ParamSpec("P")
Answer = TypeVar("Answer")
Item = TypeVar("Item")


class _Sync(Generic[P, Answer]):
    """A call as a method of Client."""

    def __init__(self, build: Callable[P, Call[Answer]]) -> None:
        self._build = build
        self.__doc__ = build.__doc__

    def __get__(self, client: Client, _: type) -> Callable[P, Answer]:
        def method(*args: P.args, **kwargs: P.kwargs) -> Answer:
            return client.send(self._build(*args, **kwargs))

        return method


class _Async(Generic[P, Answer]):
    """The same call as a method of AsyncClient."""

    def __init__(self, build: Callable[P, Call[Answer]]) -> None:
        self._build = build
        self.__doc__ = build.__doc__

    def __get__(self, client: AsyncClient, _: type) -> Callable[P, Awaitable[Answer]]:
        async def method(*args: P.args, **kwargs: P.kwargs) -> Answer:
            return await client.send(self._build(*args, **kwargs))

        return method


class _Base:
    """What both clients know of the server and of its answers."""

    def __init__(self, url: str, *, token: str = "", work_seconds: float = WORK_SECONDS) -> None:
        self.url = url.rstrip("/")
        # The server's clock at its last answer, as HTTP writes it.
        self.server_date = ""
        self._work_seconds = work_seconds
        self._options: dict[str, Any] = {
            "base_url": self.url,
            "headers": {
                "User-Agent": f"flowtime/{__version__}",
                **({"Authorization": f"Bearer {token}"} if token else {}),
            },
            "timeout": httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        }

    def _request(self, call: Call[Any]) -> dict[str, Any]:
        """The call as the HTTP library takes it."""
        request: dict[str, Any] = {
            "method": call.method,
            "url": call.path,
            "params": call.params(),
            "json": call.body,
            "headers": call.headers(),
            "timeout": httpx2.Timeout(self._seconds(call), connect=CONNECT_SECONDS),
        }
        if call.credentials:
            request["auth"] = httpx2.BasicAuth(*call.credentials)
        return request

    def _seconds(self, call: Call[Any]) -> float:
        # A POST answers when the work is done, so it may take as long as the work.
        return self._work_seconds if call.method == "POST" else READ_SECONDS

    @contextmanager
    def _translated_failures(self, call: Call[Any]) -> Iterator[None]:
        """Turn what can go wrong on the wire into errors of ours."""
        try:
            yield
        except httpx2.ReadTimeout as error:
            raise TimedOut(
                f"{self.url} did not answer within {self._seconds(call):g} s."
            ) from error
        except (httpx2.TransportError, httpx2.InvalidURL) as error:
            raise Unreachable(f"{self.url} cannot be reached.") from error
        except httpx2.HTTPError as error:
            raise Unreachable(f"{self.url} does not answer as FlowTime.") from error

    def _refusal(self, response: httpx2.Response) -> Refused | Unreachable:
        """Return the error for an answer that is not a success."""
        try:
            problem = response.json()
        except ValueError:
            problem = None
        if not isinstance(problem, dict) or "code" not in problem:
            return Unreachable(
                f"{self.url} does not answer as FlowTime (HTTP {response.status_code})."
            )
        wait = response.headers.get("Retry-After", "")
        return Refused(response.status_code, problem, retry_after=wait)

    def _answer(self, call: Call[Answer], response: httpx2.Response) -> Answer:
        """Return the answer, checked to be what the call expects."""
        self.server_date = response.headers.get("Date", "")
        if not response.is_success and response.status_code not in call.accepted:
            raise self._refusal(response)
        if call.is_text:
            return cast("Answer", response.text)
        try:
            document = response.json()
        except ValueError as error:
            raise Unreachable(f"{self.url} does not answer as FlowTime.") from error
        if not isinstance(document, dict):
            raise Unreachable(f"{self.url} does not answer as FlowTime.")
        missing = sorted(getattr(call.like, "__required_keys__", frozenset()) - document.keys())
        if missing:
            raise Unreachable(f"{self.url} answers without {missing[0]}, as another version may.")
        return cast("Answer", document)


class Client(_Base):
    """Speaks to one FlowTime server. Whatever is refused is raised as a ClientError.

    Each method is the call of the same name in ``flowtime.client.calls``.
    """

    templates = _Sync(calls.templates)
    template = _Sync(calls.template)
    runs = _Sync(calls.runs)
    run = _Sync(calls.run)
    create_run = _Sync(calls.create_run)
    plan_run = _Sync(calls.plan_run)
    create_replay = _Sync(calls.create_replay)
    cancel_run = _Sync(calls.cancel_run)
    run_events = _Sync(calls.run_events)
    model = _Sync(calls.model)
    series_index = _Sync(calls.series_index)
    series = _Sync(calls.series)
    series_csv = _Sync(calls.series_csv)
    graph = _Sync(calls.graph)
    state = _Sync(calls.state)
    state_window = _Sync(calls.state_window)
    metrics = _Sync(calls.metrics)
    compare = _Sync(calls.compare)
    schemas = _Sync(calls.schemas)
    schema = _Sync(calls.schema)
    captures = _Sync(calls.captures)
    capture = _Sync(calls.capture)
    create_capture = _Sync(calls.create_capture)
    capture_events = _Sync(calls.capture_events)
    verify_capture = _Sync(calls.verify_capture)
    manifest = _Sync(calls.manifest)
    create_token = _Sync(calls.create_token)
    tokens = _Sync(calls.tokens)
    delete_token = _Sync(calls.delete_token)
    readiness = _Sync(calls.readiness)
    document = _Sync(calls.document)

    def __init__(self, url: str, *, token: str = "", work_seconds: float = WORK_SECONDS) -> None:
        super().__init__(url, token=token, work_seconds=work_seconds)
        self._http = httpx2.Client(**self._options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def send(self, call: Call[Answer]) -> Answer:
        """Send one call and return its answer."""
        with self._translated_failures(call):
            response = self._http.request(**self._request(call))
        return self._answer(call, response)

    def all_runs(self, **filters: Value) -> Iterator[Run]:
        """Yield every run that the filters match, page by page as it is needed."""
        return self._items(calls.runs, filters)

    def all_captures(self, **filters: Value) -> Iterator[Capture]:
        """Yield every capture that the filters match, page by page as it is needed."""
        return self._items(calls.captures, filters)

    def _items(
        self, pages: Callable[..., Call[Page[Item]]], filters: Mapping[str, Value]
    ) -> Iterator[Item]:
        cursor: str | None = None
        while True:
            page = self.send(pages(**{**filters, "cursor": cursor}))
            yield from page["items"]
            cursor = page["nextCursor"]
            if not cursor:
                return

    def wait_for_run(self, run_id: str, *, timeout: float = WORK_SECONDS) -> Run:
        """Return the run once it is finished, however it ended. Raises TimedOut."""
        return self._wait(calls.run(run_id), Pauses(f"Run {run_id}", timeout))

    def wait_for_capture(self, capture_id: str, *, timeout: float = WORK_SECONDS) -> Capture:
        """Return the capture once it is finished, however it ended. Raises TimedOut."""
        return self._wait(calls.capture(capture_id), Pauses(f"Capture {capture_id}", timeout))

    def _wait(self, look: Call[Answer], pauses: Pauses) -> Answer:
        while not is_finished(job := self.send(look)):
            time.sleep(pauses.next_one(job))
        return job

    def capture_file(self, capture_id: str, name: str) -> AbstractContextManager[Iterator[bytes]]:
        """Stream one file of a telemetry bundle."""
        return self._stream(calls.capture_file(capture_id, name))

    def export(
        self,
        run_id: str,
        format: str = "csv",
        first: int | None = None,
        last: int | None = None,
    ) -> AbstractContextManager[Iterator[bytes]]:
        """Stream a run as one table: ``csv``, ``ndjson`` or ``parquet``, of all bins or a range."""
        return self._stream(calls.export(run_id, format, first, last))

    @contextmanager
    def _stream(self, call: Call[str]) -> Iterator[Iterator[bytes]]:
        with self._translated_failures(call), self._http.stream(**self._request(call)) as response:
            if not response.is_success:
                response.read()
                raise self._refusal(response)
            yield response.iter_bytes()


class AsyncClient(_Base):
    """Client for programs that await: the same calls, the same answers, the same errors."""

    templates = _Async(calls.templates)
    template = _Async(calls.template)
    runs = _Async(calls.runs)
    run = _Async(calls.run)
    create_run = _Async(calls.create_run)
    plan_run = _Async(calls.plan_run)
    create_replay = _Async(calls.create_replay)
    cancel_run = _Async(calls.cancel_run)
    run_events = _Async(calls.run_events)
    model = _Async(calls.model)
    series_index = _Async(calls.series_index)
    series = _Async(calls.series)
    series_csv = _Async(calls.series_csv)
    graph = _Async(calls.graph)
    state = _Async(calls.state)
    state_window = _Async(calls.state_window)
    metrics = _Async(calls.metrics)
    compare = _Async(calls.compare)
    schemas = _Async(calls.schemas)
    schema = _Async(calls.schema)
    captures = _Async(calls.captures)
    capture = _Async(calls.capture)
    create_capture = _Async(calls.create_capture)
    capture_events = _Async(calls.capture_events)
    verify_capture = _Async(calls.verify_capture)
    manifest = _Async(calls.manifest)
    create_token = _Async(calls.create_token)
    tokens = _Async(calls.tokens)
    delete_token = _Async(calls.delete_token)
    readiness = _Async(calls.readiness)
    document = _Async(calls.document)

    def __init__(self, url: str, *, token: str = "", work_seconds: float = WORK_SECONDS) -> None:
        super().__init__(url, token=token, work_seconds=work_seconds)
        self._http = httpx2.AsyncClient(**self._options)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def send(self, call: Call[Answer]) -> Answer:
        """Send one call and return its answer."""
        with self._translated_failures(call):
            response = await self._http.request(**self._request(call))
        return self._answer(call, response)

    def all_runs(self, **filters: Value) -> AsyncIterator[Run]:
        """Yield every run that the filters match, page by page as it is needed."""
        return self._items(calls.runs, filters)

    def all_captures(self, **filters: Value) -> AsyncIterator[Capture]:
        """Yield every capture that the filters match, page by page as it is needed."""
        return self._items(calls.captures, filters)

    async def _items(
        self, pages: Callable[..., Call[Page[Item]]], filters: Mapping[str, Value]
    ) -> AsyncIterator[Item]:
        cursor: str | None = None
        while True:
            page = await self.send(pages(**{**filters, "cursor": cursor}))
            for item in page["items"]:
                yield item
            cursor = page["nextCursor"]
            if not cursor:
                return

    async def wait_for_run(self, run_id: str, *, timeout: float = WORK_SECONDS) -> Run:
        """Return the run once it is finished, however it ended. Raises TimedOut."""
        return await self._wait(calls.run(run_id), Pauses(f"Run {run_id}", timeout))

    async def wait_for_capture(self, capture_id: str, *, timeout: float = WORK_SECONDS) -> Capture:
        """Return the capture once it is finished, however it ended. Raises TimedOut."""
        pauses = Pauses(f"Capture {capture_id}", timeout)
        return await self._wait(calls.capture(capture_id), pauses)

    async def _wait(self, look: Call[Answer], pauses: Pauses) -> Answer:
        while not is_finished(job := await self.send(look)):
            await asyncio.sleep(pauses.next_one(job))
        return job

    def capture_file(
        self, capture_id: str, name: str
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Stream one file of a telemetry bundle."""
        return self._stream(calls.capture_file(capture_id, name))

    def export(
        self,
        run_id: str,
        format: str = "csv",
        first: int | None = None,
        last: int | None = None,
    ) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """Stream a run as one table: ``csv``, ``ndjson`` or ``parquet``, of all bins or a range."""
        return self._stream(calls.export(run_id, format, first, last))

    @asynccontextmanager
    async def _stream(self, call: Call[str]) -> AsyncIterator[AsyncIterator[bytes]]:
        with self._translated_failures(call):
            async with self._http.stream(**self._request(call)) as response:
                if not response.is_success:
                    await response.aread()
                    raise self._refusal(response)
                yield response.aiter_bytes()
