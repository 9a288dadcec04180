"""The `flowtime` command: its global options, its groups, and how a failure ends it."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from flowtime import __version__
from flowtime.cli import auth, output, runs, telemetry, templates
from flowtime.cli.doctor import doctor
from flowtime.cli.errors import CommandError, from_client
from flowtime.cli.session import GlobalOptions
from flowtime.client import ClientError

app = typer.Typer(
    name="flowtime",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    # Plain help and plain errors: the same text on a terminal, in a pipe and in a log.
    rich_markup_mode=None,
    help="Run flow templates, generate telemetry and replay runs on a FlowTime server.",
    epilog=(
        "Exit codes: 0 ok, 1 failure, 2 usage, 3 not found, 4 conflict, 5 sign-in, "
        "6 server unreachable, 124 wait timed out."
    ),
)
app.add_typer(templates.app, name="templates")
app.add_typer(runs.app, name="runs")
app.add_typer(telemetry.app, name="telemetry")
app.add_typer(auth.app, name="auth")
app.command("doctor")(doctor)


def _show_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"flowtime {__version__}")
        raise typer.Exit


@app.callback()
def main(
    ctx: typer.Context,
    url: Annotated[
        str | None, typer.Option(help="The server; else FLOWTIME_URL, else the kept one.")
    ] = None,
    token: Annotated[
        str | None, typer.Option(help="The API token; else FLOWTIME_TOKEN, else the kept one.")
    ] = None,
    profile: Annotated[
        str | None,
        typer.Option(help="A kept server by its name; else FLOWTIME_PROFILE, else the kept one."),
    ] = None,
    _version: Annotated[
        bool,
        typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version."),
    ] = False,
) -> None:
    """Keep the global options for the command that follows."""
    ctx.obj = GlobalOptions(url=url, token=token, profile=profile)


def run(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code; the entry point of the installed script."""
    try:
        app(args=arguments, prog_name="flowtime")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except ClientError as error:
        return _fail(from_client(error))
    except CommandError as error:
        return _fail(error)
    return 0


def _fail(error: CommandError) -> int:
    output.show_error(error)
    return int(error.exit_code)


if __name__ == "__main__":
    sys.exit(run())
