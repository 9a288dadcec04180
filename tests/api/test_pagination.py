"""Keyset pages: complete, stable, on the index, and only with cursors of ours."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.request import Request
from rest_framework.test import APIRequestFactory

from flowtime.api.exceptions import InvalidQuery
from flowtime.api.pagination import Page, PageRequest, count_by, count_rows, keyset_page
from runs.models import Run
from tests.factories import RunFactory

START = datetime(2026, 11, 23, 10, tzinfo=UTC)


def make_runs(count: int, *, same_time: bool = False, offset: int = 0) -> None:
    Run.objects.bulk_create(
        [
            Run(
                id=f"run_{number + offset:06d}",
                template_id="t",
                template_title="T",
                template_version="1",
                created_at=START if same_time else START + timedelta(seconds=number + offset),
                bins=1,
                bin_size=1,
                bin_unit="hours",
                window_minutes=60,
            )
            for number in range(count)
        ],
        batch_size=2000,
    )


def ids(page: Page) -> list[str]:
    return [item["id"] for item in page.items]


def rows() -> Any:
    return Run.objects.values("id", "created_at", "status")


def walk(order: str, size: int) -> list[list[str]]:
    pages, cursor = [], None
    while True:
        page = keyset_page(rows(), page_size=size, cursor=cursor, order=order)
        pages.append(ids(page))
        if (cursor := page.next_cursor) is None:
            return pages


@pytest.mark.django_db
class TestPages:
    def test_the_first_page_holds_the_newest(self):
        make_runs(5)

        page = keyset_page(rows(), page_size=2)

        assert ids(page) == ["run_000004", "run_000003"]
        assert page.next_cursor
        assert page.previous_cursor is None
        assert (page.total_count, page.total_count_is_exact) == (5, True)

    @pytest.mark.parametrize("order", ["newest", "oldest"])
    @pytest.mark.parametrize("size", [1, 3, 7, 8, 200])
    @pytest.mark.parametrize("same_time", [False, True])
    def test_walking_meets_every_row_once_in_order(self, order, size, same_time):
        make_runs(7, same_time=same_time)

        met = [one for page in walk(order, size) for one in page]

        expected = [f"run_{number:06d}" for number in range(7)]
        assert met == (expected if order == "oldest" else expected[::-1])

    @pytest.mark.parametrize("order", ["newest", "oldest"])
    def test_walking_back_meets_the_same_pages(self, order):
        make_runs(7)
        forward = walk(order, 3)
        cursor = None
        for _ in range(2):
            page = keyset_page(rows(), page_size=3, cursor=cursor, order=order)
            cursor = page.next_cursor
        last = keyset_page(rows(), page_size=3, cursor=cursor, order=order)

        middle = keyset_page(rows(), page_size=3, cursor=last.previous_cursor, order=order)
        first = keyset_page(rows(), page_size=3, cursor=middle.previous_cursor, order=order)

        assert [ids(first), ids(middle), ids(last)] == forward
        assert first.previous_cursor is None

    def test_rows_that_come_meanwhile_shift_nothing(self):
        make_runs(6)
        first = keyset_page(rows(), page_size=2)

        make_runs(3, offset=100)
        second = keyset_page(rows(), page_size=2, cursor=first.next_cursor)

        assert ids(second) == ["run_000003", "run_000002"]

    def test_models_can_be_paged_by_one_column(self):
        user = get_user_model().objects.create_user("u")
        for _ in range(3):
            LogEntry.objects.create(user=user, action_flag=1, object_repr="x")

        first = keyset_page(LogEntry.objects.all(), fields=("id",), page_size=2, order="oldest")
        second = keyset_page(
            LogEntry.objects.all(),
            fields=("id",),
            page_size=2,
            order="oldest",
            cursor=first.next_cursor,
        )

        assert [len(first.items), len(second.items)] == [2, 1]

    def test_an_empty_list_has_no_neighbours(self):
        page = keyset_page(rows())

        assert (page.items, page.next_cursor, page.previous_cursor) == ([], None, None)

    def test_counting_stops(self):
        make_runs(12)

        page = keyset_page(rows(), page_size=2, count_limit=10)

        assert (page.total_count, page.total_count_is_exact) == (10, False)

    def test_a_page_costs_two_queries(self):
        make_runs(9)
        first = keyset_page(rows(), page_size=3)

        with CaptureQueriesContext(
            connection,
        ) as queries:
            keyset_page(rows(), page_size=3, cursor=first.next_cursor)

        assert len(queries) == 2


@pytest.mark.django_db
class TestCursors:
    @pytest.mark.parametrize("cursor", ["x", "", "...", "a.b", "é", "\0", "A" * 3000, "eyJ9.abc"])
    def test_a_cursor_that_is_not_ours_is_refused(self, cursor):
        with pytest.raises(InvalidQuery) as refusal:
            keyset_page(rows(), cursor=cursor)

        assert refusal.value.get_codes() == {"cursor": ["invalid_cursor"]}

    def test_a_changed_cursor_is_refused(self):
        make_runs(3)
        cursor = keyset_page(rows(), page_size=1).next_cursor

        for position in range(len(cursor)):
            other = "B" if cursor[position] == "A" else "A"
            changed = cursor[:position] + other + cursor[position + 1 :]
            with pytest.raises(InvalidQuery):
                keyset_page(rows(), page_size=1, cursor=changed)

    def test_a_cursor_of_the_other_order_is_refused(self):
        make_runs(3)
        cursor = keyset_page(rows(), page_size=1, order="newest").next_cursor

        with pytest.raises(InvalidQuery):
            keyset_page(rows(), page_size=1, order="oldest", cursor=cursor)


class TestPageRequest:
    @staticmethod
    def read(query: str) -> PageRequest:
        return PageRequest.from_query(Request(APIRequestFactory().get(f"/v1/runs{query}")))

    def test_has_defaults(self):
        assert self.read("") == PageRequest(page_size=50, cursor=None, order="newest")

    def test_reads_what_is_given(self):
        assert self.read("?pageSize=200&cursor=c&order=oldest") == PageRequest(200, "c", "oldest")

    @pytest.mark.parametrize(
        "size", ["0", "201", "-1", "1.5", "x", "", "٣", "1" * 5000, "+5", " 5"]
    )
    def test_a_size_out_of_bounds_is_refused(self, size):
        with pytest.raises(InvalidQuery) as refusal:
            self.read(f"?pageSize={size}")

        assert "pageSize" in refusal.value.get_codes()

    def test_an_unknown_order_is_refused(self):
        with pytest.raises(InvalidQuery):
            self.read("?order=best")


@pytest.mark.slow
@pytest.mark.django_db
class TestPlan:
    def test_a_deep_page_of_20_000_rows_is_read_from_the_index(self):
        make_runs(20_000)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE runs_run" if connection.vendor == "postgresql" else "ANALYZE")
        page = keyset_page(rows(), page_size=50, order="newest")
        middle = keyset_page(rows().filter(created_at__lt=START + timedelta(seconds=10_000)))

        with CaptureQueriesContext(connection) as queries:
            keyset_page(rows(), page_size=50, cursor=page.next_cursor)
            keyset_page(rows(), page_size=50, cursor=middle.next_cursor)

        for query in queries.captured_queries:
            if "COUNT" in query["sql"]:
                continue
            plan = explain(query["sql"])
            assert "run_created" in plan
            assert "TEMP B-TREE" not in plan.upper()
            assert "SORT" not in plan.upper()


def explain(sql: str) -> str:
    prefix = "EXPLAIN" if connection.vendor == "postgresql" else "EXPLAIN QUERY PLAN"
    with connection.cursor() as cursor:
        cursor.execute(f"{prefix} {sql}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def test_several_counts_are_one_query_and_stop_at_their_limit(db, django_assert_num_queries):
    RunFactory.create_batch(4)
    RunFactory(status="failed", failure_code="model_invalid")
    runs = Run.objects.values("id", "created_at")

    with django_assert_num_queries(1):
        counts = count_rows(
            {
                "succeeded": runs.filter(status="succeeded"),
                "failed": runs.filter(status="failed"),
                "none": runs.filter(id__in=[]),
            },
            limit=2,
        )

    assert counts == {"succeeded": 3, "failed": 1, "none": 0}


def test_nothing_to_count_asks_nothing(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert count_rows({}) == {}


@pytest.mark.parametrize("limit, queries", [(9, 1), (4, 2)])
def test_rows_are_counted_by_a_column_in_one_pass_while_they_are_few(
    db, django_assert_num_queries, limit, queries
):
    make_runs(6)
    Run.objects.filter(id__lt="run_000002").update(mode="telemetry")
    modes = ["telemetry", "simulation", "other"]

    with django_assert_num_queries(queries):
        counts = count_by(Run.objects.all(), "mode", modes, limit=limit)

    assert counts == {"telemetry": 2, "simulation": 4, "other": 0}


def test_what_can_match_nothing_is_not_asked_for(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert count_by(Run.objects.none(), "mode", ["telemetry"]) == {"telemetry": 0}
