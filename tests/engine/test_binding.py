"""Binding: what a model is, what it writes, and that it reads back equal (engine §2, §5-§8, §23.1)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from flowtime.engine import (
    DocumentError,
    Limits,
    Model,
    Rng,
    bind,
    canonical_json,
    compile_model,
    evaluate,
    load_model,
    load_template,
    validate,
)
from flowtime.engine.model.nodes import (
    BufferNode,
    ConstNode,
    Dispatch,
    ExternalRef,
    PmfNode,
    Profile,
    Route,
    RouterNode,
    SeriesRef,
)
from tests.engine import small

CASES = Path(__file__).resolve().parent.parent / "conformance"
VALID = sorted(p.stem for p in CASES.glob("*.yaml") if not p.stem.startswith("invalid-"))

EVERYTHING = """\
schema_version: 1
metadata: {id: all, title: Everything, version: 1.0.0-rc.1, tags: [a, b], capture_key: all-1, owner: Ann}
grid: {bins: 4, bin_size: 15, bin_unit: Minutes, start: '2013-02-07T06:00+00:00'}
window: {timezone: utc}
mode: telemetry
rng: {mode: sample, seed: '7'}
generator: by hand
provenance: {ticket: 12}
classes:
  - {id: Red, display_name: The red ones}
  - {id: Blue, description: The others}
parameters:
  - {name: rate, type: number, default: 12.5, min: 0, title: Rate}
nodes:
  - {id: demand, kind: const, values: [1, 2, 3, 4], unit: people, hidden: true}
  - {id: meter, kind: const, source: 'file:m.csv#x'}
  - {id: flat, kind: const, value: '${rate}'}
  - {id: doubled, kind: expr, expression: 'demand * ${rate}', metadata: {why: test}}
  - {id: own, kind: expr, expr: 'SHIFT(own, 1) + 1', initial: 3}
  - {id: dice, kind: pmf, pmf: {1: 0.25, 2: 0.75}, profile: {kind: builtin, name: flat}}
  - {id: loads, kind: pmf, pmf: {values: [1], probabilities: [1]}, profile: {kind: inline, weights: [1, 2, 3, 4]}}
  - id: pond
    kind: serviceWithBuffer
    inflow: series:demand
    outflow: flat
    loss: 'file:l.csv#y'
    initial: 2
    wip_limit: 9
    wip_overflow: Lake
    dispatch_schedule: {period_bins: 2, capacity_series: 5, kind: periodic}
  - id: fork
    kind: router
    router: {inputs: {queue: demand}, routes: [{target: left, classes: [Red]}, {target: right}]}
topology:
  nodes:
    - id: Lake
      kind: QUEUE
      label: The lake
      group: water
      ui: {x: 1, y: 2.5, colour: blue}
      initial_condition: {queue_depth: 4}
      wip_limit_series: flat
      constraints: [crane]
      semantics:
        arrivals: left
        capacity: 3
        queue_depth: self
        external_demand: demand@Red
        retry_kernel: [0, 0.5]
        sla_min: 30
        aliases: {arrivals: ships}
    - {id: Sea, node_role: sink, semantics: {arrivals: right}}
  edges:
    - {source: 'Lake:errors', target: 'Sea:in', type: terminal}
    - {id: e2, from: Lake, to: Sea, type: effort, measure: load, weight: 2, multiplier: 3, lag: 1}
  constraints:
    - {id: crane, semantics: {capacity: flat, latency_minutes: 4}, demand: arrivals}
traffic:
  arrivals:
    - {node_id: demand, class_id: Red, pattern: {kind: constant, rate: 3}}
outputs:
  - {series: 'lake/*', exclude: [lake_queue], as: lake.csv, description: the lake}
"""


@pytest.fixture(scope="module")
def model() -> Model:
    return bind(load_template(EVERYTHING))


def test_everything_a_template_says_is_in_the_model(model: Model) -> None:
    nodes = {node.id: node for node in model.nodes}
    lake, sea = model.topology.nodes

    assert (model.template_id, model.template_version, model.mode) == (
        "all",
        "1.0.0-rc.1",
        "telemetry",
    )
    assert model.rng == Rng(mode="sample", seed=7)
    assert (model.grid.bins, model.grid.bin_minutes, model.grid.bin_ms) == (4, 15, 900_000)
    assert model.grid.start == np.datetime64("2013-02-07T06:00")
    assert model.metadata["captureKey"] == "all-1"
    assert model.metadata["owner"] == "Ann"
    assert [definition.display_name for definition in model.classes] == ["The red ones", None]
    assert nodes["meter"] == ConstNode(id="meter", values=None, source="file:m.csv#x")
    assert nodes["flat"] == ConstNode(id="flat", values=12.5)
    assert nodes["demand"].hidden
    pond, fork, dice, loads = nodes["pond"], nodes["fork"], nodes["dice"], nodes["loads"]
    assert isinstance(pond, BufferNode)
    assert (pond.inflow, pond.loss) == (SeriesRef("demand"), ExternalRef("file:l.csv#y"))
    assert pond.dispatch == Dispatch(period_bins=2, capacity=5.0, kind="periodic")
    assert (pond.initial, pond.wip_limit, pond.wip_overflow) == (2.0, 9.0, "Lake")
    assert isinstance(fork, RouterNode)
    assert fork.routes == (Route("left", classes=("Red",)), Route("right", weight=1.0))
    assert isinstance(dice, PmfNode)
    assert (dice.values, dice.probabilities) == ((1.0, 2.0), (0.25, 0.75))
    assert isinstance(loads, PmfNode)
    assert loads.profile == Profile("inline", weights=(1.0, 2.0, 3.0, 4.0))
    assert (lake.kind, lake.wip_limit, lake.wip_overflow) == ("queue", SeriesRef("flat"), "loss")
    assert dict(lake.roles) == {
        "arrivals": SeriesRef("left"),
        "capacity": 3.0,
        "externalDemand": SeriesRef("demand", "Red"),
    }
    assert (lake.initial_depth, lake.retry_kernel, lake.sla_min) == (4.0, (0.0, 0.5), 30.0)
    assert (lake.constraints, dict(lake.aliases)) == (("crane",), {"arrivals": "ships"})
    assert (sea.kind, sea.node_role) == ("sink", "sink")
    first, second = model.topology.edges
    assert (first.id, first.source_port, first.measure) == (
        "Lake:errors->Sea:in",
        "errors",
        "errors",
    )
    assert (second.weight, second.multiplier, second.lag, second.measure) == (2.0, 3.0, 1, "load")
    assert model.topology.constraints[0].demand == "arrivals"
    assert model.traffic[0].rate == 3.0
    assert (model.outputs[0].exclude, model.outputs[0].as_name) == (("lake_queue",), "lake.csv")


def test_the_document_of_a_model_reads_back_to_an_equal_model(model: Model) -> None:
    document = model.to_document()

    assert load_model(document) == model
    assert load_model(json.loads(canonical_json(document))) == model
    assert load_model(yaml.safe_load(yaml.safe_dump(document))) == model


def test_reading_a_model_back_counts_no_cells_and_compiling_it_does(model: Model) -> None:
    few = Limits(max_cells=10)

    again = load_model(model.to_document(), limits=few)

    assert again == model
    with pytest.raises(DocumentError, match="max_cells"):
        compile_model(again, limits=few)


def test_binding_the_canonical_document_changes_nothing(model: Model) -> None:
    again = bind(load_template(model.to_document()))

    assert again.to_document() == model.to_document()
    assert again.model_hash == model.model_hash


def test_a_document_is_a_fresh_copy(model: Model) -> None:
    model.to_document()["nodes"][0]["values"][0] = 99

    assert model.to_document()["nodes"][0]["values"] == [1.0, 2.0, 3.0, 4.0]


def test_the_written_document_holds_no_alias_and_no_placeholder(model: Model) -> None:
    text = canonical_json(model.to_document()).decode()

    for word in ("${", "schema_version", "expression", '"rate":3', '"source":"Lake', "bin_size"):
        assert word not in text
    assert '"ratePerBin":3' in text
    assert '"binUnit":"minutes"' in text
    assert '"start":"2013-02-07T06:00:00Z"' in text


@pytest.mark.parametrize("name", VALID)
def test_every_known_model_reads_back_equal(name: str) -> None:
    loaded = yaml.load((CASES / f"{name}.yaml").read_text(encoding="utf-8"), yaml.CSafeLoader)
    metadata = {"id": "case", "title": "case", "version": "1.0.0"}
    strict = loaded.get("strict", False)

    model = bind(load_template({"metadata": metadata, **loaded["model"]}, strict=strict))

    assert load_model(model.to_document()) == model


def test_the_order_of_keys_does_not_matter(model: Model) -> None:
    def backwards(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: backwards(value[key]) for key in reversed(value)}
        return [backwards(item) for item in value] if isinstance(value, list) else value

    assert load_model(backwards(model.to_document())) == model


def test_the_caller_chooses_mode_and_randomness() -> None:
    template = load_template(EVERYTHING)

    seeded = bind(template, rng={"seed": 9})
    replaced = bind(template, rng=Rng(seed=1), mode="telemetry")

    assert seeded.rng == Rng(mode="sample", seed=9)
    assert replaced.rng == Rng(seed=1)
    assert template.rng == Rng(mode="sample", seed=7)


@pytest.mark.parametrize(
    ("choice", "found"),
    [
        ({"mode": "live"}, ("bad_enum", "mode")),
        ({"rng": {1: 2}}, ("unknown_key", 'rng["1"]')),
        ({"rng": {"seed": -1}}, ("bad_seed", "rng.seed")),
        ({"rng": {"seed": 1.5}}, ("bad_seed", "rng.seed")),
        ({"rng": {"seed": True}}, ("bad_seed", "rng.seed")),
        ({"rng": {"seed": "x"}}, ("bad_seed", "rng.seed")),
        ({"rng": {"seed": 10**5000}}, ("bad_seed", "rng.seed")),
        ({"rng": {"sed": 1}}, ("unknown_key", "rng.sed")),
        ({"rng": {"mode": "often"}}, ("bad_enum", "rng.mode")),
        ({"rng": {"kind": "mt19937"}}, ("bad_enum", "rng.kind")),
    ],
)
def test_a_choice_that_makes_no_sense_is_refused(
    choice: dict[str, Any], found: tuple[str, str]
) -> None:
    with pytest.raises(DocumentError) as refusal:
        bind(load_template(EVERYTHING), **choice)

    assert [(p.code, p.path) for p in refusal.value.problems] == [found]


def test_a_template_says_what_a_form_needs() -> None:
    template = load_template(EVERYTHING)

    parameter = template.parameters[0]
    assert (parameter.name, parameter.type, parameter.default) == ("rate", "number", 12.5)
    assert (parameter.minimum, parameter.title, parameter.has_default) == (0.0, "Rate", True)
    assert (template.id, template.version, template.mode) == ("all", "1.0.0-rc.1", "telemetry")
    assert [definition.id for definition in template.classes] == ["Red", "Blue"]
    assert template.document["nodes"][2]["value"] == "${rate}"


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2013-02-07", "2013-02-07T00:00:00Z"),
        ("2013-02-07T06:30", "2013-02-07T06:30:00Z"),
        ("2013-02-07 06:30:15Z", "2013-02-07T06:30:15Z"),
        ("2013-02-07T06:30:15.250+00:00", "2013-02-07T06:30:15.250Z"),
        ("2013-02-07T06:30:15.250000", "2013-02-07T06:30:15.250Z"),
        ("2020-02-29", "2020-02-29T00:00:00Z"),
        ("9999-12-31", "9999-12-31T00:00:00Z"),
    ],
)
def test_a_start_is_an_instant_in_utc(text: str, instant: str) -> None:
    model = bind(load_template(EVERYTHING.replace("2013-02-07T06:00+00:00", text)))

    assert model.to_document()["grid"]["start"] == instant
    assert model.window["start"] == instant


@pytest.mark.parametrize(
    "text",
    [
        "2013-02-30",
        "2019-02-29",
        "0000-01-01",
        "2013-2-7",
        "20130207",
        "2013-02-07T24:00",
        "2013-02-07T06:60",
        "2013-02-07T06:00:60",
        "2013-02-07T06:00-00:00",
        "2013-02-07T06:00+01:00",
        "2013-02-07T06:00:00.0001",
        "2013-W06",
        "now",
        "\uff12013-02-07",
    ],
)
def test_other_timestamps_are_refused(text: str) -> None:
    report = validate(EVERYTHING.replace("2013-02-07T06:00+00:00", text))

    assert [(p.code, p.path) for p in report.problems] == [("bad_timestamp", "grid.start")]


def test_starts_are_the_instants_bins_begin(model: Model) -> None:
    starts = model.grid.starts()

    assert starts is not None
    assert starts.dtype == "datetime64[ms]"
    assert [str(instant) for instant in starts] == [
        "2013-02-07T06:00:00.000",
        "2013-02-07T06:15:00.000",
        "2013-02-07T06:30:00.000",
        "2013-02-07T06:45:00.000",
    ]


def test_too_many_cells_are_refused_before_anything_is_allocated() -> None:
    text = EVERYTHING.replace("bins: 4", "bins: 90000").replace("values: [1, 2, 3, 4]", "value: 1")
    text = text.replace("kind: inline, weights: [1, 2, 3, 4]", "kind: builtin, name: flat")

    few = validate(text, limits=Limits(max_cells=1_000_000))
    enough = validate(text)

    assert [(p.code, p.path) for p in few.problems] == [("limit_exceeded", "grid.bins")]
    assert enough.problems == ()


@pytest.mark.parametrize(
    ("of_place", "of_node", "sunk"),
    [
        ({"wipLimit": 3, "wipOverflow": "S"}, {}, [2, 5]),
        ({"wipLimit": 3}, {"wipOverflow": "S"}, [2, 5]),
        ({"wipOverflow": "S"}, {"wipLimit": 3}, [2, 5]),
        ({}, {"wipLimit": 3, "wipOverflow": "S"}, [2, 5]),
        ({"wipLimit": 3}, {}, [1, 1]),
        ({"wipOverflow": "S"}, {}, [1, 1]),
        ({}, {}, [1, 1]),
    ],
)
def test_a_limit_and_where_it_overflows_may_stand_apart_and_read_back(
    of_place: dict[str, Any], of_node: dict[str, Any], sunk: list[float]
) -> None:
    """Engine §8.5, §23.1: a place's ``wip*`` applies to the queue it binds, and the written model is accepted again."""
    tank = {"kind": "serviceWithBuffer", "inflow": "i", "outflow": "o", **of_node}
    bound = small.model(
        {"i": [5, 5], "o": [1, 1], "tank": tank},
        places=[
            small.place("Q", arrivals="i", served="o", queueDepth="tank", **of_place),
            small.place("S", "sink", arrivals="o"),
        ],
    )

    again = load_model(bound.to_document())

    assert again == bound
    assert again.model_hash == bound.model_hash
    assert evaluate(again).role("S", "arrivals").tolist() == sunk
