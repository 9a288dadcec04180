"""Large tables: limits said in a sentence, memory that does not grow with the table, and files that are read once."""

import tracemalloc

import pytest

from flowtime.bundles import Directory
from runs import exporting, series
from runs.arrays import STORE
from runs.errors import WindowTooLarge
from runs.services import RunRequest, create_run
from tests import flows

pytestmark = pytest.mark.django_db

LONG = """\
schemaVersion: 1
metadata: {id: long, title: A long run, version: 1.0.0}
grid: {bins: 20000, binSize: 1, binUnit: minutes}
nodes:
  - {id: came, kind: expr, expr: "3 + MOD(PULSE(2) * 7, 5)"}
topology:
  nodes:
    - {id: Desk, kind: serviceWithBuffer, semantics: {arrivals: came, capacity: 4}}
"""


@pytest.fixture
def opened(monkeypatch):
    """The files of bundles that are read, in their order."""
    found = []
    read = Directory.read_bytes

    def read_and_note(self, path, *args, **options):
        found.append(path)
        return read(self, path, *args, **options)

    monkeypatch.setattr(Directory, "read_bytes", read_and_note)
    return found


@pytest.fixture
def long_run(alice, data_dirs):
    flows.add_template(data_dirs.templates, LONG, name="long")
    return create_run(RunRequest(template_id="long"), user=alice).run


@pytest.fixture
def desk(alice, data_dirs):
    flows.add_template(data_dirs.templates, flows.DESK, name="desk")
    return create_run(RunRequest(template_id="desk"), user=alice).run


def test_more_rows_than_a_table_holds_are_refused_with_what_fits():
    exporting.check_size(200, 100_000)

    with pytest.raises(WindowTooLarge, match="Ask for 95,238 bins or fewer") as refusal:
        exporting.check_size(210, 100_000)

    assert refusal.value.extra == {"maxBins": 95_238}


@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_a_large_table_is_never_held_whole(long_run, form):
    write = getattr(exporting, f"{form}_of")
    whole = sum(len(chunk) for chunk in write(long_run, 0, long_run.bins - 1))
    tracemalloc.start()

    largest = max(len(chunk) for chunk in write(long_run, 0, long_run.bins - 1))

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    if form != "parquet":
        assert whole > 3 * largest
        assert peak < whole
    assert peak < 40_000_000


def test_one_series_is_read_without_the_others(desk, opened):
    STORE.clear()

    series.read_series(desk, "everybody@EVERYBODY@DEFAULT")

    assert opened == [
        "manifest.json",
        "series/index.json",
        "series/everybody@EVERYBODY@DEFAULT.csv",
    ]


def test_what_was_parsed_before_is_not_opened_again(desk, opened):
    STORE.clear()
    series.read_series(desk, "everybody@EVERYBODY@DEFAULT")
    opened.clear()

    series.read_series(desk, "everybody@EVERYBODY@DEFAULT")

    assert opened == ["manifest.json", "series/index.json"]


def test_an_export_reads_each_series_of_the_places_once(desk, opened):
    STORE.clear()

    list(exporting.csv_of(desk, 0, 3))

    files = [path for path in opened if path.endswith(".csv")]
    assert len(files) == len(set(files))
    assert "series/visitors@VISITORS@DEFAULT.csv" not in files


def test_comparing_parses_only_what_differs(desk, alice, opened):
    from runs.compare import compare_runs

    other = create_run(RunRequest(template_id="desk", parameters={"extra": 2}), user=alice).run
    STORE.clear()
    opened.clear()

    found = compare_runs(desk, other)["series"]

    read = [path for path in opened if path.endswith(".csv")]
    differing = {
        f"series/{row['seriesId']}.csv" for row in found["items"] if not row["isIdentical"]
    }
    # Once in each run, less what has the same content as another.
    assert set(read) <= differing
    assert 0 < len(read) <= 2 * len(differing)
    assert found["identical"] > 0
