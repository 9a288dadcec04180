"""Requests and templates that ask for too much: refused with a 4xx before anything of that size is made (row 18)."""

import json
from typing import Any

import pytest

from tests.flows import snapshot
from tests.security.memory import peak_memory

pytestmark = [pytest.mark.django_db, pytest.mark.failure(18)]

MOST_BYTES = 64 << 20


def template(**more: Any) -> str:
    document = {
        "schemaVersion": 1,
        "metadata": {"id": "bomb", "title": "A bomb", "version": "1.0.0"},
        "grid": {"bins": 4, "binSize": 1, "binUnit": "hours"},
        "nodes": [{"id": "a", "kind": "const", "value": 1}],
    }
    return json.dumps({**document, **more})


def expression(text: str) -> str:
    nodes = [{"id": "a", "kind": "const", "value": 1}, {"id": "x", "kind": "expr", "expr": text}]
    return template(nodes=nodes)


TEMPLATES = {
    "a billion bins": template(grid={"bins": 10**9, "binSize": 1, "binUnit": "minutes"}),
    "more bins than a word holds": template(
        grid={"bins": 10**18, "binSize": 1, "binUnit": "minutes"}
    ),
    "a bin of a billion weeks": template(grid={"bins": 4, "binSize": 10**9, "binUnit": "weeks"}),
    "bins by a parameter": template(
        parameters=[{"name": "n", "type": "integer", "default": 10**9}],
        grid={"bins": "${n}", "binSize": 1, "binUnit": "hours"},
    ),
    "an expression of 100,000 terms": expression("+".join(["a"] * 100_000)),
    "an expression 50,000 deep": expression("(" * 50_000 + "a" + ")" * 50_000),
    "a call 10,000 deep": expression("ABS(" * 10_000 + "a" + ")" * 10_000),
    "minus 100,000 times": expression("-" * 100_000 + "a"),
    "a kernel of 100,000 taps": expression(f"CONV(a, [{','.join(['1'] * 100_000)}])"),
    "a shift of a billion bins": expression("SHIFT(a, 1000000000000000000000)"),
    "a power of powers": expression("9e307*9e307*9e307"),
    "10,000 nodes": template(
        nodes=[{"id": f"n{i}", "kind": "const", "value": 1} for i in range(10_000)]
    ),
    "3,000 parameters": template(
        parameters=[{"name": f"p{i}", "type": "number", "default": 1} for i in range(3_000)]
    ),
    "60,000 values for four bins": template(
        nodes=[{"id": "a", "kind": "const", "values": [1.0] * 60_000}]
    ),
}


@pytest.mark.one_database
@pytest.mark.parametrize("name", TEMPLATES)
def test_a_template_that_asks_for_too_much_is_refused(world, name, no_hang):
    (world.roots.templates / "bomb.yaml").write_text(TEMPLATES[name])
    before = snapshot(world.roots.runs)

    with peak_memory() as peak:
        answer = world.operator.post("/v1/runs", {"templateId": "bomb"})

    if name == "a power of powers":
        # Arithmetic that overflows is infinite, and a warning says so; nothing is too large for it.
        assert answer.status_code == 201
        return
    assert answer.status_code in (400, 404, 422), answer.content[:300]
    assert peak.grown < MOST_BYTES
    assert snapshot(world.roots.runs) == before


def deep(opening: str, closing: str, depth: int) -> bytes:
    return (opening * depth + closing * depth).encode()


BODIES = {
    "lists 100,000 deep": deep("[", "]", 100_000),
    "objects 50,000 deep": deep('{"a":', "}", 50_000),
    "parameters 100,000 deep": b'{"templateId":"desk","parameters":{"extra":'
    + deep("[", "]", 100_000)
    + b"}}",
    "a million members": b'{"templateId":"desk","parameters":{'
    + b",".join(b'"p%d":1' % i for i in range(80_000))
    + b"}}",
    "a number of a million digits": b'{"templateId":"desk","parameters":{"extra":'
    + b"9" * 900_000
    + b"}}",
    "an exponent of a million": b'{"templateId":"desk","parameters":{"extra":1e1000000}}',
    "a text of a million characters": b'{"templateId":"' + b"x" * 1_000_000 + b'"}',
    "an array for a number": b'{"templateId":"desk","parameters":{"extra":['
    + b"1," * 200_000
    + b"1]}}",
    "a seed beyond all seeds": b'{"templateId":"desk","rng":{"kind":"pcg32","seed":'
    + b"9" * 5_000
    + b"}}",
    "not a number": b'{"templateId":"desk","parameters":{"extra":NaN}}',
    "keys given twice": b'{"templateId":"desk","templateId":"../outside"}',
    "half a character": b'{"templateId":"\\ud800"}',
    "no text": b"\xff\xfe\x00",
    "nothing": b"",
    "more than a mebibyte": b'{"templateId":"desk","x":"' + b"x" * (1 << 20) + b'"}',
    "more bindings than a bundle has files": json.dumps(
        {
            "templateId": "desk",
            "mode": "telemetry",
            "telemetry": {"captureKey": "k", "bindings": {f"b{i}": "x" for i in range(2_000)}},
        }
    ).encode(),
}


@pytest.mark.parametrize("name", BODIES)
def test_a_body_that_is_too_much_is_refused(world, name, no_hang):
    before = snapshot(world.roots.runs)

    with peak_memory() as peak:
        answer = world.operator.generic(
            "POST", "/v1/runs", BODIES[name], content_type="application/json"
        )

    assert answer.status_code in (400, 404, 413, 422), answer.content[:300]
    assert answer["Content-Type"] == "application/problem+json"
    assert len(answer.content) < 64_000
    assert peak.grown < MOST_BYTES
    assert snapshot(world.roots.runs) == before


@pytest.mark.parametrize(
    "query",
    [
        "pageSize=1000000000",
        "pageSize=-1",
        "pageSize=" + "9" * 1_000,
        "cursor=" + "A" * 8_000,
        "q=" + "a " * 4_000,
        "&".join(f"status=x{i}" for i in range(900)),
        "createdAfter=" + "9" * 500 + "-01-01",
    ],
)
def test_a_question_that_is_too_much_is_refused_or_answered_shortly(world, query, no_hang):
    answer = world.operator.get(f"/v1/runs?{query}")

    assert answer.status_code in (200, 400)
    assert len(answer.content) < 64_000


def test_more_query_parameters_than_anybody_reads_are_refused(world, no_hang):
    query = "&".join(f"x{i}=1" for i in range(5_000))

    for client, path in ((world.operator, "/v1/runs"), (world.pages, "/runs")):
        assert client.get(f"{path}?{query}").status_code == 400
