"""`flowtime doctor`: find what is wrong between this command and its server, and say what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import typer

from flowtime import __version__
from flowtime.cli import config, output
from flowtime.cli.errors import CommandError, ExitCode, from_client
from flowtime.cli.output import Column
from flowtime.cli.session import Json, configuration, is_exposed
from flowtime.client import Client, ClientError, Unreachable

TOLERATED_SKEW = timedelta(seconds=30)
READINESS_NEXT_STEP = {
    "worker": "Start the worker, with: manage.py serve",
    "migrations": "Let the administrator run: manage.py migrate",
    "roots": "Tell the administrator that storage is unavailable.",
    "space": "Tell the administrator that storage is nearly full.",
    "database": "Tell the administrator that the database does not answer.",
}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at; ``exit_code`` is that of the command where it is not well."""

    name: str
    isWell: bool  # noqa: N815
    detail: str
    nextStep: str = ""  # noqa: N815
    exit_code: int = ExitCode.FAILURE


def doctor(ctx: typer.Context, json: Json = False) -> None:
    """Look for what is wrong: address, server, clock, token, version, worker, storage.

    \b
    Examples:
      flowtime doctor
      flowtime doctor --json
    """
    findings = list(examine(configuration(ctx)))
    shown = [{k: v for k, v in asdict(f).items() if k != "exit_code"} for f in findings]
    if json:
        output.show_json({"isWell": all(f.isWell for f in findings), "findings": shown})
    else:
        output.show_table(
            (Column("looked at"), Column("well"), Column("found"), Column("next")),
            [(f.name, output.yes_no(f.isWell), f.detail, f.nextStep) for f in findings],
        )
    ill = [f for f in findings if not f.isWell]
    if ill:
        raise CommandError(
            f"{len(ill)} of {len(findings)} things are not well, first: {ill[0].detail}",
            code="not_well",
            exit_code=ExitCode(ill[0].exit_code),
            next_step=ill[0].nextStep,
        )


def examine(found: config.Config) -> Iterator[Finding]:
    """Yield what is found, in the order in which one thing needs the other; stops where it must."""
    yield _address(found)
    if found.token_source == "file":
        yield _secrecy()
    with Client(found.url, token=found.token) as api:
        try:
            readiness = api.readiness()
        except ClientError as error:
            yield _from_error("server", error)
            return
        yield Finding("server", True, f"{found.url} answers.")
        yield _clock(api.server_date)
        for name, word in readiness["checks"].items():
            is_well = word == "ok"
            step = "" if is_well else READINESS_NEXT_STEP.get(name, "Tell the administrator.")
            yield Finding(name, is_well, word, step)
        if not found.token:
            step = "Sign in with: flowtime auth login"
            yield Finding("token", False, "There is no token.", step, ExitCode.AUTH)
            return
        try:
            current = next((t for t in api.tokens()["items"] if t["isCurrent"]), None)
        except ClientError as error:
            yield _from_error("token", error)
            return
        expires = current["expiresUtc"] if current else None
        until = f", expires {output.time_text(expires)}" if expires else ""
        yield Finding("token", True, f"Good, from {found.token_source}{until}.")
        yield _version(api)


def _address(found: config.Config) -> Finding:
    if is_exposed(found.url):
        step = "Use an https address."
        return Finding("address", False, f"{found.url} is not encrypted.", step)
    return Finding("address", True, f"{found.url}, from {found.url_source}.")


def _secrecy() -> Finding:
    if config.is_open_to_others():
        step = "chmod 600 the configuration file."
        return Finding("configuration", False, "Other users can read the token.", step)
    return Finding("configuration", True, "Only you can read it.")


def _from_error(name: str, error: ClientError) -> Finding:
    told = from_client(error)
    return Finding(name, False, told.message, told.next_step, told.exit_code)


def _clock(server_date: str) -> Finding:
    try:
        skew = parsedate_to_datetime(server_date) - datetime.now(UTC)
    except (ValueError, TypeError):
        return Finding("clock", False, "The server does not say what time it is.")
    seconds = round(abs(skew.total_seconds()))
    if abs(skew) <= TOLERATED_SKEW:
        return Finding("clock", True, f"Within {seconds} s of the server's.")
    word = "behind" if skew > timedelta(0) else "ahead of"
    return Finding(
        "clock",
        False,
        f"This machine is {seconds} s {word} the server.",
        "Set the clock of the machine that is wrong.",
    )


def _version(api: Client) -> Finding:
    try:
        theirs = str(api.document()["info"]["version"])
    except Unreachable as error:
        return _from_error("version", error)
    except KeyError:
        theirs = "unknown"
    if theirs.split(".")[0] == __version__.split(".")[0]:
        return Finding("version", True, f"Server {theirs}, command {__version__}.")
    return Finding(
        "version",
        False,
        f"Server {theirs}, command {__version__}: they may not understand each other.",
        f"Install the command of version {theirs}.",
    )
