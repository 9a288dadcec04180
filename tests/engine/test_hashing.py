"""Canonical JSON, digests, hashes and run ids (engine §22)."""

from __future__ import annotations

import hashlib
import json
import struct
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flowtime.engine import (
    array_digest,
    bind,
    canonical_json,
    deterministic_run_id,
    input_hash,
    load_template,
)
from flowtime.engine.hashing import json_digest, result_hash, scenario_hash

TEMPLATE: dict[str, Any] = {
    "schemaVersion": 1,
    "metadata": {"id": "t", "title": "Case", "version": "1.0.0"},
    "grid": {"bins": 2, "binSize": 1, "binUnit": "hours"},
    "parameters": [
        {"name": "a", "type": "number", "default": 1},
        {"name": "b", "type": "array", "default": [1, 2.5]},
    ],
    "nodes": [{"id": "n", "kind": "const", "value": "${a}"}],
}

# RFC 8785, appendix B: the bits of a double and its text.
RFC_NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]


@pytest.mark.parametrize(("bits", "text"), RFC_NUMBERS)
def test_numbers_are_printed_as_the_standard_prints_them(bits: str, text: str) -> None:
    value = struct.unpack(">d", bytes.fromhex(bits))[0]

    assert canonical_json(value).decode() == text
    assert canonical_json([value, value]).decode() == f"[{text},{text}]"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_double_reads_back_to_itself(value: float) -> None:
    assert float(canonical_json(value)) == value


def test_e44_keys_are_sorted_and_numbers_shortened() -> None:
    text = canonical_json({"b": [1, 2.5], "a": 1.0})

    assert text == b'{"a":1,"b":[1,2.5]}'
    assert json_digest({"b": [1, 2.5], "a": 1.0}) == (
        "sha256:07ac8340cb8a1f1a4c2cc05b1f6e885b0d7239278fdf513db654864fcb9ec9e3"
    )


def test_text_is_escaped_no_more_than_needed() -> None:
    text = canonical_json('\u20ac$\x0f\nA\'B"\\"/\x7f\u2028')

    assert text.decode() == '"\u20ac$\\u000f\\nA\'B\\"\\\\\\"/\x7f\u2028"'


def test_keys_are_sorted_by_utf_16_units() -> None:
    keys = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\x80", "\xf6"]

    ordered = list(json.loads(canonical_json(dict.fromkeys(keys, 0))))

    assert ordered == ["\r", "1", "\x80", "\xf6", "\u20ac", "\U0001f600", "\ufb33"]


def test_constants_and_read_only_forms_are_plain_json() -> None:
    value = MappingProxyType({"t": True, "f": False, "n": None, "l": (1, "x", ()), "m": {}})

    assert canonical_json(value) == b'{"f":false,"l":[1,"x",[]],"m":{},"n":null,"t":true}'


def deep(levels: int) -> Any:
    value: Any = 0
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [
        float("nan"),
        float("inf"),
        [1.0, -float("inf")],
        2**53,
        -(2**53),
        {1: 2},
        b"bytes",
        {"a": object()},
        "\ud800",
        np.zeros(2),
        deep(300),
        deep(100_000),
    ],
)
def test_what_json_cannot_carry_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        canonical_json(value)


def test_an_array_digest_is_over_little_endian_doubles_with_one_nan_and_one_zero() -> None:
    odd_nan = struct.unpack("<d", struct.pack("<Q", 0xFFF8000000000001))[0]
    given_array = np.array([1.0, odd_nan, -0.0, 2.5])
    before = given_array.tobytes()
    plain = struct.pack("<dQdd", 1.0, 0x7FF8000000000000, 0.0, 2.5)

    assert array_digest(given_array) == "sha256:" + hashlib.sha256(plain).hexdigest()
    assert array_digest([1, 2]) == array_digest(np.array([1.0, 2.0], dtype=">f8"))
    assert given_array.tobytes() == before


def test_e45_the_input_hash_and_the_run_id() -> None:
    template = load_template(TEMPLATE)
    model = bind(template)
    request = {
        "mode": "simulation",
        "parameters": {"a": 1, "b": [1, 2.5]},
        "rng": {"kind": "pcg32", "mode": "expected", "seed": 123},
        "semantics": 1,
        "sources": {},
        "templateHash": "sha256:" + "0" * 64,
        "templateId": "t",
        "templateVersion": "1.0.0",
    }

    zeros = json_digest(request)
    found = input_hash(template, model)

    assert zeros == "sha256:58d576a41a30cd525a70c3768c1a96443b632fdbf53c79cad81bd13f337488ac"
    assert deterministic_run_id("t", zeros) == "run_t_58d576a41a30cd52"
    assert found == json_digest(request | {"templateHash": template.template_hash})


def test_the_input_hash_knows_arrays_and_replayed_series() -> None:
    template = load_template(TEMPLATE)
    model = bind(template)
    array = np.array([1.0, 2.0])

    plain = input_hash(template, model)
    sourced = input_hash(template, model, sources={"file:x": array})
    replayed = input_hash(template, model, overrides={"n": array})

    assert len({plain, sourced, replayed}) == 3
    assert sourced == input_hash(template, model, sources={"file:x": array_digest(array)})
    assert replayed == input_hash(template, model, sources={"override:n": array})


@pytest.mark.parametrize(
    ("template_id", "name"),
    [
        ("Night-Train", "night-train"),
        ("a.b..c", "a-b-c"),
        ("--x--", "x"),
        ("\u00e9\u00e9", "template"),
        ("", "template"),
        ("a" * 80, "a" * 64),
        ("snake_case", "snake_case"),
    ],
)
def test_a_run_id_is_made_of_safe_letters(template_id: str, name: str) -> None:
    assert (
        deterministic_run_id(template_id, "sha256:" + "ab" * 32) == f"run_{name}_abababababababab"
    )


def test_the_model_hash_is_the_digest_of_the_document_it_writes() -> None:
    model = bind(load_template(TEMPLATE))

    text = canonical_json(model.to_document())

    assert model.model_hash == "sha256:" + hashlib.sha256(text).hexdigest()


def changed_scenario(**changes: Any) -> str:
    return scenario_hash(bind(load_template({**TEMPLATE, **changes})))


def test_what_is_only_shown_does_not_change_the_scenario() -> None:
    plain = changed_scenario()

    assert plain == changed_scenario(metadata={"id": "u", "title": "Other", "version": "2.0.0"})
    assert plain == changed_scenario(generator="by hand", provenance={"x": 1})
    assert plain == changed_scenario(outputs=[{"series": "*"}])


def test_what_decides_a_number_changes_the_scenario() -> None:
    model = bind(load_template(TEMPLATE))
    hashes = [
        scenario_hash(model),
        scenario_hash(model, replicate=1),
        scenario_hash(model, sources={"s": np.ones(2)}),
        scenario_hash(model, overrides={"n": np.ones(2)}),
        scenario_hash(bind(load_template(TEMPLATE), rng={"seed": 5})),
        scenario_hash(bind(load_template(TEMPLATE), {"a": 2})),
        scenario_hash(bind(load_template(TEMPLATE), mode="telemetry")),
    ]

    assert len(set(hashes)) == len(hashes)


def test_the_result_hash_is_over_the_digests_of_all_series() -> None:
    digests = {"b@B@DEFAULT": array_digest([1]), "a@A@DEFAULT": array_digest([2])}

    assert result_hash(digests) == json_digest(dict(reversed(digests.items())))
