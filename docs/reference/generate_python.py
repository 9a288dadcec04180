"""Writes python.md from the client itself: run ``python docs/reference/generate_python.py``."""

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from docs.reference.pages import code, join, table, write
from flowtime.client import AsyncClient, Client, calls, errors, resources
from flowtime.client.calls import Call

INTRODUCTION = """
# Python client

<!-- Written by docs/reference/generate_python.py from the client itself. Do not edit. -->

`flowtime.client` speaks to the [HTTP API](api.md); it needs neither Django nor the rest of FlowTime. How it is
used is told by the [guide to automation](../guides/automate.md). `Client` waits in the thread, `AsyncClient` has
the same methods to be awaited; both are context managers.
"""


def page() -> str:
    """The whole page."""
    parts = (*_construction(), *_methods(), *_beyond_routes(), *_errors(), *_types())
    # Docstrings mark code as reStructuredText does.
    return join(INTRODUCTION, *(re.sub(r"(?<!`)``(?!`)", "`", part) for part in parts))


def builders() -> dict[str, Callable[..., Call[Any]]]:
    """Every call of the client by the name of its method."""
    return {
        name: value
        for name, value in vars(calls).items()
        if inspect.isfunction(value) and value.__module__ == calls.__name__
        if not name.startswith("_") and name != "segment"
    }


def _construction() -> Iterator[str]:
    yield "## Making one"
    yield f"```python\nClient{_parameters(Client.__init__)}\nAsyncClient{_parameters(AsyncClient.__init__)}\n```"
    yield (
        "`work_seconds` is how long an answer may take that comes when the work is done: every `POST`. "
        "Other answers have 30 seconds."
    )


def _methods() -> Iterator[str]:
    yield "## Methods, one a route"
    rows = (
        (
            code([f"{name}{_parameters(build)}"]),
            _route(build),
            str(inspect.getdoc(build)).split("\n")[0],
        )
        for name, build in builders().items()
    )
    yield table(("method", "route", "does"), rows)
    yield "`capture_file` and `export` are context managers that yield the chunks of the file."


def _beyond_routes() -> Iterator[str]:
    yield "## Beyond one route"
    rows = (
        (code([f"{name}{_parameters(getattr(Client, name))}"]), str(getattr(Client, name).__doc__))
        for name in ("all_runs", "all_captures", "wait_for_run", "wait_for_capture", "send")
    )
    yield table(("method", "does"), rows)


def _errors() -> Iterator[str]:
    yield "## Errors"
    rows = (
        (code([name]), " ".join(str(inspect.getdoc(error)).split()))
        for name, error in vars(errors).items()
        if inspect.isclass(error) and issubclass(error, errors.ClientError)
    )
    yield table(("error", "means"), rows)


def _types() -> Iterator[str]:
    yield "## Resources"
    yield "Answers are dictionaries of the API's JSON, typed in `flowtime.client.resources`."
    rows = (
        (code([name]), str(resource.__doc__).split("\n")[0], code(list(resource.__annotations__)))
        for name, resource in vars(resources).items()
        if hasattr(resource, "__required_keys__") and resource.__doc__
    )
    yield table(("type", "is", "members"), rows)


def _parameters(function: Callable[..., Any]) -> str:
    signature = inspect.signature(function)
    kept = [
        parameter.replace(annotation=parameter.empty)
        for parameter in signature.parameters.values()
        if parameter.name != "self"
    ]
    return str(inspect.Signature(kept)).replace("'", '"')


def _route(build: Callable[..., Call[Any]]) -> str:
    call = build(**placeholders(build))
    path = call.path.replace("%7B", "{").replace("%7D", "}")
    return code([f"{call.method} {path}"])


def placeholders(build: Callable[..., Call[Any]]) -> dict[str, Any]:
    """An argument for each that is required: the name that the document's paths use for it."""
    return {
        name: {} if name == "body" else "{" + _camel(name) + "}"
        for name, parameter in inspect.signature(build).parameters.items()
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    }


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)


if __name__ == "__main__":
    write("python.md", page())
