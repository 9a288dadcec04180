"""PCG32 (XSH-RR 64/32): the engine's generator of random numbers, one draw at a time or many at once (engine §21.1)."""

from __future__ import annotations

import numpy as np

MULTIPLIER = 6364136223846793005
_MASK_64 = (1 << 64) - 1


class Pcg32:
    """A stream of 32-bit numbers. Starting it sets state and increment, and discards one draw."""

    __slots__ = ("_increment", "_state")

    def __init__(self, state: int, increment: int) -> None:
        self._state = state & _MASK_64
        self._increment = increment & _MASK_64
        self.draw()

    def draw(self) -> int:
        """The next number, ``0 .. 2^32 - 1``."""
        return int(self.draws(1)[0])

    def draws(self, count: int) -> np.ndarray:
        """The next ``count`` numbers, ``uint32``, exactly as so many single draws.

        The k-th state is ``M^k * s + (1 + M + ... + M^(k-1)) * c``: the powers are one wrapping product.
        """
        powers = np.empty(count + 1, dtype=np.uint64)
        powers[0] = 1
        powers[1:] = MULTIPLIER
        np.multiply.accumulate(powers, out=powers)
        sums = np.zeros(count + 1, dtype=np.uint64)
        np.add.accumulate(powers[:-1], out=sums[1:])
        states = powers * np.uint64(self._state) + sums * np.uint64(self._increment)
        self._state = int(states[-1])
        return _permute(states[:-1])

    def uniforms(self, count: int) -> np.ndarray:
        """The next ``count`` numbers over 2^32, each in [0, 1)."""
        return self.draws(count) / 4294967296.0


def _permute(states: np.ndarray) -> np.ndarray:
    """The output function: an xor-shift of the high bits, rotated by the five highest."""
    shifted = ((states >> np.uint64(18)) ^ states) >> np.uint64(27)
    word = shifted.astype(np.uint32)
    turn = (states >> np.uint64(59)).astype(np.uint32)
    back = (np.uint32(32) - turn) & np.uint32(31)
    return np.asarray((word >> turn) | (word << back))
