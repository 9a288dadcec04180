"""The main job by a client that was generated from the OpenAPI document; a test runs it beside the generator.

Called with the server's address and a token; prints what it saw as JSON.
"""

import json
import sys

from flowtime_generated import AuthenticatedClient
from flowtime_generated.api.runs import compare_runs, create_replay, create_run, get_run_state
from flowtime_generated.api.telemetry import create_capture
from flowtime_generated.models import (
    Capture,
    CaptureAnswer,
    CaptureRequest,
    CaptureSource,
    Comparison,
    ReplayRequest,
    Run,
    RunRequest,
    RunState,
)
from flowtime_generated.models.replay_source import ReplaySource

url, token = sys.argv[1:]
with AuthenticatedClient(base_url=url, token=token) as client:
    run = create_run.sync(client=client, body=RunRequest(template_id="nyc-departures"))
    assert isinstance(run, Run), run

    body = CaptureRequest(source=CaptureSource(type_="run", run_id=run.run_id))
    answer = create_capture.sync(client=client, body=body)
    assert isinstance(answer, CaptureAnswer), answer
    assert isinstance(answer.capture, Capture)

    replay = create_replay.sync(
        run.run_id, client=client, body=ReplayRequest(from_=ReplaySource.TELEMETRY)
    )
    assert isinstance(replay, Run), replay

    compared = compare_runs.sync(client=client, a=run.run_id, b=replay.run_id)
    assert isinstance(compared, Comparison), compared

    state = get_run_state.sync(replay.run_id, client=client, bin_=116)
    assert isinstance(state, RunState), state

    again = create_capture.sync_detailed(client=client, body=body)

jfk = next(node for node in state.nodes if node.node_id == "JFK")
json.dump(
    {
        "status": str(run.status),
        "files": answer.capture.file_count,
        "source": replay.source_run_id,
        "run": run.run_id,
        "identical": compared.is_identical,
        "waitingAtJfk": jfk.observed["queueDepth"],
        "again": [int(again.status_code), again.parsed.code],
    },
    sys.stdout,
)
