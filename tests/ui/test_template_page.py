"""The model page of a template: story, parameters, topology, formulas, classes, problems; and the ways to it."""

import re

import pytest

from tests import flows
from tests.pages import element_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

RETRIES = """\
schemaVersion: 1
metadata:
  id: rounds
  title: Rounds
  version: 1.2.0
  description: Work that comes back.
  narrative: |
    The first paragraph
    goes on here.

    The second one ends with <b>no</b> markup.
grid: {bins: 4, binSize: 1, binUnit: hours}
window: {start: "2026-03-02T08:00:00Z", timezone: UTC}
rng: {kind: pcg32, mode: sample, seed: 9}
parameters:
  - {name: share, type: number, default: 0.5, minimum: 0, maximum: 1, title: Share, unit: share, description: What returns.}
  - {name: needed, type: array, arrayOf: number, length: 4, default: [1, 2, 3, 4]}
classes:
  - {id: Gold, displayName: Golden}
nodes:
  - {id: came, kind: pmf, pmf: {values: [1, 2], probabilities: [0.5, 0.5]}}
  - {id: plan, kind: const, values: "${needed}"}
  - {id: again, kind: expr, expr: "${share} * SHIFT(came, 1)", metadata: {title: What returns}}
  - {id: split, kind: router, inputs: {queue: came}, routes: [{target: left, weight: 3}, {target: right}]}
topology:
  nodes:
    - {id: Desk, label: Front desk, kind: serviceWithBuffer, group: Hall, semantics: {arrivals: came, capacity: 3, errors: again, aliases: {arrivals: visitors}}}
    - {id: Shop, kind: sink, semantics: {arrivals: left}}
    - {id: Lost, kind: dlq, semantics: {arrivals: again}}
  edges:
    - {from: Desk, to: Shop, weight: 0.75, lag: 1}
    - {from: Desk, to: Lost, type: terminal, measure: errors}
    - {from: Shop, to: Desk, type: effort, measure: attempts}
"""


@pytest.fixture(autouse=True)
def rounds(data_dirs):
    flows.add_template(data_dirs.templates, RETRIES, name="rounds")


def test_the_page_tells_the_story_and_leads_to_a_run(pages):
    page = pages.get("/templates/rounds")

    html = page.content.decode()
    assert page.status_code == 200
    assert "<h1>Rounds <span" in html
    assert "<p>The first paragraph goes on here.</p>" in html
    assert "<p>The second one ends with &lt;b&gt;no&lt;/b&gt; markup.</p>" in html
    assert 'href="/runs/new?template=rounds#setup">Run this template</a>' in html
    said = text_of(page)
    assert "4 × 1 h, 4 hours" in said
    assert "2 Mar 2026" in said
    assert "One sample, seed 9" in said
    assert "Golden" in said


def test_every_parameter_is_there_with_its_bounds_and_default(pages):
    said = text_of(pages.get("/templates/rounds"))

    assert "Share What returns. share number Number, 0 to 1 share. 0.5 share" in said
    assert "needed needed array of numbers 4 numbers. 4 values, 1 to 4" in said


def test_the_topology_is_drawn_from_left_to_right_with_words_for_who_cannot_see_it(pages):
    page = pages.get("/templates/rounds")

    assert element_of(page, "drawing-title")["words"] == "Topology of Rounds"
    said = element_of(page, "drawing-desc")["words"]
    assert said == "From left to right: Front desk to Shop; Front desk to Lost; Shop to Front desk."
    html = page.content.decode()
    lefts = {
        name: float(x)
        for x, name in re.findall(
            r'translate\(([\d.]+) [\d.]+\).*?class="name"[^>]*>([^<]+)<', html
        )
    }
    assert lefts["Front desk"] < lefts["Shop"] == lefts["Lost"]
    assert html.count('class="edge terminal"') == html.count('class="edge effort"') == 1
    words = text_of(page)
    assert "× 0.75 lag 1" in words
    assert "Front desk Desk Hall Service with a queue arrivals came “visitors”" in words
    assert "capacity 3" in words
    assert "Front desk Lost terminal errors 1 –" in words


def test_every_formula_is_there_as_it_is_written(pages):
    page = pages.get("/templates/rounds")

    said = text_of(page)
    assert element_of(page, "series-again")["words"] == "again What returns"
    assert "${share} * SHIFT(came, 1)" in said
    assert "plan ${needed} const" in said
    assert "1 with probability 0.5, 2 with probability 0.5 pmf" in said
    assert "came to left (weight 3), right (weight 1) defines left, right router" in said


def test_a_source_stands_for_its_formula(pages):
    assert "coming from file:counted.csv#gate const" in text_of(pages.get("/templates/counted"))


def test_a_broken_template_says_where_it_is_broken(pages):
    page = pages.get("/templates/broken")

    said = text_of(page)
    assert page.status_code == 200
    assert "This template cannot be run until its problems are solved." in said
    assert "nodes[0].expr" in said
    assert "Run this template" not in said


def test_a_template_without_places_says_so(pages):
    said = text_of(pages.get("/templates/bare"))

    assert "This model has no places, only computation." in said
    assert "x 1, 2, 3 const" in said


def test_a_template_that_needs_values_is_shown_and_can_be_run(pages, data_dirs):
    text = flows.DESK.replace("default: 5, ", "").replace("id: desk", "id: needy")
    flows.add_template(data_dirs.templates, text, name="needy")

    said = text_of(pages.get("/templates/needy"))

    assert "needs a value" in said
    assert "Its defaults alone give no model; a run needs other values." in said
    assert "Run this template" in said


def test_an_unknown_template_is_a_page_of_its_own(pages):
    response = pages.get("/templates/nowhere")

    assert response.status_code == 404
    assert "Pick another template." in text_of(response)


@pytest.mark.parametrize("template_id", ["desk", "broken"])
def test_every_card_leads_to_its_model(pages, template_id):
    cards = pages.get("/runs/new")

    assert f'class="card-model" href="/templates/{template_id}"' in cards.content.decode()


def test_a_run_leads_to_its_template(pages, make_run):
    run = make_run("rounds", rng_mode="sample", replicate=4)

    page = pages.get(f"/runs/{run.pk}")

    assert '<a class="plain" href="/templates/rounds">Rounds</a>' in page.content.decode()
    assert "one sample, replicate 4" in text_of(page)


def test_every_shipped_template_has_its_page(pages):
    from runs import catalog

    for entry in catalog.all_entries():
        assert pages.get(f"/templates/{entry.template_id}").status_code == 200
