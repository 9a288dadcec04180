"""Problems of placeholders (engine §20, stage "binding")."""

from tests.engine.problems.documents import Case, changed, const, document, expr, parameter

BINDING = [
    Case(
        "unresolved_placeholder",
        "nodes[2].expr",
        document(expr("x", "a * ${p}")),
        document(expr("x", "a * ${ p }"), parameters=[parameter(default=2)]),
    ),
    Case(
        "malformed_placeholder",
        "generator",
        document(generator="${a.b}"),
        document(generator="$${a.b}"),
    ),
    Case(
        "placeholder_in_key",
        'provenance["${p}"]',
        document(provenance={"${p}": 1}, parameters=[parameter(default=2)]),
        document(provenance={"$p": 1}, parameters=[parameter(default=2)]),
    ),
    Case(
        "placeholder_not_allowed",
        "metadata.version",
        {**changed("metadata", version="${p}"), "parameters": [parameter(default=2)]},
        {**changed("metadata", title="${p}x"), "parameters": [parameter(default=2)]},
    ),
    Case(
        "length_mismatch", "nodes[2].values", document(const("c", (1, 2))), document(const("c", 1))
    ),
    Case(
        "length_mismatch",
        "overrides.p",
        document(parameters=[parameter(type="array", length=2, default=[1, 2])]),
        document(parameters=[parameter(type="array", length=2, default=[1, 2])]),
        parameters={"p": [1]},
        near_parameters={"p": [3, 4]},
    ),
]
