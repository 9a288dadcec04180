"""What goes wrong, as one sentence, a code, the next step and an exit code."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum
from typing import Any

from flowtime.client import ClientError, Refused, TimedOut


class ExitCode(IntEnum):
    """The exit codes of the command; scripts branch on them, so they never change."""

    OK = 0
    FAILURE = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    AUTH = 5
    UNREACHABLE = 6
    TIMED_OUT = 124


class CommandError(Exception):
    """The command cannot do what was asked. ``details`` are further lines, one fact each."""

    def __init__(
        self,
        message: str,
        *,
        code: str,
        exit_code: ExitCode = ExitCode.FAILURE,
        next_step: str = "",
        details: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.exit_code = exit_code
        self.next_step = next_step
        self.details = details


_EXIT_CODE_OF_STATUS = {
    400: ExitCode.USAGE,
    401: ExitCode.AUTH,
    403: ExitCode.AUTH,
    404: ExitCode.NOT_FOUND,
    409: ExitCode.CONFLICT,
    502: ExitCode.UNREACHABLE,
    504: ExitCode.UNREACHABLE,
}

_NEXT_STEP_OF_CODE = {
    "not_authenticated": "Sign in with: flowtime auth login",
    "permission_denied": "Ask an administrator for the operator role.",
    "run_not_found": "List the runs with: flowtime runs list",
    "template_not_found": "List the templates with: flowtime templates list",
    "capture_not_found": "List the captures with: flowtime telemetry list",
    "series_not_found": "List the series with: flowtime runs series RUN_ID",
    "not_found": "Check the name, and that the server is a FlowTime of this version.",
    "run_exists": "Choose another --run-id, or add --overwrite to replace the run.",
    "capture_exists": "Add --overwrite to replace it, or see it with: "
    "flowtime telemetry show CAPTURE_ID",
    "capture_in_progress": "Wait for it, and see it with: flowtime telemetry list",
    "run_not_cancelable": "See how it ended with: flowtime runs show RUN_ID",
    "parameters_invalid": "See what the template declares with: flowtime templates show TEMPLATE",
    "template_invalid": "See its problems with: flowtime templates show TEMPLATE",
    "run_not_capturable": "Generate telemetry from a succeeded simulation run.",
    "nothing_to_capture": "Choose a run whose template has nodes with measured series.",
    "bundle_missing": "Generate it with: flowtime telemetry capture RUN_ID",
    "bundle_corrupt": "Generate it again with: flowtime telemetry capture RUN_ID --overwrite",
    "bundle_mismatch": "Choose a template with the grid and nodes of the bundle.",
    "run_unreadable": "Run the template again with: flowtime runs create TEMPLATE",
    "outside_roots": "Give a directory relative to the telemetry library.",
    "invalid_request": "Mend what is listed above, or read the command's --help.",
    "throttled": "Wait a moment, then try again.",
    "busy": "Wait a moment, then try again.",
    "storage_unavailable": "Tell the administrator that storage is unavailable.",
    "insufficient_storage": "Tell the administrator that storage is full.",
}


def from_client(error: ClientError) -> CommandError:
    """Return the error for what a call ended in."""
    if isinstance(error, Refused):
        return _from_refusal(error)
    if isinstance(error, TimedOut):
        return CommandError(
            str(error),
            code=error.code,
            exit_code=ExitCode.TIMED_OUT,
            next_step="Look whether the work goes on with: flowtime runs list",
        )
    return CommandError(
        str(error),
        code=error.code,
        exit_code=ExitCode.UNREACHABLE,
        next_step="Check the address (--url or FLOWTIME_URL) and that the server is running.",
    )


def _from_refusal(error: Refused) -> CommandError:
    next_step = _named(_NEXT_STEP_OF_CODE.get(error.code, ""), error.problem)
    if error.retry_after is not None and error.status in (429, 503):
        next_step = f"Wait {error.retry_after} seconds, then try again."
    if not next_step and error.request_id:
        next_step = f"Give the administrator the request id {error.request_id}."
    return CommandError(
        error.detail,
        code=error.code,
        exit_code=_EXIT_CODE_OF_STATUS.get(error.status, ExitCode.FAILURE),
        next_step=next_step,
        details=tuple(_issue_line(issue) for issue in error.errors),
    )


def _named(next_step: str, problem: Mapping[str, Any]) -> str:
    """Return the next step with the ids that the problem names in the place of the placeholders."""
    capture = problem.get("capture")
    facts = {**(capture if isinstance(capture, dict) else {}), **problem}
    for placeholder, member in (("RUN_ID", "runId"), ("CAPTURE_ID", "captureId")):
        if isinstance(facts.get(member), str):
            next_step = next_step.replace(placeholder, facts[member])
    return next_step


def _issue_line(issue: Mapping[str, Any]) -> str:
    """Return one validation problem as a line: where, what, and its code."""
    where = str(issue.get("pointer") or issue.get("path") or "")
    what = str(issue.get("detail") or issue.get("message") or "")
    code = issue.get("code")
    sentence = f"{what} ({code})" if what else str(code)
    return f"{where}: {sentence}" if where else sentence


def usage(message: str, *, next_step: str = "Read the command's --help.") -> CommandError:
    """Return the error for a command that was put wrongly."""
    return CommandError(message, code="usage", exit_code=ExitCode.USAGE, next_step=next_step)
