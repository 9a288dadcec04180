"""The catalog on disk: shipped and own templates, edits, and files that are not what they seem."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from structlog.testing import capture_logs

from runs import catalog
from runs.catalog.loader import MAX_TEMPLATE_BYTES
from runs.errors import TemplateInvalid, TemplateNotFound
from runs.planning import prepare_request
from runs.requests import RunRequest
from tests import flows
from tests.conftest import DataDirs
from tests.runs.catalog.goldens import IDS

OWN = """\
schemaVersion: 1
metadata: {id: own, title: Our own desk, version: 1.2.0, description: Ours., narrative: Told., tags: [a, b]}
grid: {bins: 2, binSize: 1, binUnit: hours}
nodes:
  - {id: counted, kind: const, source: "file:own.csv#gate"}
topology:
  nodes:
    - id: Desk
      kind: queue
      semantics: {arrivals: counted, capacity: 5}
"""


@pytest.fixture
def directory(data_dirs: DataDirs) -> Path:
    """The directory of templates of one's own, without those that other tests use."""
    for path in data_dirs.templates.iterdir():
        path.unlink()
    return data_dirs.templates


def own_ids() -> set[str]:
    return {entry.template_id for entry in catalog.all_entries()} - set(IDS)


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def only_own() -> catalog.CatalogEntry:
    (entry,) = [e for e in catalog.all_entries() if e.template_id not in IDS]
    return entry


def test_the_shipped_templates_are_there_by_title_and_can_be_run(directory: Path) -> None:
    entries = catalog.all_entries()

    assert {entry.template_id for entry in entries} == set(IDS)
    assert [entry.title for entry in entries] == sorted(
        (entry.title for entry in entries), key=str.casefold
    )
    assert all(entry.template and not entry.problems for entry in entries)


def test_an_own_template_is_listed_with_all_it_says(directory: Path) -> None:
    write(directory / "anything.yaml", OWN)

    entry = catalog.get_entry("own")

    assert (entry.title, entry.version, entry.description) == ("Our own desk", "1.2.0", "Ours.")
    assert (entry.narrative, entry.tags, entry.capture_key) == ("Told.", ("a", "b"), None)
    assert entry.text == OWN
    assert entry.digest.startswith("sha256:")


def test_a_directory_that_is_not_there_is_no_reason_to_fail(settings: Any, tmp_path: Path) -> None:
    settings.TEMPLATE_DIRS = [tmp_path / "nowhere"]

    assert {entry.template_id for entry in catalog.all_entries()} == set(IDS)


def test_an_unknown_id_is_refused_with_at_most_eighty_characters_of_it(directory: Path) -> None:
    with pytest.raises(TemplateNotFound) as refusal:
        catalog.get_entry("x" * 200)

    assert "x" * 80 in refusal.value.detail
    assert "x" * 81 not in refusal.value.detail


def test_edits_additions_and_removals_are_seen_at_once(directory: Path) -> None:
    path = write(directory / "own.yaml", OWN)
    before = catalog.get_entry("own")

    write(path, OWN.replace("Our own desk", "Our new desk"))
    assert catalog.get_entry("own").title == "Our new desk"
    assert before.title == "Our own desk"

    write(directory / "more.yaml", OWN.replace("id: own", "id: more"))
    assert own_ids() == {"own", "more"}

    path.unlink()
    assert own_ids() == {"more"}


def test_an_edit_of_the_same_length_in_the_same_moment_is_seen(directory: Path) -> None:
    path = write(directory / "own.yaml", OWN)
    catalog.get_entry("own")
    facts = path.stat()

    write(path, OWN.replace("Our own desk", "Our own desp"))
    os.utime(path, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    assert catalog.get_entry("own").title == "Our own desp"


def test_an_unchanged_catalog_is_not_read_again(directory: Path) -> None:
    write(directory / "own.yaml", OWN)
    first = catalog.all_entries()

    started = time.perf_counter()
    for _ in range(50):
        again = catalog.all_entries()

    assert all(a is b for a, b in zip(first, again, strict=True))
    # A listing is a look at each file: far below the time of one parse, however busy the machine is.
    assert (time.perf_counter() - started) / 50 < 0.02


def test_a_broken_template_is_listed_with_its_problems_and_cannot_be_run(directory: Path) -> None:
    write(directory / "own.yaml", OWN.replace("bins: 2", "bins: two"))

    entry = only_own()

    assert (entry.template_id, entry.title, entry.version) == ("own", "own", "")
    assert [problem.path for problem in entry.problems] == ["grid.bins"]
    with pytest.raises(TemplateInvalid) as refusal:
        prepare_request(RunRequest(template_id="own", mode="simulation"))
    assert refusal.value.extra["errors"][0]["path"] == "grid.bins"


def test_a_broken_template_with_a_strange_name_gets_an_id_that_fits_an_address(
    directory: Path,
) -> None:
    write(directory / "My first / try.yaml".replace("/", "?"), "nothing")

    assert only_own().template_id == "My-first-try"


def test_an_oversized_file_is_listed_with_the_limit_and_cannot_be_run(directory: Path) -> None:
    write(directory / "own.yaml", OWN + "#" * MAX_TEMPLATE_BYTES)

    entry = only_own()

    assert entry.template is None
    assert [problem.code for problem in entry.problems] == ["limit_exceeded"]
    assert len(entry.text) == MAX_TEMPLATE_BYTES + 1


def test_a_file_that_is_not_text_is_listed_with_a_problem(directory: Path) -> None:
    (directory / "own.yaml").write_bytes(b"\xff\xfe\x00\x00")

    assert [problem.code for problem in only_own().problems] == ["bad_encoding"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_without_permission_is_listed_as_unreadable(directory: Path) -> None:
    write(directory / "own.yaml", OWN).chmod(0)

    assert only_own().problems[0].message == "The file cannot be read: Permission denied."


def test_a_directory_called_like_a_template_is_listed_as_unreadable(directory: Path) -> None:
    (directory / "own.yaml").mkdir()

    entry = only_own()

    assert (entry.template_id, entry.template, entry.text) == ("own", None, "")
    assert [problem.code for problem in entry.problems] == ["template_unreadable"]


def test_a_pipe_is_listed_as_unreadable_and_nobody_waits_for_it(directory: Path) -> None:
    os.mkfifo(directory / "own.yaml")

    (problem,) = only_own().problems

    assert problem.message == "The file cannot be read: It is not a regular file."


def test_a_link_out_of_the_directory_is_not_followed(directory: Path, tmp_path: Path) -> None:
    secret = write(tmp_path / "secret.yaml", OWN)
    (directory / "own.yaml").symlink_to(secret)

    entry = only_own()

    assert entry.text == ""
    assert [problem.code for problem in entry.problems] == ["template_unreadable"]
    assert str(tmp_path) not in str(entry.problems)


def test_a_link_within_the_directory_is_followed_as_mounted_configuration_has_them(
    directory: Path,
) -> None:
    (directory / "..2026").mkdir()
    write(directory / "..2026" / "own.yaml", OWN)
    (directory / "..data").symlink_to("..2026")
    (directory / "own.yaml").symlink_to("..data/own.yaml")

    assert catalog.get_entry("own").title == "Our own desk"


def test_a_link_that_leads_nowhere_or_to_itself_is_left_out(directory: Path) -> None:
    (directory / "lost.yaml").symlink_to("nothing.yaml")
    (directory / "ring.yaml").symlink_to("ring.yaml")

    assert own_ids() == set()


def test_the_shipped_template_keeps_its_id(directory: Path) -> None:
    write(directory / "mine.yaml", OWN.replace("id: own", "id: first-steps"))

    with capture_logs() as logs:
        entry = catalog.get_entry("first-steps")

    assert entry.title == "A ticket desk with one clerk"
    assert own_ids() == set()
    assert [(line["event"], line["template_id"]) for line in logs] == [
        ("template.hidden", "first-steps")
    ]


def test_of_two_own_directories_the_first_keeps_the_id(
    settings: Any, directory: Path, tmp_path: Path
) -> None:
    second = tmp_path / "second"
    second.mkdir()
    settings.TEMPLATE_DIRS = [directory, second]
    write(directory / "z.yaml", OWN)
    write(second / "a.yaml", OWN.replace("Our own desk", "Another desk"))

    assert catalog.get_entry("own").title == "Our own desk"


def test_a_broken_file_does_not_hide_the_template_whose_id_it_has_for_a_name(
    directory: Path,
) -> None:
    write(directory / "own.yaml", "broken")
    write(directory / "right.yaml", OWN)

    assert catalog.get_entry("own").title == "Our own desk"


def test_columns_lie_beside_the_template_and_an_empty_cell_is_missing(directory: Path) -> None:
    write(directory / "own.yaml", OWN)
    write(directory / "own.csv", "\ufeffbin_index,gate\n0,8\n1,\n")

    arrays = catalog.get_entry("own").sources(["file:own.csv#gate"])

    assert arrays["file:own.csv#gate"][0] == 8
    assert arrays["file:own.csv#gate"].tolist()[1:] != [0]
    assert not arrays["file:own.csv#gate"].flags.writeable


def test_an_edit_of_the_columns_is_seen(directory: Path) -> None:
    write(directory / "own.yaml", OWN)
    path = write(directory / "own.csv", "gate\n1\n2\n")
    entry = catalog.get_entry("own")
    assert entry.sources(["file:own.csv#gate"])["file:own.csv#gate"].tolist() == [1, 2]

    write(path, "gate\n3\n4\n")

    assert entry.sources(["file:own.csv#gate"])["file:own.csv#gate"].tolist() == [3, 4]


@pytest.mark.parametrize(
    "text",
    [
        "file:own.csv#nothing",
        "file:missing.csv#gate",
        "file:../own.csv#gate",
        "file:/etc/passwd#gate",
        "file:own.yaml#gate",
        "file:sub/own.csv#gate",
        "data:own.csv#gate",
        "own.csv#gate",
    ],
)
def test_what_is_no_column_beside_the_template_is_left_out(directory: Path, text: str) -> None:
    write(directory / "own.yaml", OWN)
    write(directory / "own.csv", "gate\n1\n2\n")

    assert catalog.get_entry("own").sources([text]) == {}


@pytest.mark.parametrize(
    "content",
    [
        "",
        "gate\none\n",
        "gate,more\n1\n",
        "gate\n1\n2,3\n",
        "\x00",
        '"' + "1" * 200_000 + '"\n',
        "gate,gate\n1,2\n3,4\n",
        'gate\n1\n"2"x\n',
        "gate\n1\x0b2\n",
        "gate\n1\u20282\n",
    ],
)
def test_a_file_that_is_no_table_of_numbers_has_no_columns(directory: Path, content: str) -> None:
    write(directory / "own.yaml", OWN)
    write(directory / "own.csv", content)

    assert catalog.get_entry("own").sources(["file:own.csv#gate"]) == {}


@pytest.mark.parametrize(
    "cell",
    [
        "1_000",
        "\uff11",
        "\u0661",
        "nan",
        "inf",
        "-inf",
        "infinity",
        "NAN",
        "0x10",
        " 1",
        "1 ",
        "\t1",
        "+1",
        "01",
        ".5",
        "5.",
        "1e999",
        "1d3",
        "'1'",
        "\u22121",
        "true",
    ],
)
def test_cells_are_read_as_strictly_as_those_of_bundles(directory: Path, cell: str) -> None:
    # bundles §4: one rule of what a number is, whoever wrote the table.
    write(directory / "own.yaml", OWN)
    write(directory / "own.csv", f"gate,more\n1,2\n{cell},3\n")

    assert catalog.get_entry("own").sources(["file:own.csv#gate"]) == {}


def test_cells_may_say_what_numbers_cannot(directory: Path) -> None:
    write(directory / "own.yaml", OWN)
    write(directory / "own.csv", "gate\r\nNaN\r\nInfinity\r\n-1.5e-3\r\n")

    gate = catalog.get_entry("own").sources(["file:own.csv#gate"])["file:own.csv#gate"]

    np.testing.assert_array_equal(gate, [np.nan, np.inf, -0.0015])


def test_a_linked_table_is_not_followed_out_of_the_directory(
    directory: Path, tmp_path: Path
) -> None:
    write(directory / "own.yaml", OWN)
    (directory / "own.csv").symlink_to(write(tmp_path / "secret.csv", "gate\n1\n2\n"))

    assert catalog.get_entry("own").sources(["file:own.csv#gate"]) == {}


def test_a_pipe_for_a_table_keeps_nobody_waiting(directory: Path) -> None:
    write(directory / "own.yaml", OWN)
    os.mkfifo(directory / "own.csv")

    assert catalog.get_entry("own").sources(["file:own.csv#gate"]) == {}


def test_a_sparse_giant_for_a_table_is_not_taken_in(directory: Path) -> None:
    write(directory / "own.yaml", OWN)
    with (directory / "own.csv").open("wb") as file:
        file.truncate(2**40)

    assert catalog.get_entry("own").sources(["file:own.csv#gate"]) == {}


def test_a_template_with_its_table_can_be_planned(directory: Path) -> None:
    flows.add_template(directory, flows.COUNTED, name="counted", counted_csv=flows.COUNTED_CSV)

    prepared = prepare_request(RunRequest(template_id="counted", mode="simulation"))

    assert [len(array) for array in prepared.sources.values()] == [4]
