"""Problems of same-bin cycles (engine §20, stage "graph")."""

from tests.engine.problems.documents import Case, document, expr, place

GRAPH = [
    Case(
        "algebraic_cycle",
        "nodes[2]",
        document(expr("x", "y + 1"), expr("y", "x + 1")),
        document(expr("x", "y + 1"), expr("y", "SHIFT(x, 1) + 1")),
    ),
    Case(
        "overflow_cycle",
        "topology.nodes[0].wipOverflow",
        document(
            places=[
                place(wipLimit=3, wipOverflow="Hall"),
                place(
                    "Hall", roles={"arrivals": "b", "served": "a"}, wipLimit=3, wipOverflow="Desk"
                ),
            ]
        ),
        document(
            places=[
                place(wipLimit=3, wipOverflow="Hall"),
                place("Hall", roles={"arrivals": "b", "served": "a"}, wipLimit=3),
            ]
        ),
    ),
]
