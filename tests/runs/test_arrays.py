"""The store of parsed arrays: within its bound, oldest out first."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

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


def test_what_many_ask_for_at_once_is_parsed_once():
    store = ArrayStore(100_000)
    together = Barrier(8)
    parsed = []

    def parse(name):
        parsed.append(name)
        return array(1)

    def ask(_):
        together.wait()
        return [store.read((name, 10), lambda name=name: parse(name)) for name in "abcdefgh"]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(ask, range(8)))

    assert sorted(parsed) == list("abcdefgh")
    assert all(found[0] is answers[0][0] for found in answers)
    assert not answers[0][0].flags.writeable


def test_many_threads_never_exceed_the_bound():
    store = ArrayStore(400)

    def ask(number):
        for key in range(50):
            store.read((f"{number % 3}-{key}", 10), lambda: array(1))
        return store.bytes

    with ThreadPoolExecutor(8) as threads:
        seen = list(threads.map(ask, range(16)))

    assert max(seen) <= 400 + 8 * 80
    assert store.bytes == 80 * len(store) <= 400
