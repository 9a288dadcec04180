"""Time travel over a run of 20 nodes and 288 bins whose series were read before."""

from collections.abc import Callable
from typing import Any

import pytest

from flowtime.api.renderers import dump_json
from runs import arrays, selectors, state
from tests.flows import add_template, make_run
from tests.perf import engine_workload

pytestmark = pytest.mark.django_db


def test_a_window_of_a_day(
    api: Any, data_dirs: Any, measure: Callable[..., Any], say: Callable[..., None]
) -> None:
    add_template(data_dirs.templates, engine_workload.workload(20, 288), name="bench-chain")
    address = f"/v1/runs/{make_run(api, 'bench-chain')['runId']}/state_window"
    run = selectors.get_run(address.split("/")[3])
    body = api.get(address).content

    read = measure(lambda: dump_json(state.read_window(run, 0, 287)))

    say(
        f"state_window of 20 nodes x 288 bins, warm, without the request around it: {read.ms}, "
        f"{len(body):,} bytes, {len(arrays.STORE)} series kept. Specification: 10 ms."
    )
    assert len(body) > 100_000
