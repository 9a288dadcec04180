"""How fast bundles are (bundles §8): written durably, read back, kept in step with their rows. Nothing here can fail for being slow.

What is written is formatted, hashed, synchronised to disk and renamed into place; the row in the database is not
part of that. Set ``--basetemp`` to a directory on the disk that is meant.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flowtime.bundles import Grid, Root, RunWindow, open_run_bundle, parse_series
from runs import maintenance
from tests.bundles.conftest import run_record, write_run

SERIES = 50
BUNDLES = 200
WRITE_FIGURE = {288: "at most 40 ms with the row", 8_760: "at most 150 ms with the row"}
READ_FIGURE = {288: "at most 3 ms", 8_760: "at most 60 ms"}


def arrays(bins: int, series: int = SERIES) -> dict[str, np.ndarray]:
    """Numbers as runs have them: some whole, most with all their digits."""
    draws = np.random.default_rng(20261123)
    return {
        f"s{n:03}@S{n:03}@DEFAULT": np.round(draws.uniform(0, 200, bins))
        if n % 3 == 0
        else draws.uniform(0, 200, bins)
        for n in range(series)
    }


def write(root: Root, run_id: str, content: dict[str, np.ndarray]) -> None:
    bins = len(next(iter(content.values())))
    record = run_record(
        run_id,
        grid=Grid(bins=bins, bin_size=5, bin_unit="minutes"),
        window=RunWindow(start_utc="2026-11-23T00:00:00Z", duration_minutes=5 * bins),
    )
    write_run(root, run_id, record=record, arrays=content)


@pytest.fixture
def root(tmp_path: Path) -> Root:
    (tmp_path / "runs").mkdir()
    return Root(tmp_path / "runs", "runs root")


@pytest.mark.parametrize("bins", [288, 8_760])
def test_a_durable_bundle(
    measure: Callable[..., Any], say: Callable[..., None], root: Root, bins: int
) -> None:
    content = arrays(bins)
    number = itertools.count()

    written = measure(lambda: write(root, f"run_{next(number)}", content))

    say(
        f"write {SERIES} series x {bins:,} bins durably: {written.ms}. "
        f"Specification: {WRITE_FIGURE[bins]}."
    )


@pytest.mark.parametrize("bins", [288, 8_760])
def test_reading_all_series_back(
    measure: Callable[..., Any],
    beside: Callable[..., Any],
    say: Callable[..., None],
    root: Root,
    bins: int,
) -> None:
    content = arrays(bins)
    write(root, "run_1", content)

    with open_run_bundle(root, "run_1") as bundle:
        texts = {f"{name}.csv": bundle.series_text(name) for name in content}
        parsed = measure(
            lambda: [parse_series(text, points=bins, file=name) for name, text in texts.items()]
        )
        read = beside(lambda: [bundle.series(name) for name in content])
        for name, values in content.items():
            assert np.array_equal(bundle.series(name), values)

    say(
        f"parse {SERIES} series x {bins:,} bins: {parsed.ms}; open, hash and parse their files: "
        f"{read.ms}. Specification: {READ_FIGURE[bins]} to parse."
    )


@pytest.mark.parametrize("series", [5, 50, 222])
@pytest.mark.django_db
def test_keeping_rows_and_bundles_in_step(
    measure: Callable[..., Any],
    beside: Callable[..., Any],
    say: Callable[..., None],
    data_dirs: Any,
    series: int,
) -> None:
    root = Root(data_dirs.runs, "runs root")
    content = arrays(288, series)
    for n in range(BUNDLES):
        write(root, f"run_{n}", content)

    def a_second(work: Callable[[], Any]) -> str:
        taken = beside(work, rounds=1)
        return f"{BUNDLES / taken.processor:,.0f} ({BUNDLES / taken.median:,.0f})"

    rates = {
        "reindex": a_second(maintenance.reindex_runs),
        "again": a_second(maintenance.reindex_runs),
        "--rebuild": a_second(lambda: maintenance.reindex_runs(is_rebuild=True)),
        "verify --deep": a_second(lambda: list(maintenance.verify_runs(is_deep=True))),
        "verify": a_second(lambda: list(maintenance.verify_runs())),
    }
    again = measure(maintenance.reindex_runs, rounds=10)

    assert maintenance.reindex_runs().unchanged == BUNDLES
    assert all(one.found.is_valid for one in maintenance.verify_runs())
    say(
        f"bundles of {series} series x 288 bins, a second of processor (of the clock): "
        + ", ".join(f"{name} {rate}" for name, rate in rates.items())
        + f"; again by the clock, median of ten: {BUNDLES / again.median:,.0f}, "
        f"at the most {BUNDLES / again.least:,.0f}. Specification: 1,000 without hashing."
    )
