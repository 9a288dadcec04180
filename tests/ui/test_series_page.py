"""The page of one series: its course, numbers, statistics, formula with its inputs, and what reads it."""

import re

import pytest

from tests.pages import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]

EVERYBODY = "everybody@EVERYBODY@DEFAULT"
VISITORS = "visitors@VISITORS@DEFAULT"


@pytest.fixture
def desk(make_run):
    return make_run("desk", parameters={"extra": 2})


def show(pages, run, series_id, **query):
    return pages.get(f"/runs/{run.pk}/series/{series_id}", query)


def test_says_what_the_series_is(pages, desk):
    page = show(pages, desk, EVERYBODY)

    assert page.status_code == 200
    words = text_of(page)
    assert "Kind flow Unit entities/bin Class all Node Desk Role Desk: arrivals" in words
    assert "Points 4" in words


def test_statistics_name_their_bins(pages, desk):
    words = text_of(show(pages, desk, EVERYBODY))

    assert "Total 26 Mean 6.5 Median 5.5" in words
    assert "Largest 11 bin 1 Least 4 bin 3 First 6 bin 0 Last 4 bin 3 Undefined bins 0" in words


def test_the_inputs_of_its_formula_are_links(pages, desk):
    html = show(pages, desk, EVERYBODY).content.decode()

    (formula,) = re.findall(r'<p class="formula">(.*?)</p>', html)
    assert formula == f'<a href="/runs/{desk.pk}/series/{VISITORS}">visitors</a> + 2'


def test_what_reads_it_is_a_link_back(pages, desk):
    html = show(pages, desk, VISITORS).content.decode()

    assert "Read by" in html
    assert f'href="/runs/{desk.pk}/series/{EVERYBODY}"' in html


def test_a_derived_metric_shows_its_rule_with_its_inputs(pages, desk):
    index = {e.id: e for e in pages_index(desk)}
    html = show(pages, desk, index["desk_latency_minutes"].series_id).content.decode()

    (formula,) = re.findall(r'<p class="formula">(.*?)</p>', html)
    assert re.findall(r">(\w+)</a>", formula) == ["queueDepth", "served"]
    assert "× 60" in formula


def test_a_queue_follows_from_what_it_was_before(pages, desk):
    index = {e.id: e for e in pages_index(desk)}
    html = show(pages, desk, index["desk_queue"].series_id).content.decode()

    (formula,) = re.findall(r'<p class="formula">(.*?)</p>', html)
    assert re.sub(r"<[^>]+>", "", formula).startswith("queueDepth before + arrivals")
    assert re.findall(r">(\w+)</a>", formula) == ["arrivals", "served"]


def test_every_input_of_every_series_leads_to_a_page(pages, desk):
    for entry in pages_index(desk):
        page = show(pages, desk, entry.series_id)

        assert page.status_code == 200
        for link in re.findall(r'href="(/runs/[^"]+/series/[^"]+)"', page.content.decode()):
            assert pages.get(link).status_code == 200


def test_values_stand_bin_by_bin(pages, desk):
    words = text_of(show(pages, desk, EVERYBODY))

    assert "0 Mon 2 Mar, 08:00 6 1 Mon 2 Mar, 09:00 11" in words


def test_a_gap_stays_a_gap(pages, make_run):
    run = make_run("counted")

    page = show(pages, run, "coming@COMING@DEFAULT")

    assert "Undefined bins 1" in text_of(page)
    (line,) = re.findall(r'<path class="ink" d="([^"]+)"', page.content.decode())
    assert line.count("M") == 2


def test_class_parts_and_their_total_lead_to_each_other(pages, make_run):
    run = make_run("counted")
    parts = [e for e in pages_index(run) if e.id and e.id.endswith("@Adult")]

    page = show(pages, run, parts[0].series_id)

    assert "The part of class Adult of" in text_of(page)
    assert "Parts by class Adult , Child" in text_of(show(pages, run, "coming@COMING@DEFAULT"))


def test_where_it_comes_from_outside_is_said(pages, make_run):
    run = make_run("counted")

    assert "Read from file:counted.csv#gate ." in text_of(show(pages, run, "coming@COMING@DEFAULT"))


def test_the_file_is_as_it_was_written(pages, desk, data_dirs):
    response = pages.get(f"/runs/{desk.pk}/series/{EVERYBODY}/download")

    file = data_dirs.runs / desk.pk / "series" / f"{EVERYBODY}.csv"
    assert response.content == file.read_bytes()
    assert f'filename="{EVERYBODY}.csv"' in response["Content-Disposition"]


def test_a_series_that_is_not_there_is_not_found(pages, desk):
    page = show(pages, desk, "nothing")

    assert page.status_code == 404
    assert f"Run {desk.pk} has no series" in text_of(page)


def test_a_replay_compares_the_series_with_its_source(pages, desk, alice):
    from runs.services import create_replay

    replay = create_replay(desk, source="model", user=alice)

    html = show(pages, replay, EVERYBODY).content.decode()

    assert (
        f"/runs/compare?a={desk.pk}&amp;b={replay.pk}&amp;series=everybody%40EVERYBODY%40DEFAULT"
        in html
    )


def pages_index(run):
    from runs.series import read_index

    return read_index(run)


def test_a_series_that_was_observed_says_so_instead_of_a_formula(
    pages, make_run, make_capture, alice
):
    from runs.services import create_replay

    run = make_run()
    make_capture(run)
    replayed = create_replay(run, source="telemetry", user=alice)

    page = pages.get(f"/runs/{replayed.pk}/series/everybody@EVERYBODY@DEFAULT")

    said = text_of(page)
    assert "Observed: from Desk_Arrivals.csv of the telemetry bundle it was replayed from." in said
    assert 'class="formula"' not in page.content.decode()
