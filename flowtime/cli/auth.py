"""`flowtime auth`: obtain, revoke and inspect the token this command signs in with."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from flowtime.cli import config, output
from flowtime.cli.errors import CommandError, ExitCode, usage
from flowtime.cli.output import Column, yes_no
from flowtime.cli.session import Json, configuration, connect, is_exposed
from flowtime.client import Client, Refused

app = typer.Typer(no_args_is_help=True, help="Sign in to a server, and out again.")


@app.command()
def login(
    ctx: typer.Context,
    username: Annotated[
        str | None, typer.Option("--username", "-u", help="Who signs in; asked for if not given.")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from stdin.")
    ] = False,
    save_profile: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name the server, for --profile and FLOWTIME_PROFILE."),
    ] = None,
) -> None:
    """Sign in with a name and a password, and keep the token they give.

    The password is asked for, or read from stdin; only the token is kept, in a file of
    yours alone.

    \b
    Examples:
      flowtime auth login
      flowtime auth login --username operator --password-stdin < password.txt
      flowtime auth login --username operator --password-stdin --save-profile here < password.txt
    """
    found = configuration(ctx)
    if is_exposed(found.url):
        output.say("warning: the password travels unencrypted, because the address is not https.")
    if password_stdin and username is None:
        raise usage("--password-stdin needs --username.")
    name = username or typer.prompt("Username", err=True)
    password = (
        sys.stdin.readline().rstrip("\r\n")
        if password_stdin
        else typer.prompt("Password", hide_input=True, err=True)
    )
    with Client(found.url) as api:
        token = api.create_token(username=name, password=password)
    secret = token.get("token")
    if not secret:
        raise CommandError("The server gave no token.", code="no_token")
    kept = config.StoredToken(secret, token["tokenId"])
    config.store_token(found.url, kept, profile=save_profile)
    output.say(f"Signed in to {found.url} as {name}.")


@app.command()
def logout(ctx: typer.Context) -> None:
    """Revoke the kept token of the server, and forget it.

    \b
    Examples:
      flowtime auth logout
    """
    url = configuration(ctx).url
    kept = config.load().tokens.get(url)
    if kept is None:
        output.say(f"There is no token for {url}.")
        return
    try:
        with Client(url, token=kept.token) as api:
            api.delete_token(kept.token_id)
    except Refused as error:
        # Expired or revoked elsewhere: there is nothing left to revoke, only to forget.
        if error.status not in (401, 403, 404):
            raise
    config.forget_token(url)
    output.say(f"Signed out of {url}.")


@app.command()
def profiles(json: Json = False) -> None:
    """List the servers that have a name, and whether there is a token for each.

    \b
    Examples:
      flowtime auth profiles
    """
    stored = config.load()
    rows = [
        {"name": name, "url": url, "hasToken": url in stored.tokens, "isUsual": url == stored.url}
        for name, url in sorted(stored.profiles.items())
    ]
    if json:
        output.show_json({"items": rows})
        return
    output.show_table(
        (Column("profile"), Column("server"), Column("token"), Column("usual")),
        [
            (str(row["name"]), str(row["url"]), yes_no(row["hasToken"]), yes_no(row["isUsual"]))
            for row in rows
        ],
    )


@app.command()
def status(ctx: typer.Context, json: Json = False) -> None:
    """Say which server is used, where the token comes from, and whether it is good.

    \b
    Examples:
      flowtime auth status
    """
    found = configuration(ctx)
    if not found.token:
        raise CommandError(
            f"There is no token for {found.url}.",
            code="not_authenticated",
            exit_code=ExitCode.AUTH,
            next_step="Sign in with: flowtime auth login",
        )
    with connect(ctx) as api:
        tokens = api.tokens()["items"]
    current = next((token for token in tokens if token["isCurrent"]), None)
    expires = current["expiresUtc"] if current else None
    facts = {
        "url": found.url,
        "urlSource": found.url_source,
        "tokenSource": found.token_source,
        "expiresUtc": expires,
    }
    if json:
        output.show_json(facts)
        return
    output.show_facts(
        (
            ("server", f"{found.url} (from {found.url_source})"),
            ("token", f"good (from {found.token_source})"),
            ("expires", output.time_text(expires)),
        )
    )
