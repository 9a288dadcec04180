"""Several servers by name: kept at sign-in, chosen by option or environment."""

from pathlib import Path
from typing import Any

import pytest

from flowtime.cli import config
from flowtime.cli.config import StoredToken
from tests.cli.conftest import Command

HERE = "http://127.0.0.1:8000"
THERE = "https://flowtime.example"


@pytest.fixture
def two(config_home: Path) -> None:
    config.store_token(THERE, StoredToken("theirs", "t"), profile="there")
    config.store_token(HERE, StoredToken("ours", "o"), profile="here")


def test_signing_in_names_the_server(flowtime: Command, server: str, alice: Any) -> None:
    ended = flowtime(
        *("auth", "login", "-u", "alice", "--password-stdin", "--save-profile", "mine"),
        stdin="alicealice\n",
    )

    assert ended.code == 0, ended.err
    assert config.load().profiles == {"mine": server}
    assert flowtime("--profile", "mine", "runs", "list").code == 0


def test_a_profile_brings_its_own_token(two: None) -> None:
    found = config.resolve(url_flag=None, token_flag=None, profile_flag="there")

    assert (found.url, found.url_source, found.token) == (THERE, "profile", "theirs")


def test_the_option_comes_before_the_environment(
    two: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWTIME_PROFILE", "there")

    assert config.resolve(url_flag=None, token_flag=None).url == THERE
    assert config.resolve(url_flag=None, token_flag=None, profile_flag="here").url == HERE


def test_an_unknown_profile_names_those_there_are(two: None, flowtime: Command) -> None:
    ended = flowtime("--profile", "nowhere", "runs", "list")

    assert ended.code == 2
    assert "here, there" in ended.err


def test_signing_out_keeps_the_names(two: None) -> None:
    config.forget_token(HERE)

    assert config.load().profiles == {"here": HERE, "there": THERE}


def test_profiles_are_listed(two: None, flowtime: Command) -> None:
    items = flowtime("auth", "profiles", "--json").json()["items"]

    assert [(item["name"], item["hasToken"], item["isUsual"]) for item in items] == [
        ("here", True, True),
        ("there", True, False),
    ]
