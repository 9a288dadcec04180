"""Benchmarks measure and print; they run when asked for with ``--benchmark-enable``, as ``make bench`` does."""

import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave benchmarks out of every run that does not ask for them."""
    if config.getoption("benchmark_enable", default=False):
        return
    left_out = {
        item
        for item in items
        if HERE in item.path.parents and "benchmark" in getattr(item, "fixturenames", ())
    }
    config.hook.pytest_deselected(items=sorted(left_out, key=lambda item: item.nodeid))
    items[:] = [item for item in items if item not in left_out]


@dataclass(frozen=True, slots=True)
class Measured:
    """What a measurement found, in seconds, and how it is said; on a busy machine the least says more.

    ``processor`` is the median of the time that this process itself was at work, where it was taken.
    """

    median: float
    least: float
    processor: float = float("nan")

    @property
    def ms(self) -> str:
        return _ms(self.median)

    @property
    def both(self) -> str:
        return f"{_ms(self.median)}, at the least {_ms(self.least)}"

    def per_cell(self, cells: int) -> str:
        return f"{1e9 * self.median / cells:.1f} ns per cell of {cells:,}"


def _ms(seconds: float) -> str:
    ms = 1e3 * seconds
    return f"{ms:,.0f} ms" if ms >= 100 else f"{ms:.3g} ms"


@pytest.fixture
def measure(benchmark: Any) -> Callable[..., Measured]:
    """Call it with what to measure: the median of ``rounds`` after a warm-up."""

    def run(work: Callable[..., Any], *, rounds: int = 30, setup: Any = None) -> Measured:
        benchmark.pedantic(work, rounds=rounds, warmup_rounds=0 if setup else 3, setup=setup)
        return Measured(benchmark.stats.stats.median, benchmark.stats.stats.min)

    return run


@pytest.fixture
def beside() -> Callable[..., Measured]:
    """The same for what is measured beside it, in the same test, as the other side of a ratio."""

    def run(work: Callable[[], Any], *, rounds: int = 5) -> Measured:
        times, busy = [], []
        for _ in range(rounds):
            started, at_work = time.perf_counter(), time.process_time()
            work()
            busy.append(time.process_time() - at_work)
            times.append(time.perf_counter() - started)
        return Measured(statistics.median(times), min(times), statistics.median(busy))

    return run


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Callable[..., None]:
    """Print a line about what was measured, whatever pytest captures."""

    def line(words: str) -> None:
        with capsys.disabled():
            print(f"\n{words}", flush=True)

    return line


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say what the numbers were measured on: they mean nothing on a busy machine."""
    if not config.getoption("benchmark_enable", default=False):
        return
    terminalreporter.write_line(
        f"Measured on {os.cpu_count()} cores, Python {platform.python_version()}, numpy "
        f"{np.__version__}; load {os.getloadavg()[1]:.1f} over the last five minutes."
    )
