"""Discrete distributions: their mean, and samples from a stream of their own (engine §12.2, §21)."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np

from .pcg32 import Pcg32


def expected_value(values: Sequence[float], probabilities: Sequence[float]) -> float:
    """``sum(v * p) / sum(p)``, summed in the given order."""
    weighted = sum(value * share for value, share in zip(values, probabilities, strict=True))
    return weighted / sum(probabilities)


def open_stream(seed: int, node_id: str, replicate: int) -> Pcg32:
    """The stream of one pmf node: adding or reordering other nodes changes none of its draws (engine §21.2)."""
    text = f"flowtime/pcg32/v1\n{seed}\n{node_id}\n{replicate}"
    digest = hashlib.sha256(text.encode()).digest()
    state = int.from_bytes(digest[:8], "big")
    return Pcg32(state, int.from_bytes(digest[8:16], "big") | 1)


def sample(
    values: Sequence[float], probabilities: Sequence[float], stream: Pcg32, bins: int
) -> np.ndarray:
    """One draw a bin: the first value whose cumulative probability exceeds it, shape (bins,)."""
    cumulative = np.add.accumulate(np.asarray(probabilities, dtype=np.float64))
    cumulative /= cumulative[-1]
    last = max(k for k, share in enumerate(probabilities) if share > 0)
    chosen = np.searchsorted(cumulative, stream.uniforms(bins), side="right")
    return np.asarray(values, dtype=np.float64)[np.minimum(chosen, last)]
