"""Where the secret key comes from: the environment, or a file that a local first run makes."""

import os
import secrets
from collections.abc import Mapping
from pathlib import Path

FILE_NAME = "secret-key"
BASE_DIR = Path(__file__).resolve().parent.parent


class SecretKeyMissing(Exception):
    """Neither the environment nor the local key file holds a key."""


def data_dir(environment: Mapping[str, str] = os.environ) -> Path:
    """The directory that holds what FlowTime keeps: FLOWTIME_DATA_DIR, or ``var`` beside the code."""
    return Path(environment.get("FLOWTIME_DATA_DIR") or BASE_DIR / "var").absolute()


def find_key(environment: Mapping[str, str] = os.environ) -> str:
    """The key of this installation. Raises SecretKeyMissing rather than invent one."""
    if key := environment.get("SECRET_KEY", ""):
        return key
    try:
        key = (data_dir(environment) / FILE_NAME).read_text(encoding="ascii").strip()
    except OSError:
        key = ""
    if not key:
        raise SecretKeyMissing(
            "SECRET_KEY is not set and there is no local key. Set SECRET_KEY in the environment, "
            "or run `make run` or `python manage.py bootstrap` once: they make a key for this machine."
        )
    return key


def make_local_key(environment: Mapping[str, str] = os.environ) -> bool:
    """Write a key for this machine unless there is one. True when it was written now."""
    if environment.get("SECRET_KEY"):
        return False
    directory = data_dir(environment)
    directory.mkdir(parents=True, exist_ok=True)
    try:
        # O_EXCL: two first runs at once must not replace each other's key.
        descriptor = os.open(directory / FILE_NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(64) + "\n")
    return True


if __name__ == "__main__":
    make_local_key()
