"""The Python client against a running server: the main job, pages, waiting, refusals."""

import asyncio
import hashlib
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from docs.reference.generate_python import builders, placeholders
from flowtime.client import AsyncClient, Client, Refused, TimedOut, Unreachable, resources
from flowtime.client.clients import _Async, _Sync
from runs.models import Run

FIRST_STEPS = {"templateId": "first-steps"}


def capture_of(run_id: str, **output: object) -> dict[str, Any]:
    return {"source": {"type": "run", "runId": run_id}, "output": output}


class TestMainJob:
    def test_create_capture_replay_and_look(self, client: Client) -> None:
        run = client.create_run({**FIRST_STEPS, "parameters": {}})
        assert run["status"] == "succeeded"
        assert not run["telemetry"]["available"]

        capture = client.create_capture(capture_of(run["runId"]))["capture"]
        assert capture["status"] == "succeeded"
        assert client.run(run["runId"])["telemetry"]["available"]

        replay = client.create_replay(run["runId"], source="telemetry")
        figures = client.run(replay["runId"])["provenance"]["reproduction"]
        assert figures and figures["identical"] == figures["total"]

        assert client.compare(run["runId"], replay["runId"])["isIdentical"]
        state = client.state(run["runId"], 2)
        window = client.state_window(run["runId"], 2, 2)
        assert [node["nodeId"] for node in state["nodes"]] == [
            node["nodeId"] for node in window["nodes"]
        ]

    def test_the_same_awaited(self, live_server: Any, token: str) -> None:
        async def job() -> dict[str, Any]:
            async with AsyncClient(live_server.url, token=token) as client:
                run = await client.create_run(FIRST_STEPS)
                await client.create_capture(capture_of(run["runId"]))
                replay = await client.create_replay(run["runId"], source="telemetry")
                done = await client.wait_for_run(replay["runId"], timeout=5)
                found = [item["runId"] async for item in client.all_runs(pageSize=1)]
                return {"replay": done, "found": found, "run": run}

        # In a thread of its own: a browser test leaves its event loop running in this one.
        with ThreadPoolExecutor(1) as apart:
            told = apart.submit(asyncio.run, job()).result()

        assert told["replay"]["sourceRunId"] == told["run"]["runId"]
        assert told["found"] == [told["replay"]["runId"], told["run"]["runId"]]

    def test_a_plan_writes_nothing(self, client: Client) -> None:
        answer = client.plan_run(FIRST_STEPS)

        assert answer["isDryRun"]
        assert not Run.objects.exists()

    def test_texts_come_as_texts(self, client: Client) -> None:
        run_id = client.create_run(FIRST_STEPS)["runId"]
        series_id = client.series_index(run_id)["items"][0]["seriesId"]

        assert client.series_csv(run_id, series_id).startswith("bin_index,value\n0,")
        assert "nodes:" in client.model(run_id)
        assert client.series(run_id, series_id, maxPoints=2)["points"] <= 12

    def test_a_file_is_streamed(self, client: Client) -> None:
        run_id = client.create_run(FIRST_STEPS)["runId"]
        capture_id = client.create_capture(capture_of(run_id))["capture"]["captureId"]
        entry = client.manifest(capture_id)["files"][0]

        with client.capture_file(capture_id, entry["path"]) as chunks:
            body = b"".join(chunks)

        assert entry["hash"] == f"sha256:{hashlib.sha256(body).hexdigest()}"


class TestTables:
    def test_a_run_is_streamed_as_a_table(self, client: Client, tmp_path: Path) -> None:
        run_id = client.create_run(FIRST_STEPS)["runId"]
        file = tmp_path / "run.parquet"

        with client.export(run_id, "parquet", first=2, last=3) as chunks:
            file.write_bytes(b"".join(chunks))

        assert set(pl.read_parquet(file)["time_bin"]) == {2, 3}

    def test_a_table_that_cannot_be_made_is_refused(self, client: Client) -> None:
        with pytest.raises(Refused) as told, client.export("run_nowhere"):
            pass

        assert told.value.code == "run_not_found"


class TestPages:
    def test_every_run_is_yielded_once(self, client: Client) -> None:
        made = [client.create_run(FIRST_STEPS)["runId"] for _ in range(3)]

        found = [run["runId"] for run in client.all_runs(templateId="first-steps", pageSize=2)]

        assert found == made[::-1]
        assert list(client.all_captures()) == []


class TestRefusals:
    def test_a_refusal_tells_status_code_and_facts(self, client: Client) -> None:
        with pytest.raises(Refused) as told:
            client.create_capture(capture_of("run_nowhere"))

        assert (told.value.status, told.value.code) == (404, "run_not_found")
        assert told.value.request_id

    def test_what_is_wrong_with_the_request_is_listed(self, client: Client) -> None:
        body = {**FIRST_STEPS, "parameters": {"nobody": 1, "visitorsPerHour": "x"}}

        with pytest.raises(Refused) as told:
            client.create_run(body)

        assert len(told.value.errors) == 2
        assert not Run.objects.exists()

    def test_the_same_key_gives_the_same_run(self, client: Client) -> None:
        first = client.create_run(FIRST_STEPS, idempotency_key="once")

        again = client.create_run(FIRST_STEPS, idempotency_key="once")

        assert again["runId"] == first["runId"]
        assert Run.objects.count() == 1

    def test_a_job_that_nobody_does_is_not_waited_for_for_ever(self, client: Client) -> None:
        run = client.create_run(FIRST_STEPS, is_async=True)

        with pytest.raises(TimedOut, match="is still queued"):
            client.wait_for_run(run["runId"], timeout=0.3)

    def test_no_server_is_unreachable(self) -> None:
        with Client("http://127.0.0.1:1") as client, pytest.raises(Unreachable):
            client.templates()

    def test_a_climbing_name_stays_one_name(self, client: Client) -> None:
        with pytest.raises(Refused) as told:
            client.run("../templates")

        assert told.value.status in (400, 404)


def test_both_clients_know_every_call() -> None:
    streamed = {"capture_file", "export"}
    routes = set(builders()) - streamed

    for client, method in ((Client, _Sync), (AsyncClient, _Async)):
        assert {n for n, v in vars(client).items() if isinstance(v, method)} == routes
        assert all(callable(getattr(client, name)) for name in streamed)


def test_every_call_is_an_operation_of_the_document(client: Client) -> None:
    paths = client.document()["paths"]
    known = {(method.upper(), path) for path, item in paths.items() for method in item}

    for build in (v._build for v in vars(Client).values() if isinstance(v, _Sync)):
        call = build(**placeholders(build))
        if call.path.startswith("/v1/") and call.path != "/v1/schema":
            path = call.path.replace("%7B", "{").replace("%7D", "}")
            assert (call.method, path) in known, path


# Where the document has a name of its own for a resource.
COMPONENTS = {"State": "RunState", "Window": "RunStateWindow", "Telemetry": "TelemetrySummary"}
COMPONENTS |= {
    "Plan": "RunPlan",
    "PlanAnswer": "DryRun",
    "ParameterComparison": "ComparedParameter",
}
COMPONENTS |= {"SeriesComparison": "ComparedSeries"}
COMPONENTS |= {"Issue": "DocumentProblem", "Token": "NewToken"}
OF_SEVERAL = {"Page", "Items", "Readiness", "TypedDict"}


def test_resources_have_only_members_of_the_document(client: Client) -> None:
    schemas = client.document()["components"]["schemas"]
    errors = set(schemas["FieldProblem"]["properties"]) | {"isCurrent"}

    for name, resource in vars(resources).items():
        if hasattr(resource, "__required_keys__") and name not in OF_SEVERAL:
            known = set(schemas[COMPONENTS.get(name, name)]["properties"])
            assert set(resource.__annotations__) <= known | errors, name


def test_the_client_needs_no_django() -> None:
    program = "import sys, flowtime.client; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
