"""Request bodies of the API, from what was put on the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from flowtime.cli.errors import usage


def capture_body(
    run_id: str,
    *,
    capture_key: str | None,
    directory: str | None,
    overwrite: bool,
    nan: str,
    gaps: str,
) -> dict[str, Any]:
    """Return the body of ``POST /v1/telemetry/captures`` (http-api §4.1)."""
    if capture_key is not None and directory is not None:
        raise usage("--capture-key and --directory exclude each other.")
    return {
        "source": {"type": "run", "runId": run_id},
        "output": {"captureKey": capture_key, "directory": directory, "overwrite": overwrite},
        "options": {"nan": nan, "gaps": gaps},
    }


def run_body(
    template_id: str,
    *,
    mode: str,
    parameters: dict[str, object],
    chance: dict[str, object],
    telemetry: dict[str, object] | None,
    run_id: str | None,
    is_deterministic: bool,
    dry_run: bool,
    overwrite: bool,
) -> dict[str, Any]:
    """Return the body of ``POST /v1/runs`` (http-api §3.1); what was not given is left out."""
    body: dict[str, Any] = {
        "templateId": template_id,
        "mode": mode,
        "parameters": parameters,
        "options": {
            "deterministicRunId": is_deterministic,
            "runId": run_id,
            "dryRun": dry_run,
            "overwriteExisting": overwrite,
        },
    }
    if chance:
        body["rng"] = {"kind": "pcg32", **chance}
    if telemetry is not None:
        body["telemetry"] = telemetry
    return body


def chance(*, seed: int | None, mode: str | None, replicate: int | None) -> dict[str, object]:
    """Return what was said about chance; empty where the template decides."""
    said = {"seed": seed, "mode": mode, "replicate": replicate}
    return {name: value for name, value in said.items() if value is not None}


def telemetry_source(
    *,
    source_run: str | None,
    capture: str | None,
    capture_key: str | None,
    directory: str | None,
    bindings: Iterable[str],
) -> dict[str, object] | None:
    """Return the ``telemetry`` block of a run: which bundle it replays; None when none was named."""
    named = {
        "sourceRunId": source_run,
        "captureId": capture,
        "captureKey": capture_key,
        "captureDirectory": directory,
    }
    source: dict[str, object] = {name: value for name, value in named.items() if value is not None}
    if len(source) > 1:
        raise usage("Name one telemetry source, not several.")
    bound = dict(_name_and_text(binding, option="--binding") for binding in bindings)
    if bound and not source:
        raise usage("--binding needs a telemetry source, such as --source-run.")
    if bound:
        source["bindings"] = bound
    return source or None


def parameters(*, file: Path | None, assignments: Iterable[str]) -> dict[str, object]:
    """Return parameter values from a JSON file (``-`` is stdin), then from ``name=value`` pairs.

    A value that reads as JSON is that number, text, truth or array; anything else is text.
    """
    values = {} if file is None else _object_of(file)
    for assignment in assignments:
        name, text = _name_and_text(assignment, option="--parameter")
        values[name] = _value(text)
    return values


def _object_of(file: Path) -> dict[str, object]:
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        document = json.loads(text, parse_constant=_refuse_constant)
    except (OSError, ValueError) as error:
        raise usage("The parameter file cannot be read as JSON.") from error
    if not isinstance(document, dict):
        raise usage("The parameter file is not a JSON object of names and values.")
    return document


def _name_and_text(assignment: str, *, option: str) -> tuple[str, str]:
    name, equals, text = assignment.partition("=")
    if not equals or not name:
        raise usage(f"{option} {assignment[:80]} is not of the form name=value.")
    return name, text


def _value(text: str) -> object:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return text


def _refuse_constant(name: str) -> object:
    # NaN and Infinity are not JSON; the API takes them for text and says what is wrong.
    raise ValueError(name)
