"""The stand-in for a value that is not known: faulty, or waiting for a parameter (engine §20)."""

from typing import Any, Final


class _Unknown:
    """Read in place of a value that already has its problem, so that nothing is reported twice."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN: Final[Any] = _Unknown()
