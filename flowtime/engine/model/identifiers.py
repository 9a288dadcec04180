"""What may be called what: the patterns of ids, versions and names (engine §2.2, §5.1)."""

import re
from typing import Final

ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,59}(?<!\.)\Z")
CLASS_ID: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,31}(?<!\.)\Z")
PARAMETER_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
CAPTURE_KEY: Final = re.compile(r"(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")
VERSION: Final = re.compile(r"[0-9]+\.[0-9]+\.[0-9]+(?:-[A-Za-z0-9.-]+)?\Z")
RESERVED_CLASS: Final = "DEFAULT"
LONGEST_EDGE_ID: Final = 128


def is_edge_id(text: str) -> bool:
    """1 to 128 printable characters."""
    return 0 < len(text) <= LONGEST_EDGE_ID and text.isprintable()


def is_class_id(text: str) -> bool:
    """A class id that is not reserved."""
    return CLASS_ID.match(text) is not None and text.upper() != RESERVED_CLASS
