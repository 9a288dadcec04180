"""The admin at 100,000 runs and 100,000 captures: lists, filters, searches, dates and the index, measured and printed."""

import statistics
import time

import pytest
from django.core.cache import cache

from tests.perf.many import fill_captures, fill_runs

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

RUNS, CAPTURES = "/admin/runs/run/", "/admin/telemetry/capture/"
ADDRESSES = [
    "/admin/",
    RUNS,
    f"{RUNS}?p=150",
    f"{RUNS}?status__exact=failed",
    f"{RUNS}?integrity__exact=corrupt",
    f"{RUNS}?template=first-steps",
    f"{RUNS}?warnings=yes",
    f"{RUNS}?q=run_0009",
    f"{RUNS}?created_at__year=2026&created_at__month=11",
    f"{RUNS}?created_by__id__exact=1",
    CAPTURES,
    f"{CAPTURES}?status__exact=failed",
    f"{CAPTURES}?integrity__exact=missing",
    f"{CAPTURES}?q=cap_0009",
    f"{CAPTURES}?q=run_0009",
    "/telemetry",
    "/telemetry?status=failed",
    "/telemetry?q=run_0009",
]


@pytest.fixture
def many_records(db):
    fill_runs()
    fill_captures()


def test_every_list_and_the_index_answer_quickly(admin_pages, many_records, capsys):
    measured = {}
    for address in ADDRESSES:
        spent = []
        for _ in range(5):
            # The sum of what is stored is kept for a minute; here it is asked for anew each time.
            cache.clear()
            began = time.process_time()
            assert admin_pages.get(address).status_code == 200
            spent.append(1000 * (time.process_time() - began))
        measured[address] = statistics.median(spent)

    with capsys.disabled():
        print("\n100,000 runs and 100,000 captures, ms of processor time, median of 5:")
        for address, ms in measured.items():
            print(f"  {ms:7.1f}  {address}")
