"""`flowtime telemetry`: generate telemetry from runs, and read, verify and download bundles."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from flowtime.cli import bodies, output
from flowtime.cli.download import download_bundle
from flowtime.cli.errors import CommandError
from flowtime.cli.follow import follow_capture
from flowtime.cli.output import Column
from flowtime.cli.session import (
    WORK_SECONDS,
    Async,
    CaptureId,
    Cursor,
    Json,
    Limit,
    RunId,
    Timeout,
    Wait,
    connect,
)
from flowtime.client.resources import Capture
from flowtime.client.waiting import is_finished

app = typer.Typer(no_args_is_help=True, help="Generate, read, verify and download telemetry.")


class Status(StrEnum):
    """The statuses a capture may have."""

    QUEUED = "queued"
    GENERATING = "generating"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    SUPERSEDED = "superseded"
    MISSING = "missing"


@app.command("capture")
def capture_run(
    ctx: typer.Context,
    run_id: RunId,
    capture_key: Annotated[
        str | None, typer.Option(help="Name in the shared library; else the run's own bundle.")
    ] = None,
    directory: Annotated[
        str | None, typer.Option(help="Directory in the telemetry library, instead of a key.")
    ] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an existing bundle by a new generation.")
    ] = False,
    nan: Annotated[
        Literal["keep", "zero"], typer.Option(help="Values that are not numbers.")
    ] = "keep",
    gaps: Annotated[
        Literal["keep", "report", "zero"], typer.Option(help="Missing values.")
    ] = "keep",
    is_async: Async = False,
    wait: Wait = False,
    timeout: Timeout = WORK_SECONDS,
    json: Json = False,
) -> None:
    """Generate a telemetry bundle from a finished simulation run.

    \b
    Examples:
      flowtime telemetry capture RUN_ID
      flowtime telemetry capture RUN_ID --overwrite --wait
      flowtime telemetry capture RUN_ID --capture-key storm-week --nan zero --gaps report
    """
    body = bodies.capture_body(
        run_id,
        capture_key=capture_key,
        directory=directory,
        overwrite=overwrite,
        nan=nan,
        gaps=gaps,
    )
    with connect(ctx, work_seconds=timeout) as api:
        answer = api.create_capture(body, is_async=is_async or wait)
        capture = answer["capture"]
        if wait and not is_finished(capture):
            capture = follow_capture(api, capture, timeout=timeout)
            answer = {"capture": capture}
    if json:
        output.show_json(answer)
    else:
        _show_facts(capture)
    failure = capture.get("failure")
    if capture["status"] == "failed" and failure:
        raise CommandError(
            f"Capture {capture['captureId']} has failed: {failure['detail']}",
            code=failure["code"],
            next_step=f"Try again with: flowtime telemetry capture {run_id}",
        )


@app.command("list")
def list_captures(
    ctx: typer.Context,
    source_run: Annotated[str | None, typer.Option(help="Only captures of this run.")] = None,
    capture_key: Annotated[str | None, typer.Option(help="Only this library key.")] = None,
    template: Annotated[str | None, typer.Option(help="Only this template.")] = None,
    status: Annotated[
        list[Status] | None, typer.Option(help="Only this status; may be repeated.")
    ] = None,
    warnings: Annotated[
        bool | None, typer.Option("--warnings/--no-warnings", help="With warnings, or without.")
    ] = None,
    created_after: Annotated[str | None, typer.Option(help="RFC 3339 time.")] = None,
    created_before: Annotated[str | None, typer.Option(help="RFC 3339 time.")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
    json: Json = False,
) -> None:
    """List captures, newest first.

    \b
    Examples:
      flowtime telemetry list
      flowtime telemetry list --source-run RUN_ID --json
    """
    with connect(ctx) as api:
        page = api.captures(
            sourceRunId=source_run,
            captureKey=capture_key,
            templateId=template,
            status=list(map(str, status or ())),
            hasWarnings=warnings,
            createdAfter=created_after,
            createdBefore=created_before,
            pageSize=limit,
            cursor=cursor,
        )
    if json:
        output.show_json(page)
        return
    output.show_table(
        (
            Column("status"),
            Column("capture"),
            Column("source run"),
            Column("key"),
            Column("generated"),
            Column("files", "right"),
            Column("warnings", "right"),
            Column("integrity"),
        ),
        [
            (
                output.status_word(capture["status"]),
                capture["captureId"],
                capture["sourceRunId"],
                capture["captureKey"] or "",
                output.time_text(capture["generatedAtUtc"]),
                str(capture["fileCount"]),
                str(capture["warningCount"]),
                capture["integrity"]["state"],
            )
            for capture in page["items"]
        ],
    )
    output.say_page(page, noun="capture")


@app.command("show")
def show_capture(ctx: typer.Context, capture_id: CaptureId, json: Json = False) -> None:
    """Show one capture: where it comes from, what it holds, its warnings and integrity.

    \b
    Examples:
      flowtime telemetry show CAPTURE_ID
    """
    with connect(ctx) as api:
        capture = api.capture(capture_id)
    if json:
        output.show_json(capture)
        return
    _show_facts(capture)
    if capture["warnings"]:
        output.blank_line()
        output.show_table(
            (Column("warning"), Column("node"), Column("metric"), Column("message")),
            [
                (
                    str(warning.get("code", "")),
                    str(warning.get("nodeId") or ""),
                    str(warning.get("metric") or ""),
                    str(warning.get("message", "")),
                )
                for warning in capture["warnings"]
            ],
        )


@app.command("verify")
def verify_capture(ctx: typer.Context, capture_id: CaptureId, json: Json = False) -> None:
    """Hash a bundle's files again, now; fails unless they are all as they were written.

    \b
    Examples:
      flowtime telemetry verify CAPTURE_ID
    """
    with connect(ctx) as api:
        capture = api.verify_capture(capture_id)
    if json:
        output.show_json(capture)
    else:
        _show_facts(capture)
    state = capture["integrity"]["state"]
    if state != "valid":
        run_id = capture["sourceRunId"]
        raise CommandError(
            f"The bundle of capture {capture_id} is {_INTEGRITY_WORD.get(state, state)}.",
            code=f"bundle_{state}",
            next_step=f"Generate it again with: flowtime telemetry capture {run_id} --overwrite",
        )


@app.command("download")
def download_capture(
    ctx: typer.Context,
    capture_id: CaptureId,
    names: Annotated[list[str] | None, typer.Argument(metavar="[FILE]...")] = None,
    to: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Directory to fill; else one named for the capture."),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files there.")] = False,
) -> None:
    """Download a bundle, or some of its files, checking every hash.

    \b
    Examples:
      flowtime telemetry download CAPTURE_ID
      flowtime telemetry download CAPTURE_ID --output bundle --overwrite
    """
    with connect(ctx) as api:
        for name in download_bundle(
            api,
            capture_id,
            directory=to or Path(capture_id),
            names=names or [],
            overwrite=overwrite,
        ):
            typer.echo(output.clean(name))


_INTEGRITY_WORD = {"corrupt": "changed since it was generated", "unchecked": "not checked"}


def _show_facts(capture: Capture) -> None:
    failure = capture.get("failure")
    integrity = capture["integrity"]
    output.show_facts(
        (
            ("capture", capture["captureId"]),
            ("status", output.status_word(capture["status"])),
            ("failure", f"{failure['detail']} ({failure['code']})" if failure else ""),
            ("source run", capture["sourceRunId"]),
            ("template", capture["templateId"]),
            ("capture key", capture["captureKey"] or ""),
            ("generation", str(capture["generation"] or "")),
            ("generated", output.time_text(capture["generatedAtUtc"])),
            ("requested by", capture["requestedBy"] or ""),
            ("files", str(capture["fileCount"])),
            ("size", output.byte_text(capture["byteCount"])),
            ("warnings", str(capture["warningCount"])),
            ("integrity", _INTEGRITY_WORD.get(integrity["state"], integrity["state"])),
            ("checked", output.time_text(integrity["checkedAtUtc"])),
            ("manifest", capture["manifestHash"] or ""),
        )
    )
    for problem in integrity["problems"]:
        output.say(
            f"problem: {problem if isinstance(problem, str) else output.value_text(problem)}"
        )
