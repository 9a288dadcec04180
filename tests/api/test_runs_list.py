"""GET /v1/runs: order, filters, pages, and how many queries they take."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs.models import Run
from tests.factories import START, RunFactory

pytestmark = pytest.mark.django_db


def ids(response):
    assert response.status_code == 200, response.content
    return [item["runId"] for item in response.json()["items"]]


def test_shows_runs_newest_first(api):
    old, new = RunFactory(), RunFactory()

    body = api.get("/v1/runs").json()

    assert [item["runId"] for item in body["items"]] == [new.pk, old.pk]
    assert body["totalCount"] == 2
    assert body["totalCountIsExact"] is True
    assert body["nextCursor"] is None
    item = body["items"][0]
    assert item["createdUtc"].endswith("Z")
    assert item["links"]["self"] == f"/v1/runs/{new.pk}"
    assert item["telemetry"]["available"] is False
    assert item["canReplay"] is True


def test_shows_runs_oldest_first_on_request(api):
    old, new = RunFactory(), RunFactory()

    assert ids(api.get("/v1/runs?order=oldest")) == [old.pk, new.pk]


def test_is_empty_without_runs(api):
    assert api.get("/v1/runs").json()["items"] == []


def test_walks_through_pages_both_ways(api):
    runs = [RunFactory() for _ in range(5)]
    expected = [run.pk for run in reversed(runs)]

    first = api.get("/v1/runs?pageSize=2").json()
    second = api.get("/v1/runs", {"pageSize": 2, "cursor": first["nextCursor"]}).json()
    third = api.get("/v1/runs", {"pageSize": 2, "cursor": second["nextCursor"]}).json()
    back = api.get("/v1/runs", {"pageSize": 2, "cursor": third["previousCursor"]}).json()

    seen = [item["runId"] for page in (first, second, third) for item in page["items"]]
    assert seen == expected
    assert third["nextCursor"] is None
    assert [item["runId"] for item in back["items"]] == expected[2:4]


def test_tells_runs_of_one_instant_apart(api):
    for _ in range(5):
        RunFactory(created_at=START)

    seen, cursor = [], None
    while True:
        query = {"pageSize": 2} | ({"cursor": cursor} if cursor else {})
        body = api.get("/v1/runs", query).json()
        seen += [item["runId"] for item in body["items"]]
        cursor = body["nextCursor"]
        if cursor is None:
            break

    assert len(seen) == len(set(seen)) == 5


class TestFilters:
    @pytest.fixture
    def runs(self):
        source = RunFactory(id="run_source", template_id="one", template_title="Blizzard at noon")
        return {
            "source": source,
            "telemetry": RunFactory(
                id="run_telemetry",
                template_id="two",
                template_title="Quiet days",
                mode=Run.Mode.TELEMETRY,
                source_run=source,
                warning_count=3,
                telemetry_available=True,
                telemetry_generated_at=START,
            ),
            "queued": RunFactory(
                id="other_queued",
                template_id="one",
                template_title="Blizzard at noon",
                status=Run.Status.QUEUED,
                finished_at=None,
                created_at=START + timedelta(days=2),
            ),
        }

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("mode=telemetry", {"run_telemetry"}),
            ("mode=telemetry&mode=simulation", {"run_source", "run_telemetry", "other_queued"}),
            ("status=queued", {"other_queued"}),
            ("status=queued&status=succeeded&mode=simulation", {"run_source", "other_queued"}),
            ("templateId=one", {"run_source", "other_queued"}),
            ("templateId=one&templateId=two", {"run_source", "run_telemetry", "other_queued"}),
            ("templateId=three", set()),
            ("hasWarnings=true", {"run_telemetry"}),
            ("hasWarnings=false", {"run_source", "other_queued"}),
            ("telemetryAvailable=true", {"run_telemetry"}),
            ("telemetryAvailable=false", {"run_source", "other_queued"}),
            ("sourceRunId=run_source", {"run_telemetry"}),
            ("q=run_", {"run_source", "run_telemetry"}),
            ("q=noon blizz", {"run_source", "other_queued"}),
            ("q=100%25", set()),
            ("createdAfter=2026-11-24T00:00:00Z", {"other_queued"}),
            ("createdBefore=2026-11-24T00:00:00Z", {"run_source", "run_telemetry"}),
            ("createdBefore=2026-11-24t01:30:00.5%2B01:30", {"run_source", "run_telemetry"}),
        ],
    )
    def test_narrow_the_list(self, api, runs, query, expected):
        assert set(ids(api.get(f"/v1/runs?{query}"))) == expected

    @pytest.mark.parametrize(
        ("query", "name"),
        [
            ("mode=dream", "mode"),
            ("status=done", "status"),
            ("hasWarnings=maybe", "hasWarnings"),
            ("telemetryAvailable=1", "telemetryAvailable"),
            ("createdAfter=yesterday", "createdAfter"),
            ("createdAfter=2026-11-24", "createdAfter"),
            ("createdAfter=2026-11-24T00:00:00", "createdAfter"),
            ("createdBefore=20261124T000000Z", "createdBefore"),
            ("createdBefore=", "createdBefore"),
            ("hasWarnings=", "hasWarnings"),
            ("pageSize=0", "pageSize"),
            ("pageSize=201", "pageSize"),
            ("order=random", "order"),
            ("cursor=abc", "cursor"),
            ("limit=5", "limit"),
            ("q=a&q=b", "q"),
            (f"q={'x' * 129}", "q"),
        ],
    )
    def test_are_strict(self, api, query, name):
        response = api.get(f"/v1/runs?{query}")

        assert response.status_code == 400
        assert response.json()["code"] == "invalid_request"
        assert response.json()["errors"][0]["pointer"] == f"?{name}"

    def test_keep_their_cursor_to_themselves(self, api):
        for _ in range(3):
            RunFactory()
        cursor = api.get("/v1/runs?pageSize=1").json()["nextCursor"]

        response = api.get("/v1/runs", {"cursor": cursor, "order": "oldest"})

        assert response.status_code == 400


class TestCost:
    """One query for the page and one bounded count, beside those that say who is asking."""

    def queries(self, api, url):
        api.get(url)
        with CaptureQueriesContext(
            connection,
        ) as context:
            assert api.get(url).status_code == 200
        return [query["sql"] for query in context if "runs_run" in query["sql"]]

    @pytest.mark.parametrize(
        ("query", "most"),
        [("pageSize=2", 2), ("pageSize=2&mode=simulation&status=succeeded", 2), ("q=desk", 3)],
    )
    def test_is_as_many_queries_however_many_rows(self, api, query, most):
        RunFactory.create_batch(3)
        few = self.queries(api, f"/v1/runs?{query}")
        RunFactory.create_batch(30)

        assert len(self.queries(api, f"/v1/runs?{query}")) == len(few) <= most

    @pytest.mark.parametrize("few", [2, 1000])
    def test_of_ids_that_begin_alike_are_counted_once(self, api, monkeypatch, few):
        monkeypatch.setattr("runs.search.FEW", few)
        for number in range(5):
            RunFactory(id=f"storm-{number}")
        RunFactory(id="calm-1", status=Run.Status.FAILED, failure_code="x")

        asked = self.queries(api, "/v1/runs?q=storm-&pageSize=2")

        assert len([sql for sql in asked if "COUNT(" in sql]) == 1
        assert api.get("/v1/runs?q=storm-&pageSize=2").json()["totalCount"] == 5
        assert api.get("/v1/runs?q=storm-&pageSize=2&status=failed").json()["totalCount"] == 0
        narrowed = api.get(
            "/v1/runs?status=succeeded&q=storm-&pageSize=2&createdAfter=2000-01-01T00:00:00Z"
        )
        assert narrowed.json()["totalCount"] == 5

    def test_a_count_of_ids_does_not_hide_titles_that_fit_too(self, api):
        for number in range(3):
            RunFactory(id=f"storm-{number}", template_title="Storm")
        RunFactory(id="other", template_title="Storm")

        assert api.get("/v1/runs?q=storm&pageSize=2").json()["totalCount"] == 4

    def test_needs_no_count_where_one_page_holds_everything(self, api):
        RunFactory.create_batch(3)

        assert len(self.queries(api, "/v1/runs")) == 1

    def test_of_one_run_is_one_query(self, api):
        run = RunFactory(status=Run.Status.FAILED, failure_code="x")

        assert len(self.queries(api, f"/v1/runs/{run.pk}")) == 1


@pytest.mark.parametrize(
    "query",
    [
        "",
        "?order=oldest",
        "?mode=telemetry",
        "?status=failed",
        "?templateId=one",
        "?telemetryAvailable=true",
        "?hasWarnings=true",
        "?sourceRunId=run_1",
    ],
)
@pytest.mark.skipif("connection.vendor != 'sqlite'", reason="reads the plans of SQLite")
def test_every_filter_is_answered_from_an_index(api, query):
    cursor_of = api.get("/v1/runs?pageSize=1")
    assert cursor_of.status_code == 200
    with CaptureQueriesContext(connection) as context:
        assert api.get(f"/v1/runs{query}").status_code == 200
    pages = [q["sql"] for q in context if 'FROM "runs_run"' in q["sql"] and "COUNT" not in q["sql"]]
    assert len(pages) == 1

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {re.sub('%', '%%', pages[0])}")
        plan = " / ".join(row[3] for row in cursor.fetchall())

    assert "USING INDEX" in plan or "USING COVERING INDEX" in plan, plan
    assert "TEMP B-TREE" not in plan, plan


class TestSearch:
    @pytest.fixture
    def runs(self):
        RunFactory(id="run_a.1", template_title="Straße am Morgen")
        RunFactory(id="run_a.2", template_title="The morning blizzard")
        RunFactory(id="Run_a.3", template_title="The night train")
        RunFactory(id="night", template_title="The night train")

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("run_a", ["run_a.2", "run_a.1"]),
            ("run_a.", ["run_a.2", "run_a.1"]),
            ("Run_a.3", ["Run_a.3"]),
            ("RUN", []),
            ("run%", []),
            ("un_a", []),
            ("STRASSE", ["run_a.1"]),
            ("blizzard the", ["run_a.2"]),
            ("morning night", []),
            ("night", ["night", "Run_a.3"]),
            ("the", ["night", "Run_a.3", "run_a.2"]),
            ("../run_a", []),
            ("\U0010ffff", []),
        ],
    )
    def test_finds_the_beginning_of_an_id_or_all_words_of_a_title(self, api, runs, text, expected):
        body = api.get("/v1/runs", {"q": text}).json()

        assert [item["runId"] for item in body["items"]] == expected
        assert body["totalCount"] == len(expected)

    def test_walks_through_pages_of_several_titles_both_ways(self, api, runs):
        first = api.get("/v1/runs", {"q": "the", "pageSize": 2}).json()
        second = api.get("/v1/runs", {"q": "the", "pageSize": 2, "cursor": first["nextCursor"]})
        back = {"q": "the", "pageSize": 2, "cursor": second.json()["previousCursor"]}

        assert [item["runId"] for item in first["items"]] == ["night", "Run_a.3"]
        assert ids(second) == ["run_a.2"]
        assert ids(api.get("/v1/runs", back)) == ["night", "Run_a.3"]
        assert second.json()["totalCount"] == 3

    def test_narrows_what_other_filters_leave(self, api, runs):
        RunFactory(
            id="run_a.4",
            status=Run.Status.QUEUED,
            finished_at=None,
            template_title="The night train",
        )

        assert ids(api.get("/v1/runs?q=the&status=queued")) == ["run_a.4"]
        assert ids(api.get("/v1/runs?q=run_a&status=queued")) == ["run_a.4"]

    @pytest.mark.parametrize("few", [1, 1000])
    def test_finds_the_same_among_many_as_among_few(self, api, runs, monkeypatch, few):
        monkeypatch.setattr("runs.search.FEW", few)
        monkeypatch.setattr("runs.search.MAX_TITLES", few)

        assert ids(api.get("/v1/runs?q=run_a")) == ["run_a.2", "run_a.1"]
        assert ids(api.get("/v1/runs?q=the")) == ["night", "Run_a.3", "run_a.2"]


@pytest.mark.parametrize("route", ["/v1/runs", "/v1/telemetry/captures"])
def test_a_moment_may_be_written_with_any_offset(api, route):
    far_east = api.get(route, {"createdAfter": "2012-07-24T22:28:17.397-18:59"})
    before_time = api.get(route, {"createdAfter": "0001-01-01T00:00:00+18:59"})

    assert far_east.status_code == 200
    assert before_time.status_code == 400
    assert before_time.json()["errors"][0]["pointer"] == "?createdAfter"
