"""What the command prints: data on stdout, everything else on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from flowtime.cli.errors import CommandError

Justify = Literal["left", "right"]

STATUS_STYLE = {
    "succeeded": "green",
    "valid": "green",
    "failed": "red",
    "missing": "red",
    "corrupt": "red",
    "incomplete": "red",
    "running": "blue",
    "generating": "blue",
}

# The shapes of the pages, so that a status never rests on colour alone.
STATUS_SHAPE = {
    "queued": "◌",
    "running": "◔",
    "generating": "◔",
    "succeeded": "✓",
    "failed": "⊠",
    "canceled": "⊖",
    "superseded": "⊖",
    "missing": "⊠",
}

STATUS_WORD = {"canceled": "cancelled"}

STATUS_SENTENCE = {
    "queued": "is queued",
    "running": "is running",
    "generating": "is being generated",
    "succeeded": "has succeeded",
    "failed": "has failed",
    "canceled": "was cancelled",
    "superseded": "was superseded",
    "missing": "is missing",
}


@dataclass(frozen=True)
class Column:
    """A column of a table: its heading, and where its figures stand."""

    heading: str
    justify: Justify = "left"


def is_terminal() -> bool:
    """Say whether a person is looking at stdout."""
    return sys.stdout.isatty()


def messages() -> Console:
    """Return the console of messages and progress (stderr)."""
    return Console(stderr=True, highlight=False, markup=False, emoji=False)


def say(message: str) -> None:
    """Print a message for people; it never mixes with data."""
    messages().print(clean(message), soft_wrap=True)


def show_error(error: CommandError) -> None:
    """Print an error: its sentence and code, the facts, and the next step."""
    console = messages()
    headline = Text("error: ", style="bold red")
    headline.append(f"{clean(error.message)} ({clean(error.code)})", style="default not bold")
    console.print(headline, soft_wrap=True)
    for detail in error.details:
        console.print(f"  {clean(detail)}", soft_wrap=True)
    if error.next_step:
        console.print(f"next: {clean(error.next_step)}", soft_wrap=True)


def show_json(document: object) -> None:
    """Print an answer of the API as it came."""
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


def show_table(columns: Sequence[Column], rows: Iterable[Sequence[str | Text]]) -> None:
    """Print rows as a table on a terminal, else as columns of plain text that never wrap."""
    if is_terminal():
        _show_rich_table(columns, rows)
    else:
        _show_columns(columns, [[_plain(cell) for cell in row] for row in rows])


def _show_rich_table(columns: Sequence[Column], rows: Iterable[Sequence[str | Text]]) -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(column.heading, justify=column.justify, overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(clean(cell)) for cell in row))
    Console(highlight=False).print(table)


def _show_columns(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> None:
    lines = [[column.heading.upper() for column in columns], *rows]
    widths = [max(len(line[index]) for line in lines) for index in range(len(columns))]
    for line in lines:
        cells = (
            cell.rjust(width) if column.justify == "right" else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns, strict=True)
        )
        sys.stdout.write("  ".join(cells).rstrip() + "\n")


def show_facts(facts: Iterable[tuple[str, str | Text]]) -> None:
    """Print names and values, one pair a line; empty values are left out."""
    shown = [(name, value) for name, value in facts if _plain(value)]
    width = max((len(name) for name, _ in shown), default=0)
    if is_terminal():
        console = Console(highlight=False)
        for name, value in shown:
            line = Text(f"{name.ljust(width)}  ", style="dim")
            line.append_text(value if isinstance(value, Text) else Text(clean(value), "not dim"))
            console.print(line, soft_wrap=True)
        return
    for name, value in shown:
        sys.stdout.write(f"{name.ljust(width)}  {_plain(value)}\n")


def _plain(cell: str | Text) -> str:
    return clean(cell.plain if isinstance(cell, Text) else cell)


def clean(text: str) -> str:
    """Return ``text`` without control characters: what others wrote must not drive the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def status_text(status: str) -> Text:
    """Return a status as a shape and a word."""
    word = STATUS_WORD.get(status, status)
    return Text(
        f"{STATUS_SHAPE.get(status, '')} {word}".strip(), style=STATUS_STYLE.get(status, "")
    )


def status_word(status: str) -> str | Text:
    """Return a status for the present stdout: shape and word for people, the API's word for programs."""
    return status_text(status) if is_terminal() else status


def time_text(moment: str | None) -> str:
    """Return a time of the API for people (``23 Nov 2026, 10:16:02``), or as it came for programs."""
    if not moment:
        return "–" if is_terminal() else "-"
    if not is_terminal():
        return moment
    try:
        parsed = datetime.fromisoformat(moment).astimezone(UTC)
    except ValueError:
        return moment
    return f"{parsed.day} {parsed:%b %Y, %H:%M:%S}"


def yes_no(value: object) -> str:
    """Return a claim as a word."""
    return "yes" if value else "no"


def byte_text(count: int) -> str:
    """Return a size for people."""
    if count < 1000:
        return f"{count} B"
    if count < 1_000_000:
        return f"{count / 1000:.1f} kB"
    return f"{count / 1_000_000:.1f} MB"


def value_text(value: object, *, limit: int = 60) -> str:
    """Return a parameter's value on one line; long arrays are cut and say how long they are."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    if len(text) <= limit:
        return text
    count = f" ({len(value)} values)" if isinstance(value, list) else ""
    return f"{text[:limit]}…{count}"


def grid_text(bins: int | str, size: int | str, unit: str) -> str:
    """Return a grid for people: ``120 bins of 1 hour``."""
    return f"{bins} bins of {size} {unit.removesuffix('s') if size == 1 else unit}"


def blank_line() -> None:
    """Print an empty line between two blocks of data."""
    sys.stdout.write("\n")


def say_page(page: Mapping[str, Any], *, noun: str) -> None:
    """Say on stderr how much of the list was shown, and how to go on."""
    shown, total = len(page["items"]), page["totalCount"]
    about = "" if page["totalCountIsExact"] else "more than "
    plural = noun if total == 1 else f"{noun}s"
    say(f"{shown} of {about}{total} {plural}.")
    if page["nextCursor"]:
        say(f"Next page: --cursor {page['nextCursor']}")
