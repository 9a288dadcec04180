"""Reading what computation and topology queues have in common: schedules and limits (engine §12.5, §12.6)."""

from __future__ import annotations

from typing import Any, Final

from ..documents.unknown import UNKNOWN
from ..model.nodes import Dispatch
from .mappings import Entry, Keys

QUEUE_KEYS: Final = ("dispatchSchedule", "wipLimit", "wipLimitSeries", "wipOverflow")
LOSS: Final = "loss"
_DISPATCH = Keys("periodBins", "phaseOffset", "capacitySeries", "kind")
_LABELS = ("time-based", "periodic")


def read_dispatch(owner: Entry, inner: dict[str, Entry]) -> Any:
    """The dispatch schedule of ``owner``; None where there is none."""
    entry = owner.mapping("dispatchSchedule", _DISPATCH)
    if entry is None or entry is UNKNOWN:
        return entry
    inner["dispatchSchedule"] = entry
    period = entry.integer("periodBins", required=True, low=1)
    phase = entry.integer("phaseOffset")
    capacity = entry.operand("capacitySeries")
    label = entry.choice("kind", _LABELS)
    return Dispatch(
        period_bins=period,
        phase_offset=0 if phase is None else phase,
        capacity=capacity,
        kind=label,
    )


def read_wip(owner: Entry) -> tuple[Any, Any]:
    """Limit and overflow target of ``owner``, None where not given; ``wipLimitSeries`` wins over ``wipLimit``."""
    number = owner.number("wipLimit")
    series = owner.operand("wipLimitSeries", may_be_number=False)
    overflow = owner.text("wipOverflow", may_be_empty=False)
    return (number if series is None else series), overflow
