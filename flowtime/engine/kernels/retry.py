"""Retries: the kernel policy, echoes, and attempt budgets (engine §12.10)."""

from __future__ import annotations

from collections.abc import Iterable

from ..expansion.expanded import RetryDef
from ..expansion.series_ids import part_key
from ..program.tape import Operand, Tape

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


def record_echo(t: Tape, retry: RetryDef, class_id: str | None = None) -> Operand:
    """What comes back: the failures spread by the kernel, or the sum of all attempts after the first.

    Here and below ``class_id`` asks for the same of one class, computed from its parts.
    """
    if not has_budget(retry):
        return _spread(t, _of(retry.failures, class_id), retry.kernel)
    first = first_tap(retry.kernel)
    if first is not None:
        _need(t, (retry.failures, retry.attempts), first, class_id)
    tries = range(2, attempts_within(retry, t.bins) + 1)
    return t.total(
        [_spread(t, _of(failed_key(retry, n - 1), class_id), retry.kernel) for n in tries]
    )


def record_failed(t: Tape, retry: RetryDef, attempt: int, class_id: str | None = None) -> Operand:
    """Failures at attempt ``attempt``: within a bin every try fails with the same probability."""
    if retry.returning is None:
        echo = record_echo(t, retry, class_id)
    else:
        echo = t.fin(t.load(_of(retry.returning, class_id)))
    tried = t.fin(t.load(_of(retry.attempts or "", class_id)))
    first = t.maximum(0.0, t.subtract(tried, echo))
    total = t.add(first, echo)
    failures = t.fin(t.load(_of(retry.failures, class_id)))
    tries = first
    if attempt > 1:
        tries = _spread(t, _of(failed_key(retry, attempt - 1), class_id), retry.kernel)
    share = t.divide(t.multiply(tries, failures), total)
    return t.choose(t.greater(total, 0.0), share, failures if attempt == 1 else 0.0)


def record_exhausted(t: Tape, retry: RetryDef, class_id: str | None = None) -> Operand:
    """Failures at the last permitted attempt; 0 where the window ends before anyone gets there."""
    _need_tries(t, retry, class_id)
    last = retry.budget_attempts or 1
    if last > attempts_within(retry, t.bins):
        return 0.0
    return t.load(_of(failed_key(retry, last), class_id))


def record_abandoned(t: Tape, retry: RetryDef, class_id: str | None = None) -> Operand:
    """What gives up without using all its attempts: the part of the failures that the kernel does not return."""
    if has_budget(retry):
        _need_tries(t, retry, class_id)
    failed = [t.fin(t.load(_of(key, class_id))) for _, key in _waiting(retry, t.bins)]
    return t.multiply(1.0 - sum(retry.kernel), t.total(failed))


def record_pending(t: Tape, retry: RetryDef, class_id: str | None = None) -> Operand:
    """What waits to be tried again."""
    if has_budget(retry):
        return t.total([amount for _, amount in _stocks(t, retry, class_id)])
    failed = t.fin(t.load(_of(retry.failures, class_id)))
    back = t.load(_of(retry.echo or "", class_id))
    return t.accumulate(t.subtract(t.multiply(sum(retry.kernel), failed), back))


def record_budget(t: Tape, retry: RetryDef, class_id: str | None = None) -> Operand:
    """Attempts still open to what waits."""
    last = retry.budget_attempts or 1
    stocks = _stocks(t, retry, class_id)
    return t.total([t.multiply(float(last - n), amount) for n, amount in stocks])


def has_budget(retry: RetryDef) -> bool:
    return retry.budget_attempts is not None


def attempts_within(retry: RetryDef, bins: int) -> int:
    """The attempts that can happen in ``bins`` bins: each waits at least until the first tap of the kernel."""
    first = first_tap(retry.kernel)
    reachable = 1 if first is None else 1 + (bins - 1) // max(first, 1)
    return min(retry.budget_attempts or 1, reachable)


def first_tap(kernel: tuple[float, ...]) -> int | None:
    """The lag at which the first of what failed comes back; None where nothing does."""
    return next((j for j, tap in enumerate(kernel) if tap), None)


def failed_key(retry: RetryDef, attempt: int) -> str:
    """The temporary that holds the failures at one attempt."""
    return f"__failed_{attempt}_{retry.node}"


def _waiting(retry: RetryDef, bins: int) -> list[tuple[int, str]]:
    """The series of failures that may come back, with the number of the attempt that failed."""
    if not has_budget(retry):
        return [(1, retry.failures)]
    last = retry.budget_attempts or 1
    attempts = range(1, attempts_within(retry, bins) + 1)
    return [(n, failed_key(retry, n)) for n in attempts if n < last]


def _stocks(t: Tape, retry: RetryDef, class_id: str | None) -> list[tuple[int, Operand]]:
    """What waits after ``n`` failures, for each ``n``."""
    _need_tries(t, retry, class_id)
    total = sum(retry.kernel)
    stocks: list[tuple[int, Operand]] = []
    for n, key in _waiting(retry, t.bins):
        name = _of(key, class_id)
        back = _spread(t, name, retry.kernel)
        stocks.append((n, t.accumulate(t.subtract(t.multiply(total, t.load(name)), back))))
    return stocks


def _need_tries(t: Tape, retry: RetryDef, class_id: str | None) -> None:
    """What follows from the tries of the bin needs them, however few attempts the window has room for (§11.3)."""
    _need(t, (retry.failures, retry.attempts, retry.returning), 0, class_id)


def _need(t: Tape, keys: Iterable[str | None], lag: int, class_id: str | None) -> None:
    for key in keys:
        if key is not None:
            t.need(_of(key, class_id), lag)


def _of(key: str, class_id: str | None) -> str:
    return key if class_id is None else part_key(key, class_id)


def _spread(t: Tape, key: str, kernel: tuple[float, ...]) -> Operand:
    """``CONV`` of a series with the kernel, read at the lag of its first tap so that loops through it may close."""
    first = first_tap(kernel)
    return 0.0 if first is None else t.convolve(t.load(key, first), kernel[first:])
