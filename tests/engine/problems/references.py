"""Problems of what its parts say about each other (engine §20, stage "references")."""

from tests.engine.problems.documents import (
    CLASSES,
    Case,
    arrival,
    buffer,
    changed,
    const,
    document,
    expr,
    place,
    pmf,
    router,
)

TWO = {"arrivals": "a", "served": "b"}

REFERENCES = [
    Case("duplicate_id", "nodes[2].id", document(const("a")), document(const("aa"))),
    Case(
        "duplicate_id",
        "topology.nodes[1].id",
        document(places=[place(), place(roles={"arrivals": "a", "served": "a"})]),
        document(places=[place(), place("Desk2", roles={"arrivals": "a", "served": "a"})]),
    ),
    Case(
        "id_case_clash",
        "classes[1].id",
        document(classes=[{"id": "red"}, {"id": "Red"}]),
        document(classes=CLASSES),
    ),
    Case(
        "id_case_clash",
        "nodes[2].routes[0].target",
        document(router({"target": "A"})),
        document(router({"target": "A1"})),
    ),
    Case(
        "unknown_series",
        "nodes[2].expr",
        document(expr("x", "a + c")),
        document(expr("x", "desk_queue"), places=[place()]),
    ),
    Case(
        "unknown_topology_node",
        "topology.edges[0].to",
        document(places=[place()], topology={"edges": [{"from": "Desk", "to": "Hall"}]}),
        document(places=[place()], topology={"edges": [{"from": "Desk", "to": "Desk:in"}]}),
    ),
    Case(
        "unknown_class",
        "traffic.arrivals[0].classId",
        document(classes=CLASSES, traffic=arrival(classId="Green")),
        document(classes=CLASSES, traffic=arrival(classId="Blue")),
    ),
    Case(
        "unknown_constraint",
        "topology.nodes[0].constraints[0]",
        document(places=[place(constraints=["k"])]),
        document(
            places=[place(constraints=["k"])],
            topology={"constraints": [{"id": "k", "semantics": {"served": 9}}]},
        ),
    ),
    Case(
        "unknown_profile",
        "nodes[2].profile.name",
        document(pmf(profile={"kind": "builtin", "name": "full-moon"})),
        document(pmf(profile={"kind": "builtin", "name": "three-shift"})),
    ),
    Case(
        "dependency_missing",
        "nodes[2].dependencies",
        document(expr("x", "a + b", dependencies=["a"])),
        document(expr("x", "a + b", dependencies=["b", "a"])),
    ),
    Case(
        "dependency_extra",
        "nodes[2].dependencies[1]",
        document(expr("x", "a", dependencies=["a", "b"])),
        document(expr("x", "a", dependencies=["a"])),
    ),
    Case(
        "missing_role",
        "topology.nodes[0].semantics.served",
        document(places=[place(roles={"arrivals": "a"})]),
        document(places=[place(roles={"arrivals": "a", "capacity": 5})]),
    ),
    Case(
        "role_not_allowed",
        "topology.nodes[0].semantics.parallelism",
        document(places=[place(kind="dependency", roles={**TWO, "parallelism": 2})]),
        document(places=[place(kind="service", roles={**TWO, "capacity": 3, "parallelism": 2})]),
    ),
    Case(
        "role_not_allowed",
        "topology.nodes[0].initialCondition",
        document(places=[place(kind="service", initialCondition={"queueDepth": 1})]),
        document(places=[place(initialCondition={"queueDepth": 1})]),
    ),
    Case(
        "conflicting_start",
        "window.start",
        {**changed("grid", start="2020-01-01"), "window": {"start": "2020-01-02"}},
        {**changed("grid", start="2020-01-01"), "window": {"start": "2020-01-01T00:00Z"}},
    ),
    Case(
        "conflicting_definition",
        "topology.nodes[0].wipLimit",
        document(
            buffer(wipLimit=3), places=[place(roles={**TWO, "queueDepth": "pond"}, wipLimit=4)]
        ),
        document(
            buffer(wipLimit=3), places=[place(roles={**TWO, "queueDepth": "pond"}, wipLimit=3.0)]
        ),
    ),
    Case(
        "conflicting_definition",
        "nodes[2].value",
        document({**const("c"), "value": 1}),
        document({"id": "c", "kind": "const", "value": 1}),
    ),
    Case(
        "sink_served_differs",
        "topology.nodes[0].semantics.served",
        document(places=[place(kind="sink", roles=TWO)]),
        document(places=[place(kind="sink", roles={**TWO, "errors": "b"})]),
    ),
    Case(
        "served_shared_by_limited_nodes",
        "topology.nodes[1].semantics.served",
        document(places=[place(dispatchSchedule={"periodBins": 2}), place("Hall")]),
        document(places=[place(), place("Hall")]),
    ),
    Case(
        "wip_without_queue",
        "topology.nodes[0].wipLimit",
        document(places=[place(kind="service", wipLimit=3)]),
        document(places=[place(wipLimit=3)]),
    ),
    Case(
        "wip_without_queue",
        "topology.nodes[0].wipLimit",
        document(places=[place(roles={**TWO, "queueDepth": "a"}, wipLimit=3)]),
        document(buffer(), places=[place(roles={**TWO, "queueDepth": "pond"}, wipLimit=3)]),
    ),
    Case(
        "overflow_target_kind",
        "topology.nodes[0].wipOverflow",
        document(places=[place(wipLimit=3, wipOverflow="Hall"), place("Hall", "service")]),
        document(
            places=[
                place(wipLimit=3, wipOverflow="Hall"),
                place("Hall", "sink", roles={"arrivals": "a"}),
            ]
        ),
    ),
    Case(
        "router_target_defined",
        "nodes[2].routes[0].target",
        document(router({"target": "b"})),
        document(router({"target": "z"}), expr("z", "0")),
    ),
    Case(
        "router_target_shared",
        "nodes[3].routes[0].target",
        document(router({"target": "x"}), router({"target": "x"}, name="s")),
        document(router({"target": "x"}, {"target": "x"}), router({"target": "y"}, name="s")),
    ),
    Case(
        "router_class_repeated",
        "nodes[2].routes[1].classes[0]",
        document(
            router({"target": "x", "classes": ["Red"]}, {"target": "y", "classes": ["Red"]}),
            classes=CLASSES,
        ),
        document(
            router({"target": "x", "classes": ["Red"]}, {"target": "y", "classes": ["Blue"]}),
            classes=CLASSES,
        ),
    ),
    Case(
        "router_weights_zero",
        "nodes[2].routes",
        document(router({"target": "x", "weight": 0})),
        document(router({"target": "x", "weight": 0}, {"target": "y"})),
    ),
    Case(
        "traffic_without_classes",
        "traffic",
        document(traffic=arrival()),
        document(traffic=arrival(), classes=CLASSES),
    ),
    Case(
        "echo_without_failures",
        "topology.nodes[0].semantics.retryEcho",
        document(places=[place(kind="service", roles={**TWO, "retryEcho": "again"})]),
        document(
            places=[place(kind="service", roles={**TWO, "errors": "b", "retryEcho": "again"})]
        ),
    ),
    Case(
        "budget_kernel_starts_now",
        "topology.nodes[0].semantics.retryKernel",
        document(
            places=[
                place(
                    kind="service",
                    roles={
                        **TWO,
                        "failures": "b",
                        "retryEcho": "again",
                        "maxAttempts": 2,
                        "retryKernel": [0.1, 0.5],
                    },
                )
            ]
        ),
        document(
            places=[
                place(
                    kind="service",
                    roles={**TWO, "failures": "b", "retryEcho": "again", "retryKernel": [0.1, 0.5]},
                )
            ]
        ),
    ),
    Case(
        "pmf_not_normalised",
        "nodes[2].pmf",
        document(pmf(pmf={"values": [1], "probabilities": [0.9998]})),
        document(pmf(pmf={"values": [1], "probabilities": [0.99995]})),
    ),
    Case(
        "pmf_invalid",
        "nodes[2].pmf",
        document(pmf(pmf={"values": [1, 2], "probabilities": [1.5, -0.5]})),
        document(pmf(pmf={"1": 0.5, "2": 0.5})),
    ),
    Case(
        "profile_invalid",
        "nodes[2].profile",
        document(pmf(profile={"kind": "inline", "weights": [0, 0, 0]})),
        document(pmf(profile={"kind": "inline", "weights": [0, 0, 1]})),
    ),
    Case(
        "duplicate_edge_id",
        "topology.edges[1].id",
        document(
            places=[place()],
            topology={
                "edges": [
                    {"id": "e 1", "from": "Desk", "to": "Desk"},
                    {"id": "e_1", "from": "Desk", "to": "Desk"},
                ]
            },
        ),
        document(
            places=[place()],
            topology={
                "edges": [
                    {"id": "e1", "from": "Desk", "to": "Desk"},
                    {"id": "e_1", "from": "Desk", "to": "Desk"},
                ]
            },
        ),
    ),
]
