"""Writes cli.md from the command itself: run ``python docs/reference/generate_cli.py``."""

import sys
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any, get_args

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import typer

from docs.reference.pages import code, join, table, write
from flowtime.cli.main import app

INTRODUCTION = """
# Command line

<!-- Written by docs/reference/generate_cli.py from the command itself. Do not edit. -->

`flowtime` talks to a FlowTime server over HTTP. Data goes to the standard output, as a table on a terminal
and as the API's JSON with `--json`; messages and progress go to the standard error. `NO_COLOR` is obeyed.

The server and the token come from an option, else from `FLOWTIME_URL` and `FLOWTIME_TOKEN`, else from what
`flowtime auth login` kept. Options that stand before the command are the first table; every command has
`--help`.
"""
# What the command does by itself, for any program of its kind.
_UNIVERSAL = {"help", "install_completion", "show_completion"}


def commands() -> dict[str, Any]:
    """Every command by the words that call it."""
    return dict(_leaves(root(), "flowtime"))


def root() -> Any:
    """The command as the library that runs it sees it."""
    return typer.main.get_command(app)


def _leaves(command: Any, words: str) -> Iterator[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield words, command
        return
    for name, child in children.items():
        yield from _leaves(child, f"{words} {name}")


def page() -> str:
    """The whole page."""
    return join(INTRODUCTION, *_root(), *_groups())


def _root() -> Iterator[str]:
    yield str(root().help)
    yield _options(root())
    yield str(root().epilog)


def _groups() -> Iterator[str]:
    for name, group in root().commands.items():
        yield f"## flowtime {name}"
        yield str(group.help)
        for words, command in _leaves(group, f"flowtime {name}"):
            yield f"### {words}"
            told, _, examples = str(command.help).replace("\b\n", "").partition("Examples:")
            yield told.strip()
            usage = " ".join([words, "[OPTIONS]", *(_usage(p) for p in _arguments(command))])
            yield f"```text\n{usage}\n```"
            if options := _options(command):
                yield options
            lines = "\n".join(line.strip() for line in examples.strip().splitlines())
            yield f"```sh\n{lines}\n```"


def _arguments(command: Any) -> list[Any]:
    return [p for p in command.params if p.param_type_name == "argument"]


def _usage(argument: Any) -> str:
    name = argument.metavar or str(argument.name).upper()
    return name if argument.required else f"[{name}]"


def _options(command: Any) -> str:
    options = [
        p
        for p in command.params
        if p.param_type_name == "option" and p.name not in _UNIVERSAL and not p.hidden
    ]
    rows = ((code([*p.opts, *p.secondary_opts]), _value(p), _meaning(p)) for p in options)
    return table(("option", "value", "meaning"), rows) if options else ""


def _value(option: Any) -> str:
    """What the option takes: the word its help shows, the words it knows, or the kind of value."""
    if option.is_flag:
        return ""
    annotation = option.type_descriptor.annotation
    words = _words_of(annotation)
    if words:
        return code(words)
    kind = "NUMBER" if annotation in (int, float) else "TEXT"
    return f"`{option.metavar or kind}`"


def _words_of(annotation: Any) -> list[str]:
    """The words that an annotation allows, also those of the elements of a list."""
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return [word.value for word in annotation]
    found: list[str] = []
    for argument in get_args(annotation):
        found += [argument] if isinstance(argument, str) else _words_of(argument)
    return found


def _meaning(option: Any) -> str:
    is_told = option.is_flag or option.default is None or isinstance(option.default, list | tuple)
    return str(option.help) + ("" if is_told else f" Default: `{_plain(option.default)}`.")


def _plain(default: Any) -> str:
    """A default as a person would write it: the value of a choice, a whole number without a point."""
    value = getattr(default, "value", default)
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    write("cli.md", page())
