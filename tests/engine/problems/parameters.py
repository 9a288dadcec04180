"""Problems of parameters and their values (engine §20, stage "parameters")."""

from tests.engine.problems.documents import Case, document, parameter

PARAMETERS = [
    Case(
        "parameter_missing",
        "overrides.p",
        document(parameters=[parameter()]),
        document(parameters=[parameter(default=1)]),
    ),
    Case(
        "unknown_parameter",
        "overrides.q",
        document(parameters=[parameter(default=1)]),
        document(parameters=[parameter(default=1)]),
        parameters={"q": 2},
        near_parameters={"p": 2},
    ),
    Case(
        "parameter_type",
        "parameters[0].default",
        document(parameters=[parameter(default="2x")]),
        document(parameters=[parameter(default="2e0")]),
    ),
    Case(
        "parameter_range",
        "overrides.p",
        document(parameters=[parameter(default=1, maximum=2)]),
        document(parameters=[parameter(default=1, maximum=2)]),
        parameters={"p": 2.5},
        near_parameters={"p": 2},
    ),
    Case(
        "bad_bounds",
        "parameters[0].maximum",
        document(parameters=[parameter(default=2, minimum=3, maximum=1)]),
        document(parameters=[parameter(default=3, minimum=3, maximum=3)]),
    ),
    Case(
        "bad_seed",
        "rng.seed",
        document(rng={"seed": 2**32}),
        document(rng={"seed": str(2**32 - 1)}),
    ),
]
