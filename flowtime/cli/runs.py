"""`flowtime runs`: create, find, follow, replay and read runs."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from flowtime.cli import bodies, output, run_views
from flowtime.cli.download import new_file
from flowtime.cli.errors import CommandError, usage
from flowtime.cli.follow import follow_run
from flowtime.cli.session import (
    WORK_SECONDS,
    Async,
    Cursor,
    Json,
    Limit,
    RunId,
    TemplateId,
    Timeout,
    Wait,
    connect,
    name_argument,
)
from flowtime.client import Client
from flowtime.client.resources import PlanAnswer, Run
from flowtime.client.waiting import is_finished

app = typer.Typer(no_args_is_help=True, help="Create, find, follow and replay runs.")

Mode = Literal["simulation", "telemetry"]
Chance = Literal["expected", "sample"]


class Status(StrEnum):
    """The statuses a run may have."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


@app.command("list")
def list_runs(
    ctx: typer.Context,
    query: Annotated[
        str | None, typer.Option("--search", "-q", help="Start of a run id, or words of a title.")
    ] = None,
    template: Annotated[
        list[str] | None, typer.Option(help="Only runs of this template; may be repeated.")
    ] = None,
    status: Annotated[
        list[Status] | None, typer.Option(help="Only this status; may be repeated.")
    ] = None,
    mode: Annotated[Mode | None, typer.Option(help="Only this mode.")] = None,
    telemetry: Annotated[
        bool | None, typer.Option("--telemetry/--no-telemetry", help="With telemetry, or without.")
    ] = None,
    warnings: Annotated[
        bool | None, typer.Option("--warnings/--no-warnings", help="With warnings, or without.")
    ] = None,
    source_run: Annotated[str | None, typer.Option(help="Only replays of this run.")] = None,
    created_after: Annotated[str | None, typer.Option(help="RFC 3339 time.")] = None,
    created_before: Annotated[str | None, typer.Option(help="RFC 3339 time.")] = None,
    order: Annotated[
        Literal["newest", "oldest"], typer.Option(help="Which comes first.")
    ] = "newest",
    limit: Limit = 50,
    cursor: Cursor = None,
    json: Json = False,
) -> None:
    """List runs, newest first.

    \b
    Examples:
      flowtime runs list
      flowtime runs list --status succeeded --no-telemetry
      flowtime runs list --search storm --json
    """
    with connect(ctx) as api:
        page = api.runs(
            q=query,
            templateId=template,
            status=list(map(str, status or ())),
            mode=mode,
            telemetryAvailable=telemetry,
            hasWarnings=warnings,
            sourceRunId=source_run,
            createdAfter=created_after,
            createdBefore=created_before,
            order=order if order != "newest" else None,
            pageSize=limit,
            cursor=cursor,
        )
    if json:
        output.show_json(page)
        return
    run_views.show_runs(page["items"])
    output.say_page(page, noun="run")


@app.command("show")
def show_run(ctx: typer.Context, run_id: RunId, json: Json = False) -> None:
    """Show one run: status, telemetry, provenance, parameters and what can be done with it.

    \b
    Examples:
      flowtime runs show RUN_ID
      flowtime runs show RUN_ID --json
    """
    with connect(ctx) as api:
        run = api.run(run_id)
    _show(run, as_json=json)


@app.command("create")
def create_run(
    ctx: typer.Context,
    template_id: TemplateId,
    parameter: Annotated[
        list[str] | None,
        typer.Option("--parameter", "-p", metavar="NAME=VALUE", help="One parameter; repeatable."),
    ] = None,
    parameter_file: Annotated[
        Path | None,
        typer.Option("--parameters", metavar="FILE", help="JSON object of parameters; - is stdin."),
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, max=2**32 - 1, help="Random seed.")] = None,
    rng_mode: Annotated[
        Chance | None, typer.Option(help="Expected values, or one sample of the distributions.")
    ] = None,
    replicate: Annotated[
        int | None, typer.Option(min=0, help="Which of the independent samples of the seed.")
    ] = None,
    mode: Annotated[Mode, typer.Option(help="Compute all, or replay telemetry.")] = "simulation",
    source_run: Annotated[
        str | None, typer.Option(help="Replay the telemetry of this run.")
    ] = None,
    capture: Annotated[str | None, typer.Option(help="Replay this capture.")] = None,
    capture_key: Annotated[
        str | None, typer.Option(help="Replay the library bundle of this key.")
    ] = None,
    capture_directory: Annotated[
        str | None, typer.Option(help="Replay the library bundle in this directory.")
    ] = None,
    binding: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=FILE", help="Bind a parameter or series to a bundle's file."),
    ] = None,
    run_id: Annotated[str | None, typer.Option(help="The id the run shall have.")] = None,
    deterministic: Annotated[
        bool, typer.Option("--deterministic", help="Id from the inputs; an equal run is reused.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the run that has the id.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Plan only: check everything, write nothing.")
    ] = False,
    is_async: Async = False,
    wait: Wait = False,
    timeout: Timeout = WORK_SECONDS,
    json: Json = False,
) -> None:
    """Run a template. Telemetry is never generated by this.

    \b
    Examples:
      flowtime runs create nyc-departures -p stormSeverity=0.8 --seed 7
      flowtime runs create nyc-departures -p stormSeverity=0.8 --dry-run
      flowtime runs create nyc-departures --deterministic --wait
      flowtime runs create call-centre-uncertain --rng-mode sample --replicate 3
      flowtime runs create nyc-departures --mode telemetry --source-run RUN_ID
    """
    body = bodies.run_body(
        template_id,
        mode=mode,
        parameters=bodies.parameters(file=parameter_file, assignments=parameter or ()),
        chance=bodies.chance(seed=seed, mode=rng_mode, replicate=replicate),
        telemetry=bodies.telemetry_source(
            source_run=source_run,
            capture=capture,
            capture_key=capture_key,
            directory=capture_directory,
            bindings=binding or (),
        ),
        run_id=run_id,
        is_deterministic=deterministic,
        dry_run=dry_run,
        overwrite=overwrite,
    )
    with connect(ctx, work_seconds=timeout) as api:
        if dry_run:
            _show_plan(api.plan_run(body), given=body["parameters"], as_json=json)
            return
        run = api.create_run(body, is_async=is_async or wait)
        if run.get("wasReused"):
            output.say(f"Run {run['runId']} has the same inputs and was reused.")
        _finish(api, run, wait=wait, timeout=timeout, as_json=json)


@app.command("replay")
def replay_run(
    ctx: typer.Context,
    run_id: RunId,
    source: Annotated[
        Literal["model", "telemetry"], typer.Option("--from", help="What the replay starts from.")
    ] = "model",
    is_async: Async = False,
    wait: Wait = False,
    timeout: Timeout = WORK_SECONDS,
    json: Json = False,
) -> None:
    """Replay a run from its model or its telemetry, and say how exactly it is reproduced.

    \b
    Examples:
      flowtime runs replay RUN_ID
      flowtime runs replay RUN_ID --from telemetry --wait
    """
    with connect(ctx, work_seconds=timeout) as api:
        run = api.create_replay(run_id, source=source, is_async=is_async or wait)
        _finish(api, run, wait=wait, timeout=timeout, as_json=json)


@app.command("cancel")
def cancel_run(ctx: typer.Context, run_id: RunId, json: Json = False) -> None:
    """Stop a queued or running run.

    \b
    Examples:
      flowtime runs cancel RUN_ID
    """
    with connect(ctx) as api:
        run = api.cancel_run(run_id)
    _show(run, as_json=json)


@app.command("watch")
def watch_run(
    ctx: typer.Context, run_id: RunId, timeout: Timeout = WORK_SECONDS, json: Json = False
) -> None:
    """Follow a run until it is finished; the exit code says how it ended.

    \b
    Examples:
      flowtime runs watch RUN_ID
      flowtime runs watch RUN_ID --timeout 30
    """
    with connect(ctx) as api:
        run = api.run(run_id)
        _finish(api, run, wait=True, timeout=timeout, as_json=json)


@app.command("series")
def show_series(
    ctx: typer.Context,
    run_id: RunId,
    series_id: Annotated[str | None, typer.Argument(metavar="[SERIES_ID]")] = None,
    first: Annotated[int | None, typer.Option("--from", min=0, help="First bin.")] = None,
    last: Annotated[int | None, typer.Option("--to", min=0, help="Last bin, inclusive.")] = None,
    max_points: Annotated[int | None, typer.Option(min=2, help="Down-sample to this many.")] = None,
    json: Json = False,
) -> None:
    """List a run's series, or print one of them as CSV.

    \b
    Examples:
      flowtime runs series RUN_ID
      flowtime runs series RUN_ID SERIES_ID --from 100 --to 120
      flowtime runs series RUN_ID SERIES_ID --json
    """
    with connect(ctx) as api:
        if series_id is None:
            if (first, last, max_points) != (None, None, None):
                raise usage("--from, --to and --max-points need a SERIES_ID.")
            run_views.show_series_index(api.series_index(run_id), as_json=json)
            return
        window = {"from": first, "to": last, "maxPoints": max_points}
        if json:
            output.show_json(api.series(run_id, series_id, **window))
        elif output.is_terminal():
            run_views.show_series(api.series(run_id, series_id, **window))
        else:
            sys.stdout.write(api.series_csv(run_id, series_id, **window))


@app.command("state")
def show_state(
    ctx: typer.Context,
    run_id: RunId,
    bin_index: Annotated[int, typer.Option("--bin", min=0, help="The bin; the first is 0.")],
    json: Json = False,
) -> None:
    """Show what every node of a run was doing in one bin.

    \b
    Examples:
      flowtime runs state RUN_ID --bin 115
      flowtime runs state RUN_ID --bin 115 --json
    """
    with connect(ctx) as api:
        state = api.state(run_id, bin_index)
    if json:
        output.show_json(state)
    else:
        run_views.show_state(state)


@app.command("compare")
def compare_runs(
    ctx: typer.Context,
    run_id: RunId,
    other_id: Annotated[str, typer.Argument(metavar="OTHER_ID", callback=name_argument)],
    json: Json = False,
) -> None:
    """Compare two runs: parameters that differ, then every series that differs, most first.

    \b
    Examples:
      flowtime runs compare RUN_ID OTHER_ID
      flowtime runs compare RUN_ID OTHER_ID --json
    """
    with connect(ctx) as api:
        comparison = api.compare(run_id, other_id)
    if json:
        output.show_json(comparison)
    else:
        run_views.show_comparison(comparison)


@app.command("export")
def export_run(
    ctx: typer.Context,
    run_id: RunId,
    form: Annotated[
        Literal["csv", "ndjson", "parquet"], typer.Option("--format", help="The form of the table.")
    ] = "csv",
    first: Annotated[int | None, typer.Option("--from", min=0, help="First bin.")] = None,
    last: Annotated[int | None, typer.Option("--to", min=0, help="Last bin, inclusive.")] = None,
    to: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write or replace; else standard output."),
    ] = None,
) -> None:
    """Export a run as one table: a line for each bin, node and measure.

    \b
    Examples:
      flowtime runs export RUN_ID
      flowtime runs export RUN_ID --format parquet --output run.parquet
      flowtime runs export RUN_ID --format ndjson --from 100 --to 110
    """
    if to is None and form == "parquet" and output.is_terminal():
        raise usage("Parquet is not for a terminal: add --output FILE.")
    with connect(ctx) as api, api.export(run_id, form, first, last) as chunks:
        if to is None:
            for chunk in chunks:
                sys.stdout.buffer.write(chunk)
            sys.stdout.flush()
            return
        with new_file(to.parent, to.name) as file:
            file.writelines(chunks)
    output.say(f"Run {run_id} was written to {to}.")


def _finish(api: Client, run: Run, *, wait: bool, timeout: float, as_json: bool) -> None:
    """Follow the run when asked to, show it, and fail when it did."""
    if wait and not is_finished(run):
        run = follow_run(api, run, timeout=timeout)
    _show(run, as_json=as_json)
    if run["status"] in ("failed", "canceled"):
        failure = run.get("failure")
        why = f": {failure['detail']}" if failure else "."
        raise CommandError(
            f"Run {run['runId']} {output.STATUS_SENTENCE[run['status']]}{why}",
            code=failure["code"] if failure else run["status"],
            next_step=f"See what happened with: flowtime runs show {run['runId']}",
        )


def _show(run: Run, *, as_json: bool) -> None:
    if as_json:
        output.show_json(run)
    else:
        run_views.show_run(run)


def _show_plan(answer: PlanAnswer, *, given: dict[str, object], as_json: bool) -> None:
    if as_json:
        output.show_json(answer)
    else:
        run_views.show_plan(answer["plan"], given=given)
        output.say("Dry run: nothing was written.")
