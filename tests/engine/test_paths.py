"""The order in which latency adds up, and where cycles are cut (engine §17.4)."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from flowtime.engine.metrics.paths import trace_paths
from flowtime.engine.model.topology import Edge


def edges(*pairs: str, type: str = "throughput") -> list[Edge]:
    return [Edge(id=pair, source=pair[0], target=pair[1], type=type) for pair in pairs]


def test_each_node_comes_after_those_that_feed_it() -> None:
    paths = trace_paths("cba", edges("ca", "ab"))

    assert paths.order == ("c", "a", "b")
    assert not paths.closing


def test_ties_are_broken_by_ascending_id() -> None:
    assert trace_paths("dcba", edges("db")).order == ("a", "c", "d", "b")


def test_a_cycle_is_entered_at_the_least_node_that_is_fed() -> None:
    paths = trace_paths("abcd", edges("dc", "cb", "bc"))

    assert paths.order == ("a", "d", "c", "b")
    assert [edge.id for edge in paths.closing["c"]] == ["bc"]
    assert [edge.id for edge in paths.feeding["c"]] == ["dc"]


def test_a_cycle_that_nothing_feeds_starts_at_the_least_id() -> None:
    paths = trace_paths("ba", edges("ab", "ba"))

    assert paths.order == ("a", "b")
    assert list(paths.closing) == ["a"]


def test_an_edge_to_itself_closes_a_cycle() -> None:
    paths = trace_paths("a", edges("aa"))

    assert [edge.id for edge in paths.closing["a"]] == ["aa"]


def test_terminal_edges_carry_no_latency() -> None:
    paths = trace_paths("ab", edges("ba", type="terminal"))

    assert paths.order == ("a", "b")
    assert not paths.feeding["a"]


@given(st.sets(st.tuples(st.sampled_from("abcdef"), st.sampled_from("abcdef")), max_size=20))
def test_every_node_is_listed_once_and_every_edge_is_used_or_closed(
    pairs: set[tuple[str, str]],
) -> None:
    known = edges(*(a + b for a, b in pairs))

    paths = trace_paths("abcdef", known)

    assert sorted(paths.order) == list("abcdef")
    used = [e.id for found in (*paths.feeding.values(), *paths.closing.values()) for e in found]
    assert sorted(used) == sorted(edge.id for edge in known)
