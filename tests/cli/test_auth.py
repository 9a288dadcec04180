"""`flowtime auth`: a token obtained, kept, used, shown as good, and revoked."""

import stat
from pathlib import Path
from typing import Any

import pytest

from flowtime.cli import config
from flowtime.people.models import Token
from tests.cli.conftest import Command, Stranger, token_of


def sign_in(flowtime: Command, name: str, password: str) -> Any:
    return flowtime("auth", "login", "--username", name, "--password-stdin", stdin=f"{password}\n")


def test_a_token_is_obtained_and_kept_for_its_owner_alone(
    flowtime: Command, server: str, alice: Any, config_home: Path
) -> None:
    ended = sign_in(flowtime, "alice", "alicealice")

    assert (ended.code, ended.out) == (0, "")
    assert ended.err == f"Signed in to {server} as alice.\n"
    kept = config.load().tokens[server]
    assert Token.objects.get(user=alice).digest.startswith(kept.token_id)
    assert stat.S_IMODE((config_home / "flowtime" / "config.toml").stat().st_mode) == 0o600
    assert kept.token not in ended.err


def test_the_kept_token_signs_in(flowtime: Command, server: str, alice: Any) -> None:
    sign_in(flowtime, "alice", "alicealice")

    ended = flowtime("auth", "status", "--json")

    assert ended.code == 0, ended.err
    assert ended.json()["tokenSource"] == "file"
    assert ended.json()["expiresUtc"].endswith("Z")


def test_the_server_of_the_sign_in_becomes_the_usual_one(
    flowtime: Command, server: str, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sign_in(flowtime, "alice", "alicealice")
    monkeypatch.delenv("FLOWTIME_URL")

    ended = flowtime("auth", "status")

    assert ended.code == 0, ended.err
    assert f"{server} (from file)" in ended.out


def test_a_wrong_password_is_5_and_keeps_nothing(
    flowtime: Command, server: str, alice: Any
) -> None:
    ended = sign_in(flowtime, "alice", "wrong")

    assert ended.code == 5
    assert config.load().tokens == {}
    assert not Token.objects.exists()


def test_a_password_is_never_taken_from_the_command_line(flowtime: Command) -> None:
    assert flowtime("auth", "login", "--password", "x").code == 2


def test_without_a_token_the_status_is_5_and_says_what_to_do(
    flowtime: Command, server: str
) -> None:
    ended = flowtime("auth", "status")

    assert ended.code == 5
    assert "next: Sign in with: flowtime auth login" in ended.err


def test_a_token_that_is_no_longer_good_is_5(
    flowtime: Command, server: str, alice: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FLOWTIME_TOKEN", token_of(alice))
    Token.objects.all().delete()

    assert flowtime("auth", "status").code == 5
    assert flowtime("runs", "list").code == 5


def test_signing_out_revokes_and_forgets(flowtime: Command, server: str, alice: Any) -> None:
    sign_in(flowtime, "alice", "alicealice")

    ended = flowtime("auth", "logout")

    assert ended.code == 0, ended.err
    assert not Token.objects.exists()
    assert config.load().tokens == {}


def test_signing_out_forgets_a_token_that_was_revoked_elsewhere(
    flowtime: Command, server: str, alice: Any
) -> None:
    sign_in(flowtime, "alice", "alicealice")
    Token.objects.all().delete()

    assert flowtime("auth", "logout").code == 0
    assert config.load().tokens == {}


def test_signing_out_of_a_server_that_is_gone_keeps_the_token(
    flowtime: Command, server: str, alice: Any
) -> None:
    gone = "http://127.0.0.1:9"
    config.store_token(gone, config.StoredToken("t", "i"))

    assert flowtime("--url", gone, "auth", "logout").code == 6
    assert gone in config.load().tokens


def test_signing_out_twice_is_no_failure(flowtime: Command, server: str) -> None:
    assert flowtime("auth", "logout").code == 0


def test_a_file_that_others_may_read_is_warned_about(
    flowtime: Command, server: str, alice: Any
) -> None:
    sign_in(flowtime, "alice", "alicealice")
    config.config_path().chmod(0o644)

    assert "can be read by other users" in flowtime("auth", "status").err


def test_the_flag_wins_over_environment_and_file(flowtime: Command, stranger: Stranger) -> None:
    stranger.answer({"items": []})

    flowtime("--token", "f" * 64, "templates", "list")

    assert stranger.asked[0][2]["Authorization"] == f"Bearer {'f' * 64}"
