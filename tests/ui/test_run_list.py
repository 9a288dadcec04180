"""The run list: what a row says, filters in the URL, paging, rows that move, and nothing to show."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from flowtime.tasks.liveness import report_alive
from runs.models import Run
from tests.factories import RunFactory
from tests.pages import element_of, text_of

pytestmark = pytest.mark.django_db


def htmx(pages, url):
    return pages.get(url, headers={"HX-Request": "true", "HX-Target": "results"})


def test_a_row_says_what_one_asks_first(pages, alice):
    created = timezone.now() - timedelta(minutes=26)
    run = RunFactory(
        id="run_a",
        template_title="Departures through the blizzard",
        created_at=created,
        created_by=alice,
        bins=120,
        warning_count=10,
        shape="." * 12 + "g" * 24 + "yyrr" * 3,
    )

    row = element_of(pages.get("/runs"), "row-run_a")

    assert row["words"] == (
        "Succeeded Departures through the blizzard 1.0.0 run_a Simulation 120 × 1 h"
        " Telemetry No 10 – 26 minutes ago alice"
    )
    page = pages.get("/runs").content.decode()
    assert f'title="{created.day} {created:%b %Y, %H:%M:%S} UTC"' in page
    assert "Worst state over the run: 6 beyond, 6 at risk, 24 within, 12 undefined" in page
    assert run.get_absolute_url() in page


def test_telemetry_source_run_and_replayed_copy(pages):
    source = RunFactory(
        telemetry_available=True, telemetry_generated_at=timezone.now() - timedelta(days=40)
    )
    replay = RunFactory(
        mode="telemetry",
        source_run=source,
        telemetry_available=True,
        telemetry_generated_at=timezone.now(),
    )

    page = pages.get("/runs")

    assert "Yes" in element_of(page, f"row-{source.pk}")["words"]
    assert "replayed copy" in element_of(page, f"row-{replay.pk}")["words"]
    assert element_of(page, f"source-{replay.pk}")["href"] == f"/runs/{source.pk}"


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("queued", "Queued"),
        ("running", "Running 57 per cent"),
        ("failed", "Failed model_invalid"),
        ("canceled", "Cancelled"),
    ],
)
def test_every_status_has_a_word(pages, status, said):
    is_active = status in Run.Status.active()
    finished = None if is_active else timezone.now()
    RunFactory(
        id="run_a",
        status=status,
        finished_at=finished,
        failure_code="model_invalid" if status == "failed" else "",
        progress_done=57,
        progress_total=100,
        progress_unit="percent",
    )

    assert element_of(pages.get("/runs"), "row-run_a")["words"].startswith(said)


@pytest.mark.parametrize(
    "query",
    [
        "q=run_b",
        "q=blizzard+through",
        "templateId=nyc-departures",
        "mode=telemetry",
        "status=failed",
        "telemetryAvailable=true",
        "hasWarnings=true",
        "created=24h",
        "created=between&createdFrom=2026-11-20&createdTo=2026-11-20",
    ],
)
def test_each_filter_narrows_the_list(pages, query):
    now = timezone.now()
    old = now - timedelta(days=365)
    RunFactory(id="run_a", created_at=old)
    special = {
        "template_title": "Departures through the blizzard",
        "template_id": "nyc-departures",
        "mode": "telemetry",
        "telemetry_available": True,
        "telemetry_generated_at": now,
        "warning_count": 2,
        "created_at": now,
        "started_at": now,
        "finished_at": now,
    }
    if query.startswith("status"):
        special |= {"status": "failed", "failure_code": "model_invalid"}
    if query.startswith("created=between"):
        moment = datetime(2026, 11, 20, 23, 59, tzinfo=UTC)
        special |= {"created_at": moment, "started_at": moment, "finished_at": moment}
    RunFactory(id="run_b", **special)

    said = text_of(pages.get(f"/runs?{query}"))

    assert "run_b" in said
    assert "run_a" not in said


def test_a_filter_stays_in_the_form(pages):
    RunFactory(mode="telemetry")

    page = pages.get("/runs?mode=telemetry&q=run").content.decode()

    assert '<option value="telemetry" selected>' in page
    assert 'value="run"' in page


def test_htmx_gets_the_rows_alone_and_the_count_beside(pages):
    RunFactory.create_batch(3)

    page = htmx(pages, "/runs?mode=simulation")

    assert "<html" not in page.content.decode()
    assert element_of(page, "run-count")["hx-swap-oob"] == "true"
    assert element_of(page, "run-count")["words"] == "3"
    assert "HX-Request" in page["Vary"]


def test_older_and_newer_lead_through_the_list(pages):
    RunFactory.create_batch(60)
    first = pages.get("/runs?mode=simulation")
    assert "Newest 50 of 60" in text_of(first)
    older = first.context["older"]
    assert "mode=simulation" in older

    second = pages.get(f"/runs{older}")

    assert "10 of 60" in text_of(second)
    back = pages.get(f"/runs{second.context['newer']}")
    assert [r["id"] for r in back.context["runs"].page.items] == [
        r["id"] for r in first.context["runs"].page.items
    ]


def test_a_cursor_that_is_not_ours_is_refused_in_words(pages):
    response = pages.get("/runs?cursor=nonsense")

    assert response.status_code == 400
    assert "The address holds something this page cannot read" in text_of(response)


def test_the_first_visit_says_how_to_start(pages):
    said = text_of(pages.get("/runs"))

    assert "No runs yet" in said
    assert "Run the blizzard" in said


def test_no_match_repeats_the_question_and_offers_the_nearest_wider_one(pages):
    RunFactory.create_batch(2, mode="telemetry")

    page = pages.get("/runs?mode=telemetry&status=failed&hasWarnings=true")

    said = text_of(page)
    assert "No run matches" in said
    assert "Mode Telemetry, status Failed, with warnings." in said
    assert "Without the filters on status and warnings there are 2 such runs." in said
    assert page.context["runs"].wider().query == "?mode=telemetry"

    page = pages.get("/runs?mode=telemetry&status=failed")

    assert "Without the filter on status there are 2 such runs." in text_of(page)
    assert page.context["runs"].wider().query == "?mode=telemetry"


def test_rows_that_move_are_followed_and_then_left_alone(pages):
    run = RunFactory(id="run_a", status="queued", finished_at=None, started_at=None)
    live = element_of(pages.get("/runs"), "live")
    assert live["hx-get"] == "/runs?live=run_a"
    assert live["hx-trigger"] == "every 1s"

    Run.objects.filter(pk=run.pk).update(status="succeeded", finished_at=timezone.now())
    answer = htmx(pages, live["hx-get"])

    assert "hx-trigger" not in element_of(answer, "live")
    row = element_of(answer, "row-run_a")
    assert row["hx-swap-oob"] == "true"
    # The same id as before: htmx gives the focus back to it.
    assert 'id="open-run_a"' in answer.content.decode()


def test_a_viewer_sees_the_list_too(viewer_pages):
    RunFactory(id="run_a")

    assert viewer_pages.get("/runs").status_code == 200


def test_a_database_that_does_not_answer_is_said_with_a_way_back(pages, monkeypatch):
    def refuse(*_, **__):
        raise OperationalError("database is locked")

    monkeypatch.setattr("runs.selectors.keyset_page", refuse)

    response = pages.get("/runs?mode=telemetry")

    assert response.status_code == 503
    said = text_of(response)
    assert "The database is busy" in said
    assert "Nothing is lost. Try again in a moment." in said
    assert "Try again" in said
    assert response["X-Request-Id"] in said


def test_markup_in_a_title_is_inert(pages):
    RunFactory(template_title="<script>alert(1)</script>", id="run_a")

    page = pages.get("/runs").content.decode()

    assert "<script>alert(1)</script>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_each_filter_is_a_chip_that_leads_out_of_it(pages):
    RunFactory.create_batch(2, mode="telemetry", template_title="Container port")

    page = pages.get("/runs?mode=telemetry&q=port&created=7d&status=succeeded")

    chips = page.context["runs"].chips()
    assert [chip.words for chip in chips] == [
        "Id or title “port”",
        "Mode Telemetry",
        "Created in the last 7 days",
    ]
    without_time = pages.get(f"/runs{chips[2].query}")
    assert "created=" not in chips[2].query
    assert "status=succeeded" in chips[2].query
    assert len(without_time.context["runs"].page.items) == 2
    assert "Remove the filter: Mode Telemetry" in text_of(page)


def test_tabs_count_every_status_under_the_other_filters(pages):
    RunFactory.create_batch(3)
    RunFactory.create_batch(2, status="failed", failure_code="model_invalid")
    RunFactory(status="failed", failure_code="model_invalid", mode="telemetry")

    page = pages.get("/runs?mode=simulation&status=failed")

    tabs = page.context["runs"].tabs()
    assert {tab.label: tab.count for tab in tabs} == {
        "All": "5",
        "Queued": "0",
        "Running": "0",
        "Succeeded": "3",
        "Failed": "2",
        "Cancelled": "0",
    }
    assert "Newest 2" not in text_of(page)
    assert "All 2 runs" in text_of(page)
    everything = next(iter(page.context["runs"].tabs()))
    assert everything.query == "?mode=simulation"
    assert not everything.is_current


def test_counting_stops_where_nobody_reads_on(pages, monkeypatch):
    monkeypatch.setattr("runs.narrowing.COUNT_LIMIT", 2)
    RunFactory.create_batch(4)

    tabs = list(pages.get("/runs").context["runs"].tabs())

    assert tabs[0].count == "2+"


def test_where_nothing_wider_has_an_answer_only_everything_is_offered(pages):
    RunFactory()

    page = pages.get("/runs?q=zzz&mode=telemetry")

    assert page.context["runs"].wider() is None
    assert "Clear filters" in text_of(page)


def test_a_longer_span_of_time_is_the_nearest_wider_question(pages):
    old = timezone.now() - timedelta(days=3)
    RunFactory(mode="telemetry", created_at=old, started_at=old, finished_at=old)

    page = pages.get("/runs?mode=telemetry&created=24h")

    assert "In the last 7 days there is 1 such run." in text_of(page)
    assert page.context["runs"].wider().query == "?mode=telemetry&created=7d"


def test_two_ticked_runs_are_compared_the_older_first(pages):
    RunFactory(id="run_a")
    RunFactory(id="run_b")

    response = pages.get("/runs/picked?pick=run_b&pick=run_a")

    assert response.status_code == 302
    assert response["Location"] == "/runs/compare?a=run_a&b=run_b"


@pytest.mark.parametrize("query", ["", "?pick=run_a", "?pick=run_a&pick=run_b&pick=run_c"])
def test_fewer_or_more_than_two_are_refused_with_what_to_do(pages, query):
    response = pages.get(f"/runs/picked{query}")

    assert response.status_code == 422
    assert "tick two runs in the list" in text_of(response)


@pytest.mark.parametrize("count", [1, 30])
def test_the_number_of_queries_does_not_grow_with_the_rows(
    pages, count, django_assert_max_num_queries
):
    RunFactory.create_batch(count)
    # A silent worker costs one query more: for what waits.
    report_alive()

    # Session, user, what the user may, the worker's sign of life, views, rows, all counts.
    with django_assert_max_num_queries(8):
        assert pages.get("/runs?mode=simulation").status_code == 200

    # And titles, and ids that begin so.
    with django_assert_max_num_queries(10):
        assert pages.get("/runs?mode=simulation&q=run").status_code == 200


def test_wider_questions_are_counted_in_one_query(pages, django_assert_max_num_queries):
    RunFactory.create_batch(3)

    # As above with a text, what waits for a worker, the text once more, and one count of all that is wider.
    with django_assert_max_num_queries(14):
        page = pages.get("/runs?q=run&mode=telemetry&status=failed&hasWarnings=true&created=30d")

    assert "No run matches" in text_of(page)


def test_rows_and_all_counts_are_two_queries(pages):
    RunFactory.create_batch(5)
    report_alive()

    with CaptureQueriesContext(connection) as context:
        pages.get("/runs?mode=simulation&status=succeeded")

    assert sum('FROM "runs_run"' in query["sql"] for query in context) == 2
