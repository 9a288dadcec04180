"""How exactly one run reproduces another: every series compared, value by value, and why some differ."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from runs import wording
from runs.differences import measure


class SeriesHolder(Protocol):
    """Series by id, such as an open run bundle."""

    @property
    def series_ids(self) -> tuple[str, ...]: ...

    def series(self, series_id: str) -> np.ndarray: ...


@dataclass(frozen=True, slots=True)
class Reproduction:
    """``identical`` of ``total`` series agree in every bin; the rest by at most ``max_abs_diff``.

    ``max_abs_diff`` is None where a series is missing on one side, or defined on one side only, and nothing
    else can be compared. ``differing`` are the ids of the series that are not identical, in ascending order.
    """

    identical: int
    total: int
    max_abs_diff: float | None
    differing: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        return {
            "identical": self.identical,
            "total": self.total,
            "maxAbsDiff": self.max_abs_diff,
        }


def compare_series(ours: Mapping[str, np.ndarray], theirs: SeriesHolder) -> Reproduction:
    """Compare arrays by series id with every series that ``theirs`` holds. NaN equals NaN; signs of zero do not matter."""
    both = set(ours) & set(theirs.series_ids)
    differing = set(ours) ^ set(theirs.series_ids)
    worst: float | None = None
    for series_id in sorted(both):
        mine, source = ours[series_id], theirs.series(series_id)
        found = measure(mine, source) if mine.shape == source.shape else None
        if found is None or not found.is_identical:
            differing.add(series_id)
        if found is not None and found.max_abs is not None:
            worst = found.max_abs if worst is None else max(worst, found.max_abs)
    total = len(both | differing)
    return Reproduction(
        identical=total - len(differing),
        total=total,
        max_abs_diff=worst,
        differing=tuple(sorted(differing)),
    )


REASONS: Mapping[str, str] = {
    r"_(allocation|limited|demand|shortfall|constraint_shortfall|constraint_status)": "what shared capacity "
    "allots and refuses is worked out from the service that was observed, not from what was wanted",
    r"_oldest_age_min": "the age of the oldest work is only known where the engine computes the queue, and a "
    "queue that its flows do not explain is taken as observed",
    r"_kingman_wait_ms": "it needs the distributions of arrivals and handling time, which observations replace",
}
"""Why series of an engine's making differ after a replay, by what their ids end in (engine §11.5, §12.4.4, §17.2)."""
OTHERWISE = "they depend on numbers that telemetry does not hold"
MOST_NAMED = 4


def explain_differences(
    series_ids: Iterable[str], *, authored: Collection[str] = ()
) -> list[dict[str, Any]]:
    """A warning for each reason why series differ from those of the source run, naming some of them.

    ``authored`` are the ids of series that are not of the engine's making, whatever they are called.
    """
    grouped: dict[str, list[str]] = {}
    for series_id in series_ids:
        key, _, rest = series_id.partition("@")
        class_id = rest.rpartition("@")[2]
        name = key if class_id == "DEFAULT" else f"{key}@{class_id}"
        reason = OTHERWISE if series_id in authored else _reason(key)
        grouped.setdefault(reason, []).append(name)
    return [
        {
            "code": "replay_differs",
            "severity": "info",
            "message": f"{wording.say_count(len(names), 'series', 'series')} differ"
            f"{'s' if len(names) == 1 else ''} from the source run ({_named(names)}): {reason}.",
        }
        for reason, names in grouped.items()
    ]


def _reason(key: str) -> str:
    for ending, reason in REASONS.items():
        # Where the name was taken, a number follows it (engine §10.2).
        if re.search(rf"{ending}(_\d+)?$", key):
            return reason
    return OTHERWISE


def _named(names: list[str]) -> str:
    more = len(names) - MOST_NAMED
    return ", ".join(names[:MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
