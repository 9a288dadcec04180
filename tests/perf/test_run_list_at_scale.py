"""The run list at 100,000 rows: every page is answered from an index; its speed is measured, not asserted."""

import statistics
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from runs.models import Run
from tests.perf.many import fill_runs

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

FILTERS = [
    "",
    "mode=telemetry",
    "status=failed",
    "templateId=t7",
    "templateId=t6&mode=telemetry",
    "telemetryAvailable=true",
    "hasWarnings=true",
    "sourceRunId=run_00000500",
    "q=run_000",
    "q=template+7",
    "createdAfter=2026-11-23T12:00:00Z&mode=simulation",
]


@pytest.fixture
def many_runs(db):
    fill_runs()


def page_query(api, url):
    with CaptureQueriesContext(connection) as context:
        assert api.get(url).status_code == 200
    found = [q["sql"] for q in context if 'FROM "runs_run"' in q["sql"]]
    return next(sql for sql in found if "COUNT" not in sql)


def deep_cursor(api, query):
    """The cursor of a page that lies far down: the way there goes from the other end of the list."""
    first = api.get(f"/v1/runs?{query}&order=oldest&pageSize=50").json()["items"]
    oldest = first[-1] if len(first) == 50 else first[len(first) // 2]
    from flowtime.api.pagination import _cursor

    row = Run.objects.values("created_at", "id").get(pk=oldest["runId"])
    return _cursor(row, ("created_at", "id"), "newest", "n")


def explain(sql):
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN QUERY PLAN " + sql.replace("%", "%%"))
        return " / ".join(row[3] for row in cursor.fetchall())


def median_ms(api, url):
    times = []
    for _ in range(15):
        started = time.perf_counter()
        assert api.get(url).status_code == 200
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


def test_every_page_is_answered_from_an_index(api, many_runs):
    for query in FILTERS:
        deep = f"/v1/runs?{query}&cursor={deep_cursor(api, query)}"
        for url in (f"/v1/runs?{query}", f"/v1/runs?{query}&order=oldest", deep):
            sql = page_query(api, url)
            if connection.vendor == "sqlite":
                plan = explain(sql)
                assert "USING INDEX" in plan or "USING COVERING INDEX" in plan, (url, plan)
                assert "TEMP B-TREE" not in plan, (url, plan)


def test_the_speed_of_first_deep_and_filtered_pages(api, many_runs, capsys, benchmark):
    first = median_ms(api, "/v1/runs?pageSize=50")
    deep = median_ms(api, f"/v1/runs?pageSize=50&cursor={deep_cursor(api, '')}")
    filtered = median_ms(api, "/v1/runs?pageSize=50&templateId=t7&mode=simulation")
    benchmark(api.get, "/v1/runs?pageSize=50")

    with capsys.disabled():
        print(
            f"\n100,000 runs, ms: first {first:.1f}, deep {deep:.1f} (ratio {deep / first:.2f}), "
            f"filtered {filtered:.1f} (ratio {filtered / first:.2f})"
        )
