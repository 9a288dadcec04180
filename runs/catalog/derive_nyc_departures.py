"""Derives nyc-departures.csv from single flights: three series an airport, counted in hourly bins (engine E49).

    python -m runs.catalog.derive_nyc_departures FLIGHTS.csv > runs/catalog/nyc-departures.csv

FLIGHTS.csv has the columns flight, origin, scheduled, departed; local wall time, taken as UTC. A flight is
scheduled in the bin of ``scheduled``. A cancelled one (empty ``departed``) leaves in the same bin. Any other
departs in the bin of the later of the two times: some flights left a few minutes early, and none may leave
the model before it has arrived in it.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np

from flowtime.engine import Grid, bin_events

GRID = Grid(bins=120, bin_size=1, bin_unit="hours", start=np.datetime64("2013-02-07T00:00", "ms"))
ORIGINS = ("EWR", "JFK", "LGA")


def derive(flights: Iterable[Mapping[str, str]]) -> str:
    """The wide CSV text: ``bin_index``, then scheduled, departed and cancelled of each origin."""
    flights = list(flights)
    columns: dict[str, np.ndarray] = {}
    for origin in ORIGINS:
        own = [flight for flight in flights if flight["origin"] == origin]
        flown = [flight for flight in own if flight["departed"]]
        times = {
            "scheduled": [flight["scheduled"] for flight in own],
            "departed": [max(flight["scheduled"], flight["departed"]) for flight in flown],
            "cancelled": [flight["scheduled"] for flight in own if not flight["departed"]],
        }
        for name, instants in times.items():
            counts, _ = bin_events(np.array(instants, dtype="datetime64[ms]"), GRID)
            columns[f"{origin.lower()}_{name}"] = counts
    lines = [",".join(("bin_index", *columns))]
    for index, row in enumerate(zip(*columns.values(), strict=True)):
        lines.append(",".join((str(index), *(str(int(count)) for count in row))))
    return "\n".join(lines) + "\n"


def main() -> None:
    with Path(sys.argv[1]).open(newline="", encoding="utf-8") as file:
        sys.stdout.write(derive(csv.DictReader(file)))


if __name__ == "__main__":
    main()
