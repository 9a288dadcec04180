"""Values that are not finite on their way into a telemetry bundle: kept or filled, and always reported."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from flowtime.bundles import TelemetryWarning
from telemetry.models import Capture

if TYPE_CHECKING:
    from collections.abc import Iterable


def bin_ranges(bins: np.ndarray) -> tuple[tuple[int, int], ...]:
    """Inclusive ranges of the true bins of a boolean array: ``[F T T F T]`` gives ``((1, 2), (4, 4))``."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], bins, [False]))))
    return tuple(
        (int(first), int(last) - 1) for first, last in zip(edges[::2], edges[1::2], strict=True)
    )


def treat_series(
    values: np.ndarray, *, nan: str, gaps: str, node_id: str, metric: str, class_id: str | None
) -> tuple[np.ndarray, list[TelemetryWarning]]:
    """``values`` as they are captured, and what is to be said of them.

    A gap is a bin without an observation (NaN); an infinity is not a number and no gap. Filling for either
    reason writes 0.
    """
    strange = ~np.isfinite(values)
    if not strange.any():
        return values, []
    missing = np.isnan(values)
    filled_nan = strange if nan == Capture.Nan.ZERO else np.zeros_like(strange)
    filled_gaps = missing if gaps == Capture.Gaps.ZERO else np.zeros_like(strange)
    kept = strange & ~filled_nan & ~filled_gaps
    reported = missing if gaps != Capture.Gaps.KEEP else np.zeros_like(strange)

    def warn(code: str, bins: np.ndarray, what: str) -> Iterable[TelemetryWarning]:
        if not bins.any():
            return
        ranges = bin_ranges(bins)
        named = f"{metric} of {node_id}" + (f" for class {class_id}" if class_id else "")
        count = int(bins.sum())
        yield TelemetryWarning(
            code=code,
            severity="warning",
            message=f"{named} {what} in {count} {'bin' if count == 1 else 'bins'}, "
            f"first in bin {ranges[0][0]}.",
            node_id=node_id,
            metric=metric,
            class_id=class_id,
            bins=ranges,
        )

    is_filled = bool(filled_gaps.any())
    warnings = [
        *warn("nan_detected", kept, "is not a number"),
        *warn("nan_fill", filled_nan, "was not a number and became 0"),
        *warn("data_gap", reported, "had no value and became 0" if is_filled else "has no value"),
    ]
    filled = filled_nan | filled_gaps
    return np.where(filled, 0.0, values) if filled.any() else values, warnings
