"""Background work of the runs app: the queue carries an id, the row says what to do."""

from __future__ import annotations

import structlog
from django_tasks import task

from flowtime import faults
from flowtime.bundles import holding
from flowtime.engine import EngineError
from flowtime.errors import FlowTimeError
from flowtime.tasks import claim, heartbeat
from runs import execution, replay, selectors
from runs.models import Run
from runs.storage import runs_root

log = structlog.get_logger(__name__)


@task()
def execute(run_id: str, request_id: str = "") -> None:
    """Evaluate a queued run. Ringing twice does the work once: the claim is one conditional UPDATE."""
    # Taken before the row says so: whoever finds the row running and the lease free knows that we died.
    with holding(runs_root(), run_id):
        if not claim(Run, run_id, from_status=Run.Status.QUEUED, to_status=Run.Status.RUNNING):
            return
        faults.hit("run.claimed")
        with heartbeat(Run, run_id):
            _execute_claimed(selectors.get_run(run_id), request_id)


def _execute_claimed(run: Run, request_id: str) -> None:
    """Whatever goes wrong is on the row and in the log; the queue has nothing to add."""
    try:
        prepared = replay.prepare_stored(run)
    except FlowTimeError as error:
        execution.fail_run(run, code=error.code, detail=error.detail, request_id=request_id)
        return
    except Exception:
        log.exception("run.crashed", runId=run.pk, templateId=run.template_id, requestId=request_id)
        execution.fail_run(
            run, code="internal_error", detail=execution.INTERNAL_ERROR, request_id=request_id
        )
        return
    try:
        execution.execute_run(run, prepared, request_id=request_id)
    except (FlowTimeError, EngineError):
        return
    except Exception as error:
        log.error("run.not_finished", runId=run.pk, error=type(error).__name__)


def ring(run_id: str, request_id: str = "") -> None:
    """Say that a run is queued."""
    execute.enqueue(run_id, request_id)
