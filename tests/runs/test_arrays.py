"""The store of parsed arrays: within its bound, oldest out first."""

import numpy as np

from runs.arrays import ArrayStore


def array(value: float) -> np.ndarray:
    return np.full(10, value)


def test_what_was_put_is_found():
    store = ArrayStore(1000)
    values = array(1)

    store.put(("a", 10), values)

    assert store.get(("a", 10)) is values
    assert store.get(("b", 10)) is None
    assert (len(store), store.bytes) == (1, 80)


def test_what_was_asked_for_longest_ago_goes_first():
    store = ArrayStore(160)
    store.put(("a", 10), array(1))
    store.put(("b", 10), array(2))
    store.get(("a", 10))

    store.put(("c", 10), array(3))

    assert store.get(("b", 10)) is None
    assert store.get(("a", 10)) is not None
    assert store.bytes == 160


def test_the_same_is_kept_once():
    store = ArrayStore(1000)

    store.put(("a", 10), array(1))
    store.put(("a", 10), array(1))

    assert (len(store), store.bytes) == (1, 80)


def test_what_is_larger_than_the_store_is_not_kept():
    store = ArrayStore(79)

    store.put(("a", 10), array(1))

    assert (len(store), store.bytes) == (0, 0)


def test_nothing_is_left_after_clearing():
    store = ArrayStore(1000)
    store.put(("a", 10), array(1))

    store.clear()

    assert (len(store), store.bytes) == (0, 0)
