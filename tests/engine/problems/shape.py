"""Problems of the shape of its mappings (engine §20, stage "shape")."""

from tests.engine.problems.documents import (
    PLAIN,
    Case,
    buffer,
    changed,
    const,
    document,
    expr,
    place,
    without,
)

SHAPE = [
    Case("missing_key", "grid", without("grid"), document()),
    Case("missing_key", "grid.binSize", without("grid", "binSize"), document()),
    Case("unknown_key", "colour", document(colour="red"), document(**{"x-colour": "red"})),
    Case(
        "unknown_key",
        "grid.bin",
        {**without("grid", "bins"), "grid": {"bin": 3, "binSize": 1, "binUnit": "hours"}},
        document(),
    ),
    Case("wrong_type", "grid.bins", changed("grid", bins="3"), changed("grid", bins=3)),
    Case("empty_value", "metadata.title", changed("metadata", title=" "), document()),
    Case("bad_id", "nodes[2].id", document(const("9lives")), document(const("lives.9-x_"))),
    Case(
        "bad_version",
        "metadata.version",
        changed("metadata", version="1.0"),
        changed("metadata", version="1.0.0-rc.1"),
    ),
    Case(
        "bad_timestamp",
        "grid.start",
        changed("grid", start="2013-02-07T00:00:00+01:00"),
        changed("grid", start="2013-02-07T00:00:00+00:00"),
    ),
    Case(
        "bad_timezone",
        "window.timezone",
        document(window={"timezone": "Europe/Berlin"}),
        document(window={"timezone": "utc"}),
    ),
    Case("bad_enum", "mode", document(mode="simulated"), document(mode="simulation")),
    Case(
        "bad_enum",
        "grid.binUnit",
        changed("grid", binUnit="years"),
        changed("grid", binUnit="Hours"),
    ),
    Case(
        "out_of_range", "grid.binSize", changed("grid", binSize=1001), changed("grid", binSize=1000)
    ),
    Case(
        "non_finite_number",
        "nodes[0].value",
        PLAIN.replace("value: 1", "value: .inf"),
        PLAIN.replace("value: 1", "value: '1'").replace("value: '1'", "value: 1, unit: .info"),
    ),
    Case(
        "non_finite_number",
        "provenance.x",
        PLAIN + "provenance: {x: 1e999}\n",
        PLAIN + "provenance: {x: 1e308}\n",
    ),
    Case(
        "key_not_for_kind",
        "nodes[2].inflow",
        document(expr("x", "a", inflow="a")),
        document(buffer()),
    ),
    Case(
        "key_not_for_kind",
        "nodes[2].initial",
        document(expr("x", "a", initial=1)),
        document(expr("x", "SHIFT(x, 1) + a", initial=1)),
    ),
    Case(
        "unknown_node_kind",
        "nodes[2].kind",
        document({"id": "c", "kind": "Const", "value": 1}),
        document({"id": "c", "kind": "const", "value": 1}),
    ),
    Case(
        "unknown_topology_kind",
        "topology.nodes[0].kind",
        document(places=[place(kind="desk")]),
        document(places=[place(kind="QUEUE")]),
    ),
    Case(
        "unsupported_schema_version",
        "schemaVersion",
        document(schemaVersion=2),
        document(schemaVersion=1),
    ),
    Case("empty_model", "", {**document(), "nodes": []}, document()),
]
