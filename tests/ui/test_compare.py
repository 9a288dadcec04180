"""Two runs side by side: the verdict, parameters, figures, overlaid courses, the list of series, and the choice."""

import csv
import io

import pytest

from tests.factories import RunFactory
from tests.pages import element_of, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


@pytest.fixture
def pair(make_run):
    return make_run("desk"), make_run("desk", parameters={"extra": 2})


def compare(pages, a, b, **query):
    return pages.get("/runs/compare", {"a": a.pk, "b": b.pk, **query})


def test_says_how_many_series_differ_and_where_first(pages, pair):
    page = compare(pages, *pair)

    assert page.status_code == 200
    said = element_of(page, "verdict")["words"]
    assert "series differ." in said
    assert "The first difference is in bin 0 (Mon 2 Mar, 08:00), in" in said


def test_parameters_that_differ_come_first(pages, pair):
    words = text_of(compare(pages, *pair))

    assert "1 of 4 differs" in words
    assert (
        "extra 0 2 +2 perHour 5 5 same Seed 123 123 same Mode simulation simulation same" in words
    )


def test_an_identical_pair_is_called_identical(pages, make_run):
    a, b = make_run("desk"), make_run("desk")

    page = compare(pages, a, b)

    said = element_of(page, "verdict")["words"]
    assert said.startswith("Identical: ")
    assert said.endswith("series, equal in every bin.")
    assert "series are identical, bin by bin" in text_of(page)


def test_a_run_beside_itself_is_noticed(pages, make_run):
    run = make_run("desk")

    assert "A and B are the same run." in element_of(compare(pages, run, run), "verdict")["words"]


def test_figures_of_the_whole_run_are_side_by_side(pages, pair):
    words = text_of(compare(pages, *pair))

    assert "Desk, served 18 20 +2" in words
    assert "Desk, largest queue 4 7 +3" in words
    assert "Warnings" in words


def test_series_are_listed_by_the_size_of_their_difference(pages, pair):
    page = compare(pages, *pair)
    shown = page.context["shown"]

    sizes = [line.match.difference.max_abs for line in shown.series.lines]
    assert sizes == sorted(sizes, reverse=True)
    assert all(not line.match.difference.is_identical for line in shown.series.lines)
    everything = compare(pages, *pair, identical="1").context["shown"].series
    assert len(everything.lines) == shown.matched


def test_courses_are_drawn_over_one_another(pages, pair):
    html = compare(pages, *pair, show="arrivals").content.decode()

    assert '<path class="ink" d="M0 ' in html
    assert '<path class="b" d="M0 ' in html
    assert '<path class="bdiff" d="M0 ' in html


def test_one_series_has_a_table_of_its_bins(pages, pair):
    entry = next(
        e for e in compare(pages, *pair).context["shown"].different if e.entry.id == "everybody"
    ).entry

    page = compare(pages, *pair, series=entry.series_id)

    words = text_of(page)
    assert "0 Mon 2 Mar, 08:00 4 6 +2" in words
    assert "3 Mon 2 Mar, 11:00 2 4 +2" in words


def test_a_choice_that_does_not_exist_is_passed_over(pages, pair):
    assert compare(pages, *pair, show="nothing", series="x", page="-3", row="z").status_code == 200


def test_swapping_keeps_the_question(pages, pair):
    a, b = pair

    swap = element_of(compare(pages, a, b, show="arrivals"), "swap")["href"]

    assert f"a={b.pk}" in swap
    assert f"b={a.pk}" in swap
    assert "show=arrivals" in swap
    assert pages.get(f"/runs/compare{swap}").status_code == 200


def test_different_grids_are_said_and_not_compared(pages, make_run):
    page = compare(pages, make_run("desk"), make_run("counted"))

    said = element_of(page, "verdict")["words"]
    assert "series in common" in said or "The grids differ" in said
    assert "different templates, desk and counted" in said
    assert "overlaid" not in page.content.decode()


def test_runs_without_a_series_in_common_say_so(pages, make_run):
    said = element_of(compare(pages, make_run("desk"), make_run("bare")), "verdict")["words"]

    assert "no series in common" in said
    assert "only in A" in said
    assert "only in B" in said


def test_a_missing_run_is_named_beside_the_choice(pages, make_run):
    run = make_run("desk")

    page = pages.get("/runs/compare", {"a": run.pk, "b": "run_nowhere"})

    assert page.status_code == 404
    assert "There is no run 'run_nowhere'." in text_of(page)
    assert element_of(page, "a")["value"] == run.pk


def test_a_run_that_has_not_finished_is_refused_in_words(pages, make_run):
    queued = RunFactory(status="queued", started_at=None, finished_at=None)

    page = compare(pages, make_run("desk"), queued)

    assert page.status_code == 422
    assert "The run has not finished." in text_of(page)


def test_without_two_runs_one_chooses(pages, make_run):
    first, second = make_run("desk"), make_run("desk", parameters={"extra": 1})

    page = pages.get("/runs/compare", {"a": first.pk})

    assert page.status_code == 200
    assert f'href="?a={first.pk}&amp;b={second.pk}"' in page.content.decode()
    assert "Choose as A" in text_of(pages.get("/runs/compare"))


def test_differences_are_a_table_that_spreadsheets_open(pages, pair):
    a, b = pair

    response = pages.get("/runs/compare/differences", {"a": a.pk, "b": b.pk})

    assert response["Content-Type"] == "text/csv; charset=utf-8"
    rows = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert rows[0]["identical"] == "false"
    assert rows[-1]["identical"] == "true"
    assert float(rows[0]["max_abs_diff"]) >= float(rows[1]["max_abs_diff"])


def test_a_replay_leads_to_its_source_in_one_click(pages, make_run, alice):
    from runs.services import create_replay

    run = make_run("desk")
    replay = create_replay(run, source="model", user=alice)

    link = element_of(pages.get(f"/runs/{replay.pk}"), "compare")

    assert link["href"] == f"/runs/compare?a={run.pk}&b={replay.pk}"
    assert link["aria-keyshortcuts"] == "c"
    assert "Identical" in text_of(pages.get(link["href"]))


def test_strangers_are_sent_to_the_door(client, pair):
    a, b = pair

    assert client.get("/runs/compare", {"a": a.pk, "b": b.pk}).status_code == 302
