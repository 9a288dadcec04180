"""The Time travel tab as the server writes it: where it opens, what its address decides, and the parts it hands out."""

import json
import re

import pytest

from tests.pages import element_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def config_of(page):
    """What the scripts of the player are told."""
    found = re.search(r'id="travel-config"[^>]*>(.*?)</script>', page.content.decode())
    return json.loads(found[1])


def test_a_run_opens_where_its_queue_peaks_on_the_node_that_waits_most(pages, make_run):
    # 4, 9, 3 and 2 visitors, five served an hour: four wait at the end of bin 1.
    page = pages.get(f"/runs/{make_run().pk}")

    assert element_of(page, "clock")["words"] == "Mon 2 Mar 2026, 09:00 to 10:00"
    assert element_of(page, "clock-bin")["words"] == "bin 1 of 0–3, UTC"
    assert element_of(page, "inspector-h")["words"] == "Desk"
    assert element_of(page, "headline")["words"] == "4"
    assert element_of(page, "headline-at")["words"] == "10:00"
    assert "up 4 in this bin, peak 4 in bin 1" in text_of(page)


def test_the_blizzard_opens_on_monday_evening_and_not_on_the_storm(pages, make_run):
    page = pages.get(f"/runs/{make_run('nyc-departures').pk}")

    assert element_of(page, "clock")["words"] == "Mon 11 Feb 2013, 19:00 to 20:00"
    assert element_of(page, "inspector-h")["words"] == "John F. Kennedy"
    # The roll-up of the three airports is not counted a second time.
    assert element_of(page, "value-leading")["words"] == "76"


def test_at_the_height_of_the_storm_errors_are_named_and_kennedy_stays_green(pages, make_run):
    page = pages.get(f"/runs/{make_run('nyc-departures').pk}?bin=41&node=JFK")

    assert element_of(page, "value-all-errors")["words"] == "68"
    assert element_of(page, "value-leading")["words"] == "0"
    assert element_of(page, "chip")["data-state"] == "green"


def test_the_address_decides_bin_node_metric_rows_and_range(pages, make_run):
    run = make_run("nyc-departures")

    page = pages.get(f"/runs/{run.pk}?bin=20&node=LGA&metric=errors&rows=metric&from=12&to=35")

    assert config_of(page)["view"] == {
        "bin": 20,
        "node": "LGA",
        "metric": "errors",
        "rows": "metric",
        "from": 12,
        "to": 35,
    }
    assert element_of(page, "inspector-h")["words"] == "LaGuardia"
    assert element_of(page, "rows-title")["words"] == "Errors"
    assert element_of(page, "metric")["words"].startswith("Queue depth")
    assert '<option value="errors" selected>' in page.content.decode()


@pytest.mark.parametrize(
    "query", ["bin=x&node=nobody&metric=none&rows=2", "bin=-1&from=9&to=2", "bin=１"]
)
def test_an_address_that_says_nothing_opens_where_a_run_opens(pages, make_run, query):
    run = make_run()
    usual = config_of(pages.get(f"/runs/{run.pk}"))["view"]

    assert config_of(pages.get(f"/runs/{run.pk}?{query}"))["view"] == usual


def test_a_bin_beyond_the_run_is_its_last(pages, make_run):
    page = pages.get(f"/runs/{make_run().pk}?bin=999999")

    assert element_of(page, "clock-bin")["words"] == "bin 3 of 0–3, UTC"


def test_the_panel_says_what_the_state_of_the_api_says(pages, api, make_run):
    run = make_run("nyc-departures")
    page = pages.get(f"/runs/{run.pk}?bin=114&node=JFK")
    state = api.get(f"/v1/runs/{run.pk}/state?bin=114").json()
    node = next(node for node in state["nodes"] if node["nodeId"] == "JFK")

    panel = page.content.decode().split('<aside class="panel inspector"')[1].split("</aside>")[0]
    shown = dict(
        re.findall(r'<tr data-figure="(\w+)">.*?<span data-value[^>]*>([^<]*)</span>', panel)
    )
    from runs import measures, wording

    expected = {**node["observed"], **node["derived"]}
    assert shown == {
        name: wording.say_number(value, decimals=measures.DECIMALS[name])
        for name, value in expected.items()
    }
    # 35 waiting and 12 an hour: 175 minutes.
    assert "queueDepth / served × 60 = 35 / 12 × 60 = 175 min, promised 75" in text_of(page)


def test_an_undefined_wait_says_why(pages, make_run):
    page = pages.get(f"/runs/{make_run('nyc-departures').pk}?bin=43&node=EWR")

    assert element_of(page, "chip")["words"].endswith("undefined")
    assert "undefined: nothing was served" in text_of(page)


def test_the_numbers_behind_the_charts_are_a_table_of_the_node(pages, make_run):
    run = make_run()

    page = pages.get(f"/runs/{run.pk}?node=Desk&row=0")

    assert "1 Mon 2 Mar 2026, 09:00 to 10:00 R beyond 4 48 9 5 1" in text_of(page)


def test_parts_are_kept_for_good_under_the_digest_of_the_files(pages, make_run):
    run = make_run()
    parts = config_of(pages.get(f"/runs/{run.pk}"))["parts"]

    for part in ("bins", "overview", "node", "rows", "panel", "table", "metric?metric=errors"):
        response = pages.get(parts + part)
        assert response.status_code == 200, part
        assert response["Cache-Control"] == "private, max-age=31536000, immutable"


def test_a_block_may_be_of_one_bin(pages, make_run):
    parts = config_of(pages.get(f"/runs/{make_run().pk}"))["parts"]

    whole = pages.get(f"{parts}bins?from=0&to=3").content
    last = pages.get(f"{parts}bins?from=3&to=3").content

    assert len(last) < len(whole)


def test_a_part_of_other_files_is_refused(pages, make_run):
    run = make_run()

    response = pages.get(f"/runs/{run.pk}/travel/0123456789abcdef/bins")

    assert response.status_code == 404
    assert "The run has changed since its page was opened." in text_of(response)


def test_a_part_that_is_not_there_is_refused(pages, make_run):
    parts = config_of(pages.get(f"/runs/{make_run().pk}"))["parts"]

    assert pages.get(f"{parts}nothing").status_code == 404


def test_a_run_without_a_topology_says_so(pages, make_run):
    assert "No nodes to draw" in text_of(pages.get(f"/runs/{make_run('bare').pk}"))


def test_an_expression_of_the_template_carries_the_values_of_the_bin(pages, make_run):
    run = make_run(parameters={"extra": 2})

    page = pages.get(f"/runs/{run.pk}?bin=1&node=Desk")

    (told,) = re.findall(r'data-formula="=everybody">(.*?)</p>', page.content.decode())
    lines = [re.sub(r"<[^>]+>", "", line) for line in told.split("<br>")]
    assert lines[0] == "visitors + 2"
    assert lines[1] == "= 9 + 2"
    assert lines[2].startswith("= 11 entities/bin")


def test_what_was_observed_is_not_explained_by_an_expression(pages, make_run, make_capture, alice):
    from runs.services import create_replay

    run = make_run()
    make_capture(run)
    replayed = create_replay(run, source="telemetry", user=alice)

    html = pages.get(f"/runs/{replayed.pk}?bin=1&node=Desk").content.decode()

    assert 'data-formula="latencyMinutes"' in html
    assert 'data-formula="=everybody"' not in html
