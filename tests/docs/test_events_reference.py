"""The reference of events names every event that the code stores or logs, with its keys, and no other."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from flowtime.logs import EVENT_NAMES
from telemetry.events import event_facts

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "reference" / "events.md").read_text()
NAME = re.compile(r"[a-z]+\.[a-z_]+\Z")
LEVELS = {"exception": "error"}

# What record_event takes for itself: it becomes the keys that all events have.
COMMON = {"actor", "capture", "capture_key", "request_id", "run"}
Found = tuple[str, str, frozenset[str]]


def table(mark: str) -> list[list[str]]:
    """The cells of the table that follows a mark, without its head."""
    (_, after) = PAGE.split(f"<!-- events: {mark} -->\n")
    rows = after.split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]


def words(cell: str) -> frozenset[str]:
    return frozenset(re.findall(r"`([^`]+)`", cell))


def calls() -> Iterator[ast.Call]:
    """Every call in the product."""
    for package in ("flowtime", "runs", "telemetry"):
        for path in sorted((REPOSITORY / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Call):
                    yield node


def called(call: ast.Call) -> str:
    match call.func:
        case ast.Name(name):
            return name
        case ast.Attribute(ast.Name("log"), level):
            return f"log.{level}"
    return ""


def event_name(call: ast.Call) -> str:
    """The event that a call names by a word, as an argument or as ``name=``."""
    given = [*call.args, *(k.value for k in call.keywords if k.arg == "name")]
    for argument in given:
        if isinstance(argument, ast.Constant) and NAME.match(str(argument.value)):
            return str(argument.value)
    return ""


def found() -> Iterator[Found]:
    """Every event in the code: its name, ``stored`` or its level, and the keys that the call itself gives."""
    for call in calls():
        where, name = called(call), event_name(call)
        if not name:
            continue
        keys = frozenset(k.arg for k in call.keywords if k.arg)
        if where == "record_event":
            yield name, "stored", keys - COMMON
        elif where in ("RunEvent", "CaptureEvent"):
            yield name, "stored", frozenset()
        elif where.startswith("log."):
            level = where.removeprefix("log.")
            yield name, LEVELS.get(level, level), keys


FOUND = set(found())
STORED = {name for name, kind, _ in FOUND if kind == "stored"}
FILE_KEYS = {"nodeId", "metric", "classId"}


def test_every_stored_event_is_described_and_no_other() -> None:
    told = {word for mark in ("run", "capture") for row in table(mark) for word in words(row[0])}

    assert told == STORED


def test_stored_events_have_the_keys_that_are_told() -> None:
    told = {row[0].strip("`"): words(row[1]) for mark in ("run", "capture") for row in table(mark)}
    given: dict[str, set[str]] = {}
    for name, kind, keys in FOUND:
        if kind == "stored":
            given.setdefault(name, set()).update(keys)
    given["capture.file_written"] |= FILE_KEYS

    assert told == given


def test_the_keys_of_every_capture_event_are_told() -> None:
    said = words(PAGE.split("## In the life of a capture")[1].split("<!--")[0])

    assert set(event_facts()) <= said


def test_every_line_of_the_log_alone_is_described_with_its_level_and_keys() -> None:
    told = {(row[0].strip("`"), row[1], words(row[2])) for row in table("log")}
    # Its facts are those of every event of a capture, and arrive together.
    crashed = ("capture.crashed", "error", frozenset())
    logged = {line for line in FOUND if line[1] != "stored"}

    assert crashed in logged
    assert told == logged - {crashed} | {(*crashed[:2], frozenset(event_facts()))}


def test_the_events_of_requests_are_the_ones_of_the_log() -> None:
    assert {row[0].strip("`") for row in table("request")} == set(EVENT_NAMES.values())
