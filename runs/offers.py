"""What a run offers to telemetry: the series that its nodes observe, with their parts by class."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flowtime.bundles import METRICS
from runs.bindings import ROLE_OF_METRIC

if TYPE_CHECKING:
    from flowtime.bundles import RunBundle


@dataclass(frozen=True, slots=True)
class Offer:
    """One series that a run offers: which node and metric it observes, for which class, and its series id."""

    node_id: str
    metric: str
    class_id: str | None
    series_id: str


def offers_of(bundle: RunBundle) -> list[Offer]:
    """Every series that a role of a node with a metric is bound to, and its parts by class: one file each."""
    by_key = {entry.id: entry for entry in bundle.index if entry.id}
    parts: dict[str, list[str]] = {}
    for key, entry in by_key.items():
        if entry.class_id != "DEFAULT":
            parts.setdefault(key.partition("@")[0], []).append(entry.class_id)
    roles: Mapping[str, Mapping[str, str]] = bundle.record.provenance.get("roles", {})
    offers = []
    for node_id in roles:
        for metric in METRICS:
            bound = roles[node_id].get(ROLE_OF_METRIC[metric])
            if bound is None or bound not in by_key:
                continue
            offers.append(Offer(node_id, metric, None, by_key[bound].series_id))
            offers += [
                Offer(node_id, metric, class_id, by_key[f"{bound}@{class_id}"].series_id)
                for class_id in sorted(parts.get(bound, ()))
            ]
    return offers
