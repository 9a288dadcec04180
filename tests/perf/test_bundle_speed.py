"""How fast bundles are (bundles §8): written durably, read back, verified by name. Nothing here can fail for being slow.

What is written is formatted, hashed, synchronised to disk and renamed into place; the row in the database is not
part of it. Set ``--basetemp`` to a directory on the disk that is meant.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from flowtime.bundles import Grid, Root, RunWindow, open_run_bundle, parse_series, verify_run_bundle
from tests.bundles.conftest import run_record, write_run

SERIES = 50
BUNDLES = 200
WRITE_FIGURE = {288: "at most 40 ms with the row", 8_760: "at most 150 ms with the row"}
READ_FIGURE = {288: "at most 3 ms", 8_760: "at most 60 ms"}


def arrays(bins: int) -> dict[str, np.ndarray]:
    """Numbers as runs have them: some whole, most with all their digits."""
    draws = np.random.default_rng(20261123)
    return {
        f"s{n:02}@S{n:02}@DEFAULT": np.round(draws.uniform(0, 200, bins))
        if n % 3 == 0
        else draws.uniform(0, 200, bins)
        for n in range(SERIES)
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


def test_verifying_many_bundles_by_name(
    measure: Callable[..., Any], say: Callable[..., None], root: Root
) -> None:
    content = dict(itertools.islice(arrays(288).items(), 5))
    names = [f"run_{n}" for n in range(BUNDLES)]
    for name in names:
        write(root, name, content)

    verified = measure(lambda: [verify_run_bundle(root, name) for name in names], rounds=10)

    assert all(verify_run_bundle(root, name).state == "valid" for name in names)
    say(
        f"verify {BUNDLES} bundles of {len(content)} series without hashing: {verified.ms}, "
        f"{BUNDLES / verified.median:,.0f} a second. Specification: 1,000 a second for reindex."
    )
