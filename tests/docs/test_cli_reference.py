"""The page about the command line is what its script makes of the command, and leaves out no option."""

from __future__ import annotations

import pytest

from docs.reference import generate_cli
from docs.reference.pages import HERE

PAGE = (HERE / "cli.md").read_text()
COMMANDS = generate_cli.commands()


def section(words: str) -> str:
    """What the page says about one command."""
    (_, after) = PAGE.split(f"### {words}\n")
    return after.split("\n## ")[0].split("\n### ")[0]


def test_the_page_is_what_the_script_writes() -> None:
    assert generate_cli.page() == PAGE


def test_there_are_commands() -> None:
    assert {"flowtime runs create", "flowtime telemetry capture"} <= set(COMMANDS)


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_has_its_options_arguments_and_examples(words: str) -> None:
    told = section(words)

    for parameter in COMMANDS[words].params:
        if parameter.param_type_name == "argument":
            assert str(parameter.metavar or parameter.name.upper()) in told
        elif parameter.name != "help":
            assert all(f"`{option}`" in told for option in parameter.opts), parameter.name
            assert str(parameter.help) in told
    assert f"```sh\n{words}" in told


def test_every_global_option_is_told() -> None:
    head = PAGE.split("\n## ")[0]

    for option in ("--url", "--token", "--version"):
        assert f"`{option}`" in head


def test_the_exit_codes_are_told() -> None:
    assert "Exit codes: 0 ok, 1 failure, 2 usage, 3 not found" in PAGE
