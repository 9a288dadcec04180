"""Where the server and the token come from, and how the file keeps them."""

import stat
from pathlib import Path

import pytest

from flowtime.cli import config
from flowtime.cli.config import StoredToken
from flowtime.cli.errors import CommandError, ExitCode

HERE = "http://127.0.0.1:8000"
THERE = "https://flowtime.example"


@pytest.fixture(autouse=True)
def _user(config_home: Path) -> None:
    """A user without any configuration."""


def test_the_default_is_the_local_server_without_a_token() -> None:
    found = config.resolve(url_flag=None, token_flag=None)

    assert (found.url, found.url_source) == (HERE, "default")
    assert (found.token, found.token_source) == ("", "none")


def test_the_file_comes_before_the_default() -> None:
    config.store_token(THERE, StoredToken("kept", "id"))

    found = config.resolve(url_flag=None, token_flag=None)

    assert (found.url, found.url_source) == (THERE, "file")
    assert (found.token, found.token_source) == ("kept", "file")


def test_the_environment_comes_before_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    config.store_token(THERE, StoredToken("kept", "id"))
    monkeypatch.setenv("FLOWTIME_URL", "http://other.example:1/")
    monkeypatch.setenv("FLOWTIME_TOKEN", "set")

    found = config.resolve(url_flag=None, token_flag=None)

    assert (found.url, found.url_source) == ("http://other.example:1", "environment")
    assert (found.token, found.token_source) == ("set", "environment")


def test_a_flag_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FLOWTIME_URL", "http://other.example")
    monkeypatch.setenv("FLOWTIME_TOKEN", "set")

    found = config.resolve(url_flag=THERE, token_flag="given")

    assert (found.url, found.url_source) == (THERE, "flag")
    assert (found.token, found.token_source) == ("given", "flag")


def test_a_kept_token_goes_to_no_other_server() -> None:
    config.store_token(THERE, StoredToken("kept", "id"))

    found = config.resolve(url_flag=HERE, token_flag=None)

    assert found.token == ""


def test_the_file_is_its_owners_alone() -> None:
    config.store_token(THERE, StoredToken("kept", "id"))

    mode = config.config_path().stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert not config.is_open_to_others()


def test_a_file_that_others_may_read_is_noticed_and_mended_by_the_next_write() -> None:
    config.store_token(THERE, StoredToken("kept", "id"))
    config.config_path().chmod(0o644)
    assert config.is_open_to_others()

    config.store_token(HERE, StoredToken("other", "id"))

    assert not config.is_open_to_others()


def test_several_servers_keep_their_own_tokens() -> None:
    config.store_token(THERE, StoredToken("there", "1"))
    config.store_token(HERE, StoredToken("here", "2"))

    config.forget_token(THERE)

    assert config.load() == config.StoredConfig(url=HERE, tokens={HERE: StoredToken("here", "2")})


def test_what_is_written_is_read_back_whatever_it_holds() -> None:
    odd = 'http://a.example/"quoted"\\and#hash'
    config.store_token(odd, StoredToken('to"ken\\', "é"))

    assert config.load().tokens[odd] == StoredToken('to"ken\\', "é")


@pytest.mark.parametrize("text", ["url = ", "url = 1", "servers = 'x'", "\x00", "[servers"])
def test_a_broken_file_is_said_to_be_broken(text: str) -> None:
    path = config.config_path()
    path.parent.mkdir(parents=True)
    path.write_text(text)

    with pytest.raises(CommandError) as raised:
        config.resolve(url_flag=None, token_flag=None)

    assert raised.value.code == "config_unusable"
    assert raised.value.exit_code == ExitCode.USAGE


@pytest.mark.parametrize("url", ["flowtime", "ftp://a", "http://", "http://user:word@a.example"])
def test_an_address_that_is_no_http_address_is_refused(url: str) -> None:
    with pytest.raises(CommandError) as raised:
        config.resolve(url_flag=url, token_flag=None)

    assert raised.value.exit_code == ExitCode.USAGE


def test_a_relative_configuration_home_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")

    assert config.config_path() == Path.home() / ".config" / "flowtime" / "config.toml"
