"""Retries: the kernel policy, echoes, and attempt budgets (engine §12.10)."""

from __future__ import annotations

DEFAULT_KERNEL = (0.0, 0.6, 0.3, 0.1)
MAX_TAPS = 32


def apply_kernel_policy(
    kernel: tuple[float, ...] | None,
) -> tuple[tuple[float, ...], tuple[str, ...]]:
    """The kernel in force, and a phrase for each correction: at most 32 taps, none negative, sum at most 1."""
    if not kernel:
        return DEFAULT_KERNEL, ()
    corrections = []
    taps = list(kernel)
    if len(taps) > MAX_TAPS:
        corrections.append(f"only the first {MAX_TAPS} of {len(taps)} taps are used")
        taps = taps[:MAX_TAPS]
    negative = sum(tap < 0 for tap in taps)
    if negative:
        corrections.append(
            f"{negative} negative {'tap counts' if negative == 1 else 'taps count'} as 0"
        )
        taps = [max(tap, 0.0) for tap in taps]
    total = sum(taps)
    if total > 1:
        corrections.append(f"the taps sum to {total:g} and are scaled to 1")
        taps = [tap / total for tap in taps]
    return tuple(taps), tuple(corrections)
