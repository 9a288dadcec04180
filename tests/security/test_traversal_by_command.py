"""Every payload through every argument of the command: nothing outside is read or changed, and it never breaks."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from flowtime.cli.main import app
from tests.cli.conftest import config_home, flowtime, operator, server  # noqa: F401
from tests.flows import snapshot
from tests.security.payloads import in_turn, traversals

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True), pytest.mark.failure(16)]


def commands(group: Any, words: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its parameters, as the command itself has them."""
    if hasattr(group, "commands"):
        for name, below in group.commands.items():
            yield from commands(below, (*words, name))
    else:
        yield words, group.params


COMMANDS = dict(commands(typer.main.get_command(app)))
# They talk to a person, or to the configuration file of the person alone.
PERSONAL = {"auth", "doctor"}
# Which file is sent, and where a download goes, is for the caller to say.
THE_CALLERS = {"parameter_file", "to", "timeout"}


def arguments_of(params: Any, attacked: Any, payload: str) -> list[str]:
    """A call in which one argument is the payload and every needed one has some value."""
    options, positional = [], []
    for param in params:
        if param.param_type_name == "argument":
            positional.append(payload if param is attacked else "run_none")
        elif param is attacked:
            options.append(f"{max(param.opts, key=len)}={payload}")
    return [*options, "--", *positional]


def test_no_argument_leads_out(request, world, outside, tmp_path, monkeypatch):
    call = request.getfixturevalue("flowtime")
    request.getfixturevalue("operator")
    elsewhere = tmp_path / "where-the-command-runs"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    before = snapshot(world.roots.runs), snapshot(world.roots.telemetry)

    tried = 0
    for words, params in COMMANDS.items():
        if words[0] in PERSONAL:
            continue
        for attacked in params:
            if getattr(attacked, "is_flag", False) or attacked.name in THE_CALLERS:
                continue
            tried += 1
            for payload in in_turn(traversals(outside.path), tried, 8):
                ended = call(*words, *arguments_of(params, attacked, payload))
                assert ended.code in (0, 1, 2, 3, 4, 5), (words, attacked.name, payload)
                assert "Traceback" not in ended.err

    assert tried > 40
    assert (snapshot(world.roots.runs), snapshot(world.roots.telemetry)) == before
    assert not list(elsewhere.iterdir())
