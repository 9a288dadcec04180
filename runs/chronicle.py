"""Lifecycle events in words: what the pages say for each step in the life of a run or a capture."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from runs import wording
from runs.models import Integrity


class Event(Protocol):
    """A stored event: of a run or of a capture."""

    at: datetime
    name: str
    actor: Any
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One event as a page shows it; ``tone`` is good, bad or nothing."""

    at: datetime
    sentence: str
    name: str = ""
    by: str = ""
    took: str = ""
    tone: str = ""

    @property
    def aside(self) -> str:
        """``by alice in 4.2 s``, as far as that is known."""
        said = (f"by {self.by}" if self.by else "", f"in {self.took}" if self.took else "")
        return " ".join(part for part in said if part)


_GOOD = {"run.succeeded", "capture.published", "capture.succeeded"}
_BAD = {"run.failed", "capture.failed", "capture.refused"}
_REFUSED = {
    "capture_exists": "a bundle already exists and overwrite was not asked for",
    "capture_in_progress": "another capture of the same bundle was in progress",
    "run_not_capturable": "the run had no telemetry to give",
    "run_unreadable": "the run's files could not be trusted",
    "nothing_to_capture": "no node has a role that can be written",
    "outside_roots": "the name leads outside the telemetry library",
    "invalid_id": "the name is not one that can be used",
}


def _replayed(facts: Mapping[str, Any]) -> str:
    return "Created" + (f" to replay from {facts['replayOf']}" if facts.get("replayOf") else "")


def _published(facts: Mapping[str, Any]) -> str:
    generation = facts.get("generation")
    files = facts.get("fileCount")
    said = f"Published as {_generation(generation)}" if generation is not None else "Published"
    return said + (f": {wording.say_count(files, 'file')}" if files is not None else "")


def _written(facts: Mapping[str, Any]) -> str:
    what = f"{facts.get('nodeId', '')} {facts.get('metric', 'file')}".strip()
    return f"{what}, {facts['classId']}, written" if facts.get("classId") else f"{what} written"


def _generation(generation: Any) -> str:
    return f"g{generation:06d}" if isinstance(generation, int) else str(generation)


def _with_warnings(facts: Mapping[str, Any]) -> str:
    count = facts.get("warningCount")
    if count is None:
        return "Succeeded"
    return f"Succeeded with {wording.say_count(count, 'warning') if count else 'no warnings'}"


def _why(facts: Mapping[str, Any]) -> str:
    code = str(facts.get("code", ""))
    return _REFUSED.get(code) or str(facts.get("detail") or code)


_SENTENCES: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "run.created": _replayed,
    "run.succeeded": _with_warnings,
    "run.failed": lambda facts: f"Failed: {_why(facts)}",
    "run.cancel_requested": lambda facts: "Asked to stop",
    "run.canceled": lambda facts: "Cancelled",
    "run.adopted": lambda facts: "Found on disk and taken into the index",
    "run.verified": lambda facts: f"Run files checked: {_found(facts)}",
    "capture.requested": lambda facts: "Telemetry requested",
    "capture.started": lambda facts: "Telemetry started; run files checked",
    "capture.file_written": _written,
    "capture.published": _published,
    "capture.succeeded": _with_warnings,
    "capture.refused": lambda facts: f"Refused: {_why(facts)}",
    "capture.failed": lambda facts: (
        "Cancelled" if facts.get("code") == "canceled" else f"Failed: {_why(facts)}"
    ),
    "capture.cancel_requested": lambda facts: "Asked to stop",
    "capture.superseded": lambda facts: (
        f"{_generation(facts.get('generation'))} superseded"
        if facts.get("generation") is not None
        else "Superseded"
    ),
    "capture.adopted": lambda facts: "Found on disk and taken into the index",
    "capture.verified": lambda facts: f"Verified: {_found(facts)}",
}

TOO_MANY = ("capture.file_written",)
"""One line a file would bury the rest; the file table says the same."""


def tell(events: Iterable[Event]) -> list[Step]:
    """The events in words, in their order."""
    return [_step(event) for event in events]


def _step(event: Event) -> Step:
    facts = event.attributes
    sentence = _SENTENCES.get(event.name, lambda _: event.name)(facts)
    took = facts.get("durationMs")
    return Step(
        at=event.at,
        sentence=sentence,
        name=event.name,
        by=event.actor.get_username() if event.actor else "",
        took=wording.say_duration(timedelta(milliseconds=took)) if took is not None else "",
        tone="good" if event.name in _GOOD else "bad" if event.name in _BAD else _verified(facts),
    )


def _found(facts: Mapping[str, Any]) -> str:
    """What a check found, in the word that stands everywhere else on screen."""
    found = facts.get("integrity")
    return Integrity(found).label.lower() if found in Integrity.values else "done"


def _verified(facts: Mapping[str, Any]) -> str:
    found = facts.get("integrity")
    return "" if found is None else "good" if found == "valid" else "bad"
