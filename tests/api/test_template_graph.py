"""GET /v1/templates/{templateId}: the graph of a template, its formulas, and how it treats chance."""

import pytest

from tests.flows import make_run, post_run

pytestmark = pytest.mark.django_db


def test_a_template_has_its_places_connections_and_formulas(api):
    graph = api.get("/v1/templates/counted").json()["graph"]

    gate, shelf = graph["nodes"]
    assert (gate["id"], gate["kind"], gate["label"], gate["group"]) == ("Gate", "queue", None, None)
    assert gate["semantics"]["arrivals"] == "coming"
    assert gate["semantics"]["errors"] == "lost"
    assert gate["series"]["arrivals"] == "coming@COMING@DEFAULT"
    assert shelf["kind"] == "dlq"
    assert graph["edges"] == [
        {
            "id": graph["edges"][0]["id"],
            "from": "Gate",
            "to": "Shelf",
            "type": "terminal",
            "measure": "errors",
            "weight": 1.0,
            "lag": 0,
        }
    ]
    coming, lost = graph["formulas"]
    assert (coming["id"], coming["kind"], coming["formula"]) == ("coming", "const", None)
    assert coming["source"] == "file:counted.csv#gate"
    assert (lost["kind"], lost["formula"], lost["source"]) == ("expr", "0.25 * coming", None)
    assert lost["unit"] == "entities/bin"


def test_formulas_of_a_template_have_its_placeholders_those_of_a_run_its_values(api):
    template = api.get("/v1/templates/desk").json()["graph"]["formulas"]
    run = make_run(api, "desk", parameters={"extra": 3})
    computed = api.get(f"/v1/runs/{run['runId']}/graph").json()["formulas"]

    assert [made["id"] for made in template] == [made["id"] for made in computed]
    assert template[1]["formula"] == "visitors + ${extra}"
    assert computed[1]["formula"] == "visitors + 3"
    assert template[0]["formula"] == computed[0]["formula"] == "4, 9, 3, 2"


def test_a_router_names_the_series_it_defines(api):
    formulas = api.get("/v1/templates/emergency-department").json()["graph"]["formulas"]

    streaming = next(made for made in formulas if made["id"] == "Streaming")
    assert streaming["kind"] == "router"
    assert streaming["targets"] == ["to_resus", "to_bays", "on_foot"]


def test_a_broken_template_has_no_graph(api):
    body = api.get("/v1/templates/broken").json()

    assert body["graph"] is None
    assert body["problems"]


def test_a_template_says_how_it_treats_chance(api):
    body = api.get("/v1/templates/call-centre-uncertain").json()

    assert body["rng"] == {"kind": "pcg32", "seed": 20261005, "mode": "sample"}


def test_a_problem_of_the_model_points_to_the_parameter_that_caused_it(api, data_dirs):
    text = (
        "schemaVersion: 1\n"
        "metadata: {id: gated, title: Gated, version: 1.0.0}\n"
        "grid: {bins: 3, binSize: 1, binUnit: hours}\n"
        "parameters:\n  - {name: every, type: integer, default: 1}\n"
        "nodes:\n  - {id: x, kind: const, values: [1, 2, 3]}\n"
        "topology:\n  nodes:\n    - {id: Gate, kind: queue, semantics: {arrivals: x, capacity: 3},"
        ' dispatchSchedule: {periodBins: "${every}"}}\n'
    )
    (data_dirs.templates / "gated.yaml").write_text(text)

    response = post_run(api, "gated", parameters={"every": 0})

    assert response.status_code == 422
    body = response.json()
    assert body["code"] == "model_invalid"
    assert body["errors"][0]["pointer"] == "/parameters/every"
    assert body["errors"][0]["path"] == "topology.nodes[0].dispatchSchedule.periodBins"
