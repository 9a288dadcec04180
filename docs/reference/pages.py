"""What the generators of reference pages share: tables, and how a page is written."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent


def code(words: Iterable[object]) -> str:
    """Each word in code style, separated by commas."""
    return ", ".join(f"`{word}`" for word in words)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table of Markdown; a vertical bar in a cell is escaped and a line break becomes a blank."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(cell) for cell in line) + " |" for line in lines)


def _cell(value: object) -> str:
    return " ".join(str(value).split()).replace("|", "\\|")


def join(*blocks: str) -> str:
    """A page of blocks with an empty line between them."""
    return "\n\n".join(block.strip("\n") for block in blocks) + "\n"


def write(name: str, text: str) -> None:
    """Write the page ``name`` beside this module, or into the directory that the command names."""
    directory = Path(sys.argv[1]) if len(sys.argv) > 1 else HERE
    (directory / name).write_text(text, encoding="utf-8", newline="\n")
