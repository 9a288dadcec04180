"""What may be named on disk: run ids, capture keys, series ids, files and generations (bundles §1)."""

import re
from typing import Literal

from flowtime.bundles.errors import InvalidName, quoted

NameKind = Literal["run id", "capture key", "capture id", "series id", "file name"]

MANIFEST = "manifest.json"
"""The file of every bundle that lists the others."""

MAX_NAME = 128
MAX_KEY = 128
MAX_PATH = 512
MAX_DEPTH = 8
MAX_GENERATION = 999_999

_GENERATION = re.compile(r"g([0-9]{6})")
# Device names are reserved by Windows whatever the extension: a bundle must survive being copied there.
# ASCII only, so every name is in NFC by construction. "@" belongs to series ids (engine §16.1) and their files.
_NOT_A_DEVICE = r"(?!(?i:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:[./]|\Z))"
_PLAIN_NAME = _NOT_A_DEVICE + r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,126}[A-Za-z0-9_-])?"
_FILE_NAME = _NOT_A_DEVICE + r"[A-Za-z0-9](?:[A-Za-z0-9._@-]{0,126}[A-Za-z0-9_@-])?"
_PLAIN = re.compile(_PLAIN_NAME)
_FILE = re.compile(_FILE_NAME)
# One expression for a whole path: a manifest lists hundreds, and each is checked whenever it is read.
_PATH = re.compile(f"{_FILE_NAME}(?:/{_FILE_NAME}){{0,{MAX_DEPTH - 1}}}")

_RULE = (
    "1 to 128 letters, digits, dots, hyphens and underscores, starting with a letter or a digit, "
    "not ending with a dot, and not a reserved device name"
)


def is_name(text: object, *, at_sign: bool = False) -> bool:
    """True where ``text`` may be one component of a path in a bundle."""
    return isinstance(text, str) and (_FILE if at_sign else _PLAIN).fullmatch(text) is not None


def check_name(kind: NameKind, text: object) -> str:
    """Return ``text`` unchanged, or raise InvalidName saying what a ``kind`` may be."""
    if is_name(text, at_sign=kind in ("series id", "file name")):
        return str(text)
    raise InvalidName(f"{quoted(text)} is not a {kind}: use {_RULE}.", kind=kind)


def check_capture_key(text: object) -> tuple[str, ...]:
    """The segments of a capture key: names separated by ``/``, none shaped like a generation, 128 characters in all."""
    if not isinstance(text, str) or not 0 < len(text) <= MAX_KEY:
        raise InvalidName("A capture key has 1 to 128 characters.", kind="capture key")
    segments = tuple(text.split("/"))
    for segment in segments:
        check_name("capture key", segment)
        if _GENERATION.fullmatch(segment.lower()):
            raise InvalidName(
                f"{quoted(segment)} in a capture key looks like a generation.", kind="capture key"
            )
    return segments


def check_path(text: object) -> tuple[str, ...]:
    """The components of a file's path inside a bundle, each a file name; raises InvalidName."""
    if not isinstance(text, str) or not 0 < len(text) <= MAX_PATH or not _PATH.fullmatch(text):
        raise InvalidName(
            f"A path in a bundle is at most {MAX_PATH} characters and {MAX_DEPTH} file names "
            "separated by slashes.",
            kind="file name",
        )
    return tuple(text.split("/"))


def media_type(path: str) -> str:
    """What kind of text a file of a bundle is."""
    if path.endswith(".json"):
        return "application/json"
    return f"text/{'csv' if path.endswith('.csv') else 'plain'}; charset=utf-8"


def series_file_name(series_id: str) -> str:
    """The file of a series in a run bundle: its id and ``.csv``."""
    check_name("series id", series_id)
    return check_name("file name", f"{series_id}.csv")


def generation_name(number: int) -> str:
    """The directory of generation ``number``: ``g000001`` and so on."""
    if isinstance(number, bool) or not 1 <= number <= MAX_GENERATION:
        raise InvalidName(f"A generation is a number from 1 to {MAX_GENERATION}.", kind="file name")
    return f"g{number:06d}"


def generation_number(name: str) -> int | None:
    """The number of a generation's directory name; None for any other name."""
    found = _GENERATION.fullmatch(name)
    number = int(found.group(1)) if found else 0
    return number or None
