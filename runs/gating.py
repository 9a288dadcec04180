"""Which actions a run allows to whom, and the sentence that says why not (product §4.1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runs.models import Integrity, Run

if TYPE_CHECKING:
    from runs.actors import Actor

NOT_A_SIMULATION = "Telemetry is generated from simulation runs."
NOT_FINISHED = "The run has not finished."
NOT_SUCCEEDED = "The run did not succeed."
IN_PROGRESS = "A capture is in progress."
NEEDS_OPERATOR = "You need the operator role."
FILES_MISSING = "The run's files are missing."
FILES_CHANGED = "The run's files were changed since it was written."
NO_TELEMETRY = "Generate telemetry first."
TELEMETRY_MISSING = "The telemetry bundle is missing."
TELEMETRY_CHANGED = "The telemetry bundle was changed since it was generated."
NOT_FAILED = "Only a run that failed or was cancelled is tried again."
HAS_ENDED = "Only what is queued or running can be cancelled."
ALREADY_GENERATED = "Telemetry was already generated; generating it again replaces it."

_CHANGED = (Integrity.INCOMPLETE, Integrity.CORRUPT)


@dataclass(frozen=True, slots=True)
class Action:
    """Whether something may be done now; ``reason`` is the sentence beside the disabled control."""

    allowed: bool
    reason: str | None = None


def actions_for(run: Run, user: Actor) -> dict[str, Action]:
    """Every action on ``run`` with whether ``user`` may take it now. Reads the row and the user's permissions only."""
    rules: dict[str, tuple[Callable[[Run], str | None], str]] = {
        "generateTelemetry": (why_not_generate, "telemetry.add_capture"),
        "regenerateTelemetry": (why_not_regenerate, "telemetry.add_capture"),
        "replayFromModel": (why_not_replay_from_model, "runs.replay_run"),
        "replayFromTelemetry": (why_not_replay_from_telemetry, "runs.replay_run"),
    }
    return {name: _action(rule(run), user, needed) for name, (rule, needed) in rules.items()}


def _action(reason: str | None, user: Actor, permission: str) -> Action:
    if reason is None and not user.has_perm(permission):
        reason = NEEDS_OPERATOR
    return Action(allowed=reason is None, reason=reason)


def has_telemetry_bundle(run: Run) -> bool:
    """True where a bundle stands in the place that generating telemetry again would write to."""
    return bool(run.telemetry_capture_id) and run.telemetry_integrity != Integrity.MISSING


def why_not_capturable(run: Run) -> str | None:
    """Why no telemetry can be generated from ``run``, whatever bundles there are; None where it can."""
    if run.mode != Run.Mode.SIMULATION:
        return NOT_A_SIMULATION
    return _why_not_readable(run)


def why_not_generate(run: Run) -> str | None:
    reason = why_not_capturable(run)
    if reason is None and run.telemetry_in_progress:
        return IN_PROGRESS
    if reason is None and has_telemetry_bundle(run):
        return ALREADY_GENERATED
    return reason


def why_not_regenerate(run: Run) -> str | None:
    reason = why_not_capturable(run)
    if reason is None and run.telemetry_in_progress:
        return IN_PROGRESS
    if reason is None and not has_telemetry_bundle(run):
        return NO_TELEMETRY
    return reason


def why_not_retry(run: Run) -> str | None:
    """Why what the run was asked for is not asked for once more."""
    if not run.is_finished:
        return NOT_FINISHED
    return NOT_FAILED if run.status == Run.Status.SUCCEEDED else None


def why_not_cancel(run: Run) -> str | None:
    return HAS_ENDED if run.is_finished else None


def why_not_verify(run: Run) -> str | None:
    if not run.is_finished:
        return NOT_FINISHED
    return None if run.status == Run.Status.SUCCEEDED else NOT_SUCCEEDED


def why_not_replay_from_model(run: Run) -> str | None:
    return _why_not_readable(run)


def why_not_replay_from_telemetry(run: Run) -> str | None:
    # The template and the parameters come out of the run's own bundle.
    reason = _why_not_readable(run)
    if reason is not None:
        return reason
    if run.telemetry_available:
        return None
    if run.telemetry_integrity == Integrity.MISSING:
        return TELEMETRY_MISSING
    if run.telemetry_integrity in _CHANGED:
        return TELEMETRY_CHANGED
    return NO_TELEMETRY


def _why_not_readable(run: Run) -> str | None:
    if not run.is_finished:
        return NOT_FINISHED
    if run.status != Run.Status.SUCCEEDED:
        return NOT_SUCCEEDED
    if run.integrity == Integrity.MISSING:
        return FILES_MISSING
    if run.integrity in _CHANGED:
        return FILES_CHANGED
    return None
