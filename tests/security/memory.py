"""How much memory something takes, by the kernel's own account: what C libraries take counts too."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Peak:
    """By how many bytes the process grew at most."""

    grown: int = 0


@contextmanager
def peak_memory() -> Iterator[Peak]:
    """Measure what happens inside (Linux: the peak is reset first)."""
    Path("/proc/self/clear_refs").write_text("5")
    before, peak = _high_water(), Peak()
    yield peak
    peak.grown = _high_water() - before


def _high_water() -> int:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024
