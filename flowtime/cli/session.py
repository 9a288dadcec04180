"""The server this invocation talks to, from the global options, and the options commands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

import typer

from flowtime.cli import config, output
from flowtime.cli.errors import usage
from flowtime.client import Client
from flowtime.client.clients import WORK_SECONDS

Json = Annotated[bool, typer.Option("--json", help="Print the API's JSON instead of a table.")]
Async = Annotated[
    bool, typer.Option("--async", help="Return at once; the server works on in the background.")
]
Wait = Annotated[
    bool, typer.Option("--wait", help="Work in the background and show progress until it is done.")
]
Timeout = Annotated[
    float,
    typer.Option(min=1, metavar="SECONDS", help="Stop waiting after this long (exit code 124)."),
]
Limit = Annotated[int, typer.Option(min=1, max=200, help="Rows on the page.")]
Cursor = Annotated[
    str | None, typer.Option(help="Start at this cursor, as the page before named it.")
]


@dataclass(frozen=True)
class GlobalOptions:
    """The options before the command's name."""

    url: str | None = None
    token: str | None = None
    profile: str | None = None


def configuration(ctx: typer.Context) -> config.Config:
    """Return the server and token in force for this invocation."""
    options = ctx.find_object(GlobalOptions) or GlobalOptions()
    return config.resolve(
        url_flag=options.url, token_flag=options.token, profile_flag=options.profile
    )


def connect(ctx: typer.Context, *, work_seconds: float = WORK_SECONDS) -> Client:
    """Return a client for the server in force; warns when a token is not well kept."""
    found = configuration(ctx)
    if found.token_source == "file" and config.is_open_to_others():
        output.say("warning: the configuration file can be read by other users; chmod 600 it.")
    if found.token and is_exposed(found.url):
        output.say("warning: the token travels unencrypted, because the address is not https.")
    return Client(found.url, token=found.token, work_seconds=work_seconds)


def is_exposed(url: str) -> bool:
    """Say whether what is sent to ``url`` can be read on the way."""
    parts = urlsplit(url)
    is_local = parts.hostname in ("localhost", "127.0.0.1", "::1")
    return parts.scheme == "http" and not is_local


def name_argument(value: str) -> str:
    """Refuse an empty name: it would ask for the collection instead."""
    if not value.strip():
        raise usage("A name is empty.")
    return value


RunId = Annotated[str, typer.Argument(metavar="RUN_ID", callback=name_argument)]
CaptureId = Annotated[str, typer.Argument(metavar="CAPTURE_ID", callback=name_argument)]
TemplateId = Annotated[str, typer.Argument(metavar="TEMPLATE", callback=name_argument)]
