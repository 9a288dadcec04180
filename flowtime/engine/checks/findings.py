"""What the evaluation itself noticed, put into the words of warnings (engine §19)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..space.state import Finding
from .hits import Hit, amounts, unknowns

_UNFORESEEN = "The evaluation of {node} noticed {code}"
_SENTENCES: Mapping[str, str] = {
    "clamp_bounds_crossed": "A lower bound of CLAMP in {node} is above the upper one",
    "class_totals_mismatch": "The class parts given for {node} do not sum to its total and are scaled",
    "class_unresolved": "The served of {node} stays without classes, as several nodes share it or its readers "
    "would close a same-bin cycle",
}


def from_finding(finding: Finding) -> Hit:
    """The hit of one finding; its sentence names the first bin, and the amount if there is one."""
    sentence = _SENTENCES.get(finding.code, _UNFORESEEN)
    note = f" ({finding.note})" if finding.note else ""
    if finding.bins is None:
        return Hit(
            code=finding.code,
            node=finding.node,
            class_id=finding.class_id,
            say=f"{sentence}{{note}}.",
            words={"note": note, "code": finding.code},
        )
    has_amount = finding.amount is not None and np.nanmax(np.abs(finding.amount), initial=0.0) > 0
    by = ", by up to {amount} in bin {worst}" if has_amount else ""
    return Hit(
        code=finding.code,
        node=finding.node,
        class_id=finding.class_id,
        say=f"{sentence}{{note}} in {{bins}}, first in bin {{first}}{by}.",
        words={"note": note, "code": finding.code},
        look=unknowns(finding.bins)
        if finding.amount is None
        else amounts(finding.bins, finding.amount),
    )
