"""What a run's page shows, as commands for a shell: each resource of the API by one call of ``curl``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runs.models import Run

TOKEN = '-H "Authorization: Bearer $FLOWTIME_TOKEN"'


@dataclass(frozen=True, slots=True)
class Command:
    """One call: what it is for, and the text to paste."""

    title: str
    text: str


def commands_for(run: Run, *, server: str) -> list[Command]:
    """Reading first, then what makes something new. ``server`` is where the reader met the page."""
    return [*_reads(run, server), *_writes(run, server)]


def _reads(run: Run, server: str) -> Iterator[Command]:
    here = f"{server}/v1/runs/{quote(run.pk)}"
    last = run.bins - 1
    yield Command("This run", get_line(here))
    if run.status != "succeeded":
        yield Command("Its events", get_line(f"{here}/events"))
        return
    yield Command("One bin: every node’s numbers and colour", get_line(f"{here}/state", bin=0))
    yield Command(
        "A range of bins, by column",
        get_line(f"{here}/state_window", **{"from": 0, "to": min(last, 23)}),
    )
    yield Command("Figures over the run", get_line(f"{here}/metrics"))
    yield Command("The series there are", get_line(f"{here}/index"))
    yield Command("The topology", get_line(f"{here}/graph"))
    yield Command("The model, as it was evaluated", get_line(f"{here}/model"))
    yield Command(
        "Everything as one table", get_line(f"{here}/export", format="csv") + " -o run.csv"
    )
    yield Command(
        "The same as Parquet", get_line(f"{here}/export", format="parquet") + " -o run.parquet"
    )
    yield Command("Its events", get_line(f"{here}/events"))
    if run.source_run_id:
        compare = get_line(f"{server}/v1/compare", a=run.source_run_id, b=run.pk)
        yield Command("Compared with its source", compare)


def _writes(run: Run, server: str) -> Iterator[Command]:
    here = f"{server}/v1/runs/{quote(run.pk)}"
    if run.status != "succeeded":
        return
    if run.mode == "simulation":
        source = {"source": {"type": "run", "runId": run.pk}}
        yield Command(
            "Generate its telemetry", post_line(f"{server}/v1/telemetry/captures", source)
        )
    yield Command("Replay it from the model", post_line(f"{here}/replays", {"from": "model"}))
    yield Command("Replay it from telemetry", post_line(f"{here}/replays", {"from": "telemetry"}))


def get_line(address: str, **query: Any) -> str:
    """The command that reads ``address``."""
    asked = f"?{urlencode(query)}" if query else ""
    return f'curl {TOKEN} \\\n  "{address}{asked}"'


def post_line(address: str, body: dict[str, Any]) -> str:
    """The command that sends ``body`` to ``address``."""
    return (
        f'curl -X POST {TOKEN} -H "Content-Type: application/json" \\\n'
        f"  -d '{json.dumps(body)}' \\\n  \"{address}\""
    )
