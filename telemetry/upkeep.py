"""The four maintenance jobs over runs and captures together, and what each has to say: for commands and the admin alike."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any

from runs.maintenance import (
    GRACE_SECONDS,
    Progress,
    Reindexed,
    Verified,
    reap_runs,
    reindex_runs,
    sweep_runs,
    tell_nobody,
    verify_runs,
)
from telemetry.maintenance import reap_captures, reindex_captures, sweep_captures, verify_captures

Bar = Callable[[str], AbstractContextManager[Progress]]
"""Shows how far one part of the work is; the argument is its title."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a job found or did: a document for programs, lines for people, and whether all is well."""

    document: dict[str, Any]
    lines: list[str]
    is_good: bool = True


def no_bar(title: str) -> AbstractContextManager[Progress]:
    """Nobody looks."""
    return nullcontext(tell_nobody)


def verify(ids: Iterable[str] | None = None, *, is_deep: bool = False, bar: Bar = no_bar) -> Report:
    """Whether the bundles are complete and valid; with ``is_deep`` every byte is hashed."""
    chosen = None if ids is None else list(ids)
    with bar("Runs") as progress:
        found = list(verify_runs(chosen, is_deep=is_deep, progress=progress))
    with bar("Captures") as progress:
        found += verify_captures(chosen, is_deep=is_deep, progress=progress)
    bad = [one for one in found if not one.found.is_valid]
    return Report(
        {
            "deep": is_deep,
            "checked": len(found),
            "valid": len(found) - len(bad),
            "problems": [one.to_dict() for one in bad],
        },
        [*_problem_lines(bad), f"{len(found)} bundles checked, {len(bad)} not valid."],
        is_good=not bad,
    )


def reindex(*, is_rebuild: bool = False, bar: Bar = no_bar) -> Report:
    """Bring the database in step with the bundles on disk."""
    with bar("Runs") as progress:
        runs = reindex_runs(is_rebuild=is_rebuild, progress=progress)
    with bar("Captures") as progress:
        captures = reindex_captures(progress=progress)
    return Report(
        {"runs": asdict(runs), "captures": asdict(captures)},
        [*_changed_lines("runs", runs), *_changed_lines("captures", captures)],
        is_good=not (runs.has_problems or captures.has_problems),
    )


def sweep(*, grace_seconds: float = GRACE_SECONDS, bar: Bar = no_bar) -> Report:
    """Remove what nobody needs, once it is older than the grace."""
    with bar("Runs") as progress:
        runs = sweep_runs(grace_seconds=grace_seconds, progress=progress)
    with bar("Captures") as progress:
        captures = sweep_captures(grace_seconds=grace_seconds, progress=progress)
    return Report(
        {"runs": runs, "captures": captures},
        [*runs, *captures, f"{len(runs) + len(captures)} removed."],
    )


def reap(*, bar: Bar = no_bar) -> Report:
    """Ring again for jobs whose worker died or whose bell was lost; fail those that died too often."""
    with bar("Jobs") as progress:
        runs = reap_runs()
        progress(1, 2)
        captures = reap_captures()
        progress(2, 2)
    rung, failed = [*runs.rung, *captures.rung], [*runs.failed, *captures.failed]
    return Report(
        {"rung": rung, "failed": failed}, [f"{len(rung)} rung again, {len(failed)} failed."]
    )


def _problem_lines(bad: list[Verified]) -> list[str]:
    lines = []
    for one in bad:
        lines.append(f"{one.id}: {one.found.state}")
        lines += [f"  {problem.code}: {problem.detail}" for problem in one.found.problems]
    return lines


def _changed_lines(what: str, done: Reindexed) -> list[str]:
    lines = [
        f"{what}: {name} {one}" + (f": {done.reasons[one]}" if name == "quarantined" else "")
        for name in ("adopted", "restored", "missing", "damaged", "quarantined")
        for one in getattr(done, name)
    ]
    still = f", {len(done.still_wrong)} of them gone or damaged" if done.still_wrong else ""
    return [*lines, f"{what}: {len(lines)} changed, {done.unchanged} as they were{still}."]
