"""The bundle of a run, opened for reading: one generation, pinned by the digest that the row knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flowtime.bundles import BundleError, RunBundle, open_run_bundle
from runs import gating
from runs.errors import RunUnreadable
from runs.models import Run
from runs.storage import runs_root


def open_bundle(run: Run) -> RunBundle:
    """The run's bundle, as its row names it, for reading. Raises RunUnreadable."""
    if run.status != Run.Status.SUCCEEDED:
        reason = gating.why_not_replay_from_model(run) or gating.NOT_FINISHED
        raise RunUnreadable(reason, runId=run.pk)
    try:
        return open_run_bundle(runs_root(), run.pk, manifest_hash=run.manifest_hash)
    except BundleError as error:
        raise RunUnreadable(error.detail, runId=run.pk) from None


@contextmanager
def readable(run: Run) -> Iterator[RunBundle]:
    """The same, closed afterwards; a file that turns out to be gone or damaged raises RunUnreadable too."""
    with open_bundle(run) as bundle:
        try:
            yield bundle
        except BundleError as error:
            raise RunUnreadable(error.detail, runId=run.pk) from None
