"""What becomes of values that are not there when telemetry is generated, as the panel asks it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Option:
    """One answer, and what it does to the files and to a replay."""

    value: str
    label: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One question with its answers, the first of which is the default."""

    name: str
    title: str
    hint: str
    options: tuple[Option, ...]
    chosen: str


_NAN = (
    Option("keep", "Keep, with a warning", "Written as they are: a replay sees what the run saw."),
    Option("zero", "Write as zero", "Each is named in a warning. A replay counts with the zeros."),
)
_GAPS = (
    Option("keep", "Keep", "The bins stay empty, and a replay has the same gaps."),
    Option("report", "Report", "They stay empty, and a warning names each of them."),
    Option(
        "zero",
        "Fill with zero",
        "A warning names each. Right where no entry means that nothing came.",
    ),
)


def choices(asked: Mapping[str, str]) -> tuple[Choice, Choice]:
    """The two questions, with what was ``asked`` for before chosen again."""
    return (
        Choice(
            name="nan",
            title="Undefined values",
            hint="Values that are not numbers, such as a wait while nothing was served.",
            options=_NAN,
            chosen=_chosen(_NAN, asked.get("nan")),
        ),
        Choice(
            name="gaps",
            title="Gaps",
            hint="Bins for which a series holds no value at all, as observed data often has.",
            options=_GAPS,
            chosen=_chosen(_GAPS, asked.get("gaps")),
        ),
    )


def _chosen(options: tuple[Option, ...], asked: str | None) -> str:
    known = {option.value for option in options}
    return asked if asked in known else options[0].value
