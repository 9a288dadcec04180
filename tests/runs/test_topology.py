"""The drawing of a topology: layers from left to right, nothing on top of anything, ways back below."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runs.topology import CARD_HEIGHT, CARD_WIDTH, draw_topology


def graph_of(*pairs, nodes=()):
    names = list(dict.fromkeys([*nodes, *(name for pair in pairs for name in pair)]))
    return {
        "nodes": [{"id": n, "label": None, "kind": "service"} for n in names],
        "edges": [
            {"from": a, "to": b, "type": "throughput", "measure": "served", "weight": 1.0, "lag": 0}
            for a, b in pairs
        ],
    }


def lefts(drawing):
    return {card.id: card.x for card in drawing.cards}


def test_a_chain_runs_from_left_to_right():
    drawing = draw_topology(graph_of(("A", "B"), ("B", "C")))

    x = lefts(drawing)
    assert x["A"] < x["B"] < x["C"]
    assert len({card.y for card in drawing.cards}) == 1
    assert drawing.sentence == "From left to right: A to B; B to C."


def test_the_longest_path_decides_the_layer_and_a_late_start_stands_beside_what_it_feeds():
    x = lefts(draw_topology(graph_of(("A", "B"), ("B", "C"), ("A", "C"), ("Late", "C"))))

    assert x["B"] < x["C"]
    assert x["Late"] == x["B"]


def test_a_cycle_is_drawn_with_one_way_back_below_the_cards():
    drawing = draw_topology(graph_of(("A", "B"), ("B", "A"), ("B", "B")))

    x = lefts(drawing)
    assert x["A"] < x["B"]
    assert len(drawing.curves) == 3
    assert drawing.height > max(card.y for card in drawing.cards) + CARD_HEIGHT + 20


def test_places_without_connections_are_drawn_too():
    drawing = draw_topology(graph_of(nodes=["A", "B"]))

    assert len(drawing.cards) == 2
    assert drawing.sentence == "A, B; no connections."


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, []),
        ({"measure": "exhaustedFailures", "lag": 2}, ["exhausted", "lag 2"]),
        ({"weight": 0.25}, ["× 0.25"]),
    ],
)
def test_a_connection_says_what_is_special_about_it(changes, words):
    graph = graph_of(("A", "B"))
    graph["edges"][0] |= changes

    assert [line for line, _ in draw_topology(graph).curves[0].words] == words


def test_a_long_name_is_cut_to_its_card():
    graph = graph_of(nodes=["A"])
    graph["nodes"][0]["label"] = "A" * 80

    assert draw_topology(graph).cards[0].name == "A" * 19 + "…"


def test_a_thousand_places_in_a_row_are_drawn():
    names = [f"n{number}" for number in range(1000)]
    drawing = draw_topology(graph_of(*itertools.pairwise(names)))

    assert len(drawing.cards) == 1000


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=20))
def test_no_card_touches_another_and_all_are_inside(pairs):
    drawing = draw_topology(graph_of(*((str(a), str(b)) for a, b in pairs), nodes=["0"]))

    for number, card in enumerate(drawing.cards):
        assert 0 <= card.x <= drawing.width - CARD_WIDTH
        assert 0 <= card.y <= drawing.height - CARD_HEIGHT
        for other in drawing.cards[number + 1 :]:
            is_apart = card.x != other.x or abs(card.y - other.y) >= CARD_HEIGHT
            assert is_apart, (card, other)
    assert len(drawing.curves) == len(pairs)
