"""The built accelerator, if this machine has one: found by the hash of its source, so that a stale one is never loaded."""

from __future__ import annotations

import ctypes
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

SOURCE = Path(__file__).with_name("kernels.c")


@dataclass(frozen=True, slots=True)
class Library:
    """``operations`` numbers the operations by name; a strip is ``strip`` bins; ``execute`` as kernels.c declares it.

    ``bound`` are the numbers of work area that each step of a loop needs.
    """

    operations: Mapping[str, int]
    strip: int
    bound: int
    execute: Any


def built_file(source: Path = SOURCE) -> Path:
    """Where the accelerator of the present source is, or would be.

    Its name does not end as that of an extension module, which whoever walks the package would try to import.
    """
    digest = hashlib.sha256(source.read_bytes()).hexdigest()
    return source.with_name(f"kernels-{digest[:16]}.native")


@lru_cache(maxsize=1)
def load() -> Library | None:
    """The accelerator of this installation, looked for once; None where it was not built."""
    return open_library(built_file())


def open_library(built: Path) -> Library | None:
    """What was built into a file; None where there is none, or not one for this machine."""
    try:
        opened = ctypes.CDLL(str(built))
    except OSError:
        return None
    opened.operations.restype = ctypes.c_char_p
    opened.strip_bins.restype = opened.bound_size.restype = ctypes.c_int64
    execute = opened.execute
    execute.restype = None
    execute.argtypes = [
        ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64,
        ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p,
        ctypes.c_int64, ctypes.c_int64, ctypes.c_int64,
    ]  # fmt: skip
    names = opened.operations().decode().split()
    return Library(
        operations={name: number for number, name in enumerate(names)},
        strip=opened.strip_bins(),
        bound=opened.bound_size() // 8,
        execute=execute,
    )
