"""The Grafana dashboard asks for metrics that FlowTime counts, and for all of its own."""

import json
import re
from pathlib import Path

import pytest
from django.test import Client

import flowtime.metrics

DASHBOARD = json.loads(
    (Path(__file__).resolve().parents[2] / "docs/reference/dashboards/flowtime.json").read_text()
)
FUNCTIONS = {"histogram_quantile", "sum", "by", "rate", "increase", "le", "mode", "code", "status"}


def asked_for() -> set[str]:
    """The metrics of every query, by the names that they have on /metrics."""
    expressions = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    plain = (re.sub(r"\$__\w+", "", expression) for expression in expressions)
    return {w for e in plain for w in re.findall(r"[a-z_]{3,}", e)} - FUNCTIONS


def own() -> set[str]:
    return {name for name in vars(flowtime.metrics) if re.match(r"(run|capture)_", name)}


@pytest.mark.django_db(transaction=True)
def test_every_metric_of_the_dashboard_is_counted(api):
    api.post("/v1/runs", {"templateId": "first-steps"})

    text = Client().get("/metrics").content.decode()
    counted = set(re.findall(r"^# TYPE (\S+) ", text, re.MULTILINE))

    for name in asked_for():
        assert {name, name.removesuffix("_bucket"), f"{name}_total"} & counted, name


def test_every_count_of_ours_is_on_the_dashboard():
    assert own() == {
        name.removesuffix("_bucket") for name in asked_for() if re.match(r"(run|capture)_", name)
    }


def test_panels_have_places_and_names_of_their_own():
    panels = DASHBOARD["panels"]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({panel["title"] for panel in panels}) == len(panels)
    places = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}
    assert len(places) == len(panels)
