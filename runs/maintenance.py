"""Keeping rows and run bundles in step: verify, reindex, sweep, reap. Called by commands and the admin alike.

Progress is the caller's business: every function takes ``progress(done, total)`` and calls it after each step.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from django.db.models import Model, QuerySet
from django.utils import timezone

from flowtime import faults
from flowtime.bundles import Integrity as Found
from flowtime.bundles import (
    Root,
    Swept,
    is_abandoned,
    list_run_ids,
    sweep_leases,
    sweep_retired,
    sweep_staging,
    sweep_unfinished,
    verify_run_bundle,
)
from flowtime.tasks import Reaped, reap
from runs import adoption, execution, integrity, tasks
from runs.models import Integrity, Run
from runs.storage import runs_root

Progress = Callable[[int, int], None]

GRACE_SECONDS = 3600.0
"""Staging and replaced bundles are kept this long: no request takes nearly as much."""

BATCH = 200
"""Rows of one transaction while reindexing: few enough that others need not wait long."""

LOOKED_AT = ("pk", "status", "integrity", "integrity_checked_at", "manifest_hash")
"""What a row says of its bundle: a row has five times as many columns, and a look at a bundle reads no others."""

UNTOLD = "Its files do not tell of a bundle that belongs there."
"""What is wrong with a bundle whose files are all as its manifest lists them."""

WORKER_LOST = "worker_lost"
WORKER_LOST_DETAIL = "The worker stopped without a word, and so did those that tried again."


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found at one row."""

    id: str
    found: Found

    def to_dict(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "state": self.found.state,
            "problems": [problem.to_dict() for problem in self.found.problems],
        }


@dataclass(slots=True)
class Reindexed:
    """What reindexing changed, by id: rows made, rows whose bundle is gone, came back or is damaged.

    ``still_wrong`` names rows, counted among the unchanged, that said already that their bundle is gone or damaged.
    ``quarantined`` names bundles without a row that are not valid: they stay where they are and out of the index,
    and ``reasons`` says for each what is wrong with it.
    """

    adopted: list[str] = field(default_factory=list)
    rebuilt: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    restored: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)
    still_wrong: list[str] = field(default_factory=list)
    quarantined: list[str] = field(default_factory=list)
    reasons: dict[str, str] = field(default_factory=dict)
    unchanged: int = 0

    def leave(self, pk: str, found: Found) -> None:
        """A row said of its bundle what was found."""
        self.unchanged += 1
        if not found.is_valid:
            self.still_wrong.append(pk)

    def note(self, pk: str, found: Found) -> None:
        """A row said something else of its bundle than what was found."""
        if found.is_valid:
            self.restored.append(pk)
        elif found.state == Integrity.MISSING:
            self.missing.append(pk)
        else:
            self.damaged.append(pk)

    def quarantine(self, name: str, found: Found) -> None:
        """A bundle without a row cannot have one, by what was found of its files or else by what they say."""
        self.quarantined.append(name)
        self.reasons[name] = next((problem.detail for problem in found.problems), UNTOLD)

    @property
    def has_problems(self) -> bool:
        return bool(self.missing or self.damaged or self.still_wrong or self.quarantined)

    @property
    def words(self) -> str:
        """What changed, and how often: ``1 rebuilt``, ``2 adopted, 1 missing``, ``nothing to change``."""
        names = ("rebuilt", "adopted", "restored", "missing", "damaged", "quarantined")
        counted = [(len(getattr(self, name)), name) for name in names]
        return ", ".join(f"{n} {name}" for n, name in counted if n) or "nothing to change"


def tell_nobody(done: int, total: int) -> None:
    """The progress of a caller who does not ask."""


def verify_runs(
    ids: Iterable[str] | None = None, *, is_deep: bool = False, progress: Progress = tell_nobody
) -> Iterator[Verified]:
    """Check the bundles of finished runs, of all or of ``ids``, and store what is found on their rows."""
    rows = Run.objects.filter(status=Run.Status.SUCCEEDED).order_by("created_at", "id")
    rows = rows.only(*LOOKED_AT)
    if ids is not None:
        rows = rows.filter(pk__in=list(ids))
    return verify_rows(
        rows,
        check=partial(integrity.check_run, is_deep=is_deep),
        store=integrity.store_run,
        progress=progress,
    )


def verify_rows(
    rows: QuerySet[Any],
    *,
    check: Callable[[Any], Found],
    store: Callable[[Any, Found], None],
    progress: Progress,
) -> Iterator[Verified]:
    """Look at the bundle of every row, and store what is found where that is news."""
    total = rows.count()
    for done, row in enumerate(rows.iterator(chunk_size=500), start=1):
        found = check(row)
        faults.hit("verify.checked")
        if found.state != row.integrity or found.is_deep:
            store(row, found)
            faults.hit("verify.stored")
        progress(done, total)
        yield Verified(row.pk, found)


def reindex_runs(*, is_rebuild: bool = False, progress: Progress = tell_nobody) -> Reindexed:
    """Bring the rows in step with the bundles on disk; a second call changes nothing.

    Valid bundles without a row are adopted; rows whose bundle is gone are marked. With ``is_rebuild`` the rows
    of finished runs are written again from their bundles. What is adopted is hashed when it is first opened.
    """
    done = Reindexed()
    # In this order: a run has its row before it has its bundle, so one that is made meanwhile is no orphan.
    on_disk = list_run_ids(runs_root())
    rows = {run.pk: run for run in Run.objects.only(*LOOKED_AT)}
    finished = {pk for pk, run in rows.items() if run.status == Run.Status.SUCCEEDED}
    orphans = set(on_disk) - rows.keys()
    people = adoption.ids_of_people()
    total, count = len(finished) + len(orphans), 0
    to_write = sorted(orphans | finished if is_rebuild else orphans)
    for start in range(0, len(to_write), BATCH):
        batch = to_write[start : start + BATCH]
        found = {run_id: adoption.read_row(run_id, people) for run_id in batch}
        adoption.write_rows([row for row in found.values() if row is not None], known=rows.keys())
        for run_id, row in found.items():
            if row is not None:
                (done.rebuilt if run_id in rows else done.adopted).append(run_id)
            elif run_id in orphans:
                done.quarantine(run_id, verify_run_bundle(runs_root(), run_id))
        faults.hit("reindex.runs_written")
        count += len(batch)
        progress(count, total)
    for stranded in adoption.unfinished_runs(on_disk):
        # It failed, and whoever was to bring back what it should have replaced died before that.
        if stranded.is_replacing and adoption.restore_replaced(stranded.run):
            done.restored.append(stranded.pk)
    for run_id in sorted(finished - set(done.rebuilt)):
        _reconcile(rows[run_id], done)
        count += 1
        progress(min(count, total), total)
    return done


def reindex_run(run: Run) -> Reindexed:
    """The same for one finished run: its row is written again from its bundle, or says what became of that."""
    done = Reindexed()
    row = adoption.read_row(run.pk, adoption.ids_of_people())
    if row is None:
        _reconcile(run, done)
    else:
        adoption.write_rows([row], known={run.pk})
        done.rebuilt.append(run.pk)
    return done


def _reconcile(run: Run, done: Reindexed) -> None:
    found = _look(run)
    faults.hit("reindex.reconciled")
    if found.state == run.integrity or (found.is_valid and run.integrity == Integrity.UNCHECKED):
        done.leave(run.pk, found)
        return
    integrity.store_run(run, found)
    done.note(run.pk, found)


def _look(run: Run) -> Found:
    if run.integrity == Integrity.UNCHECKED:
        return verify_run_bundle(runs_root(), run.pk, manifest_hash=run.manifest_hash)
    return integrity.check_run(run)


def sweep_runs(
    *, grace_seconds: float = GRACE_SECONDS, progress: Progress = tell_nobody
) -> list[str]:
    """Remove staging that nobody writes any more, runs that were replaced, and bundles of runs that failed; their names."""
    root = runs_root()
    limits = {"now": timezone.now().timestamp(), "grace_seconds": grace_seconds}
    unfinished = adoption.unfinished_runs(list_run_ids(root))
    jobs: tuple[Callable[..., Swept], ...] = (
        # Published, and then the row could not be written: whoever asked was told that it failed.
        partial(sweep_unfinished, run_ids=[run.pk for run in unfinished if not run.is_replacing]),
        sweep_staging,
        sweep_leases,
        sweep_retired,
    )
    removed: list[str] = []
    for done, job in enumerate(jobs, start=1):
        removed += job(root, **limits).removed
        progress(done, len(jobs))
    return removed


def reap_runs() -> Reaped:
    """Ring again for runs whose worker died or whose bell was lost; fail those that died too often."""
    return reap_rows(
        Run,
        runs_root(),
        queued=Run.Status.QUEUED,
        working=Run.Status.RUNNING,
        queued_at="created_at",
        ring=tasks.ring,
        fail=execution.fail_run,
    )


def reap_rows(
    model: type[Model],
    root: Root,
    *,
    queued: str,
    working: str,
    queued_at: str,
    ring: Callable[[str], object],
    fail: Callable[..., object],
) -> Reaped:
    """The same for one kind of job, whose leases lie below ``root``; ``fail(row, code=…, detail=…)`` ends it."""
    rows = model._default_manager

    def give_up(pk: str) -> None:
        fail(rows.get(pk=pk), code=WORKER_LOST, detail=WORKER_LOST_DETAIL)

    return reap(
        model,
        queued=queued,
        working=working,
        queued_at=queued_at,
        ring=ring,
        give_up=give_up,
        has_died=partial(is_abandoned, root),
    )
