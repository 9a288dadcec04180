"""Where the server is and how to sign in: flag before environment before file."""

from __future__ import annotations

import json
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal
from urllib.parse import urlsplit

from flowtime.cli.errors import CommandError, ExitCode, usage

DEFAULT_URL = "http://127.0.0.1:8000"

Source = Literal["flag", "profile", "environment", "file", "default", "none"]


@dataclass(frozen=True)
class StoredToken:
    """A token as the configuration file keeps it, with the id that revokes it."""

    token: str
    token_id: str = ""


@dataclass(frozen=True)
class StoredConfig:
    """What the configuration file holds: the usual server, one token a server, and names of servers."""

    url: str = ""
    tokens: Mapping[str, StoredToken] = field(default_factory=dict)
    profiles: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Config:
    """The server and token in force, and where each was found."""

    url: str
    url_source: Source
    token: str
    token_source: Source


def config_path() -> Path:
    """Return the place of the configuration file (XDG base directory)."""
    home = os.environ.get("XDG_CONFIG_HOME", "")
    # The XDG specification: a relative value is to be ignored.
    base = Path(home) if Path(home).is_absolute() else Path.home() / ".config"
    return base / "flowtime" / "config.toml"


def resolve(
    *, url_flag: str | None, token_flag: str | None, profile_flag: str | None = None
) -> Config:
    """Return the configuration in force; each value comes from the first place that has it."""
    stored = load()
    url, url_source = _first(
        ("flag", url_flag),
        ("profile", _url_of(stored, profile_flag)),
        ("environment", os.environ.get("FLOWTIME_URL")),
        ("profile", _url_of(stored, os.environ.get("FLOWTIME_PROFILE"))),
        ("file", stored.url),
        ("default", DEFAULT_URL),
    )
    url = normal_url(url)
    # A token in the file belongs to the server that gave it: never send it to another one.
    kept = stored.tokens.get(url)
    token, token_source = _first(
        ("flag", token_flag),
        ("environment", os.environ.get("FLOWTIME_TOKEN")),
        ("file", kept.token if kept else None),
        ("none", ""),
    )
    return Config(url=url, url_source=url_source, token=token, token_source=token_source)


def _url_of(stored: StoredConfig, profile: str | None) -> str | None:
    """Return the server that a profile names; None when none was asked for."""
    if not profile:
        return None
    if profile not in stored.profiles:
        known = ", ".join(sorted(stored.profiles)) or "none"
        raise usage(
            f"There is no profile {profile[:80]}; kept are: {known}.",
            next_step="Make it with: flowtime --url URL auth login --save-profile NAME",
        )
    return stored.profiles[profile]


def _first(*candidates: tuple[Source, str | None]) -> tuple[str, Source]:
    """Return the first value that is not empty, and its source; the last candidate is the fallback."""
    for source, value in candidates:
        if value:
            return value, source
    source, value = candidates[-1]
    return value or "", source


def normal_url(url: str) -> str:
    """Return ``url`` without a trailing slash; raise when it is not an HTTP address."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
        raise usage(
            "The server address is not an http or https URL.",
            next_step=f"Give one such as {DEFAULT_URL} with --url or FLOWTIME_URL.",
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def load() -> StoredConfig:
    """Return what the configuration file holds; nothing when there is none."""
    try:
        text = config_path().read_text(encoding="utf-8")
    except FileNotFoundError:
        return StoredConfig()
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable("cannot be read") from error
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _unusable("is not valid TOML") from error
    url = document.get("url", "")
    servers = document.get("servers", {})
    profiles = document.get("profiles", {})
    if not (isinstance(url, str) and isinstance(servers, dict) and isinstance(profiles, dict)):
        raise _unusable("does not have the expected shape")
    tokens = {
        str(server): StoredToken(str(entry.get("token", "")), str(entry.get("tokenId", "")))
        for server, entry in servers.items()
        if isinstance(entry, dict)
    }
    named = {str(name): str(server) for name, server in profiles.items()}
    return StoredConfig(url=url, tokens=tokens, profiles=named)


def _unusable(reason: str) -> CommandError:
    return CommandError(
        f"The configuration file {reason}.",
        code="config_unusable",
        exit_code=ExitCode.USAGE,
        next_step="Mend or delete it, then sign in with: flowtime auth login",
    )


def is_open_to_others() -> bool:
    """Say whether anybody but the owner may read the configuration file."""
    try:
        return bool(config_path().stat().st_mode & 0o077)
    except OSError:
        return False


def store_token(url: str, token: StoredToken, *, profile: str | None = None) -> None:
    """Keep ``token`` for ``url``, make ``url`` the usual server, and name it where a name is given."""
    stored = load()
    named = {profile: url} if profile else {}
    _save(
        StoredConfig(
            url=url,
            tokens={**stored.tokens, url: token},
            profiles={**stored.profiles, **named},
        )
    )


def forget_token(url: str) -> None:
    """Drop the token of ``url``; the usual server stays."""
    stored = load()
    tokens = {server: token for server, token in stored.tokens.items() if server != url}
    _save(replace(stored, tokens=tokens))


def _save(stored: StoredConfig) -> None:
    """Write the configuration file whole or not at all, readable by its owner alone."""
    lines = [f"url = {_quoted(stored.url)}"]
    for server, token in sorted(stored.tokens.items()):
        lines += [
            "",
            f"[servers.{_quoted(server)}]",
            f"token = {_quoted(token.token)}",
            f"tokenId = {_quoted(token.token_id)}",
        ]
    if stored.profiles:
        lines += ["", "[profiles]"]
        lines += [f"{_quoted(n)} = {_quoted(url)}" for n, url in sorted(stored.profiles.items())]
    path = config_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # NamedTemporaryFile creates with mode 0600; the rename keeps it.
        with NamedTemporaryFile(
            "w", encoding="utf-8", dir=path.parent, prefix=".config-", delete=False
        ) as file:
            file.write("\n".join(lines) + "\n")
        Path(file.name).replace(path)
    except OSError as error:
        raise CommandError(
            "The configuration file cannot be written.",
            code="config_unusable",
            next_step="Use FLOWTIME_URL and FLOWTIME_TOKEN instead.",
        ) from error


def _quoted(text: str) -> str:
    """Return ``text`` as a TOML basic string (the JSON escapes are a subset of TOML's)."""
    return json.dumps(text, ensure_ascii=False)
