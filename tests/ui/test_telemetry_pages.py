"""The telemetry library and the page of one capture."""

import shutil

import pytest
from django.contrib.admin.utils import quote

from flowtime.tasks.liveness import report_alive
from telemetry.models import Capture
from tests.factories import CaptureFactory, RunFactory
from tests.pages import element_of, text_of

pytestmark = pytest.mark.django_db


def test_the_library_lists_captures_with_what_one_asks_first(pages, make_run, make_capture):
    run = make_run()
    own = make_capture(run)
    shared = make_capture(run, capture_key="shared")

    said = text_of(pages.get("/telemetry"))

    assert "All 2 captures" in said
    assert f"Succeeded desk, with its run g000001 {own.pk} {run.pk}" in said
    assert f"Succeeded shared g000001 {shared.pk}" in said
    assert "Valid" in said


@pytest.mark.parametrize(
    "query",
    ["q=key_b", "q=run_b", "templateId=nyc-departures", "status=failed", "hasWarnings=true"],
)
def test_each_filter_narrows_the_library(pages, query):
    CaptureFactory(id="cap_a", source_run=RunFactory(id="run_a"))
    CaptureFactory(
        id="cap_b",
        source_run=RunFactory(id="run_b"),
        capture_key="key_b",
        target="library/key_b",
        template_id="nyc-departures",
        warning_count=1,
        **({"status": "failed", "failure_code": "x"} if query == "status=failed" else {}),
    )

    said = text_of(pages.get(f"/telemetry?{query}"))

    assert "cap_b" in said
    assert "cap_a" not in said


def test_an_empty_library_says_how_to_fill_it(pages):
    said = text_of(pages.get("/telemetry"))

    assert "No telemetry yet" in said
    assert "Open a run that has succeeded and generate it there." in said


def test_tabs_count_the_captures_of_every_status_under_the_other_filters(pages):
    for number in range(3):
        CaptureFactory(target=f"library/k{number}", capture_key=f"k{number}")
    CaptureFactory(status="failed", failure_code="x", template_id="nyc-departures")
    CaptureFactory(status="failed", failure_code="x")

    page = pages.get("/telemetry?status=failed&templateId=first-steps")

    counts = {tab.label: tab.count for tab in page.context["captures"].tabs() if tab.count != "0"}
    assert counts == {"All": "4", "Succeeded": "3", "Failed": "1"}
    assert 'href="/telemetry?templateId=first-steps&amp;status=succeeded"' in page.content.decode()


def test_each_filter_of_the_library_is_a_chip_that_leads_out_of_it(pages):
    CaptureFactory(capture_key="port", target="library/port")

    page = pages.get("/telemetry?q=port&created=7d&status=succeeded")

    chips = page.context["captures"].chips()
    assert [chip.words for chip in chips] == ["Key or id “port”", "Requested in the last 7 days"]
    assert pages.get(f"/telemetry{chips[1].query}").context["captures"].total == "1"
    assert "Remove the filter: Key or id “port”" in text_of(page)


def test_no_match_in_the_library_repeats_the_filters_and_offers_the_nearest_wider_one(pages):
    CaptureFactory()

    page = pages.get("/telemetry?status=failed&hasWarnings=false")

    said = text_of(page)
    assert "No capture matches" in said
    assert "Without warnings, status Failed" in said or "Status Failed, without warnings" in said
    assert "Without the filter on status there is 1 such capture." in said
    assert 'href="/telemetry?hasWarnings=false">Show it' in page.content.decode()


def test_htmx_gets_the_rows_alone(pages):
    CaptureFactory()

    page = pages.get("/telemetry?status=succeeded", headers={"HX-Request": "true"})

    assert "<html" not in page.content.decode()
    assert element_of(page, "capture-count")["words"] == "1"


def test_the_page_of_a_capture(pages, make_run, make_capture):
    run = make_run("counted")
    capture = make_capture(run)

    page = pages.get(f"/telemetry/{capture.pk}")

    said = text_of(page)
    assert "Telemetry of Counted at the gate Succeeded g000001" in said
    assert f"Source run {run.pk}" in said
    assert "Requested by alice" in said
    assert "Capture key None" in said
    assert "Grid 4 × 30 min" in said
    assert "Integrity Valid" in said
    assert "Gate_Arrivals.csv Gate Arrivals" in said
    assert "Published as g000001" in said
    for file in page.context["shown"].files.rows:
        assert f"/telemetry/{capture.pk}/files/{file.file.path}" in page.content.decode()


def test_warnings_say_where(pages):
    capture = CaptureFactory(
        warning_count=1,
        warnings=[
            {
                "code": "data_gap",
                "severity": "warning",
                "message": "Gate has no value.",
                "nodeId": "Gate",
                "metric": "Arrivals",
                "bins": [[1, 1]],
            }
        ],
    )

    page = pages.get(f"/telemetry/{capture.pk}")

    assert "Warning data_gap Gate, Arrivals Gate has no value. Bin 1" in text_of(page)
    # Each range leads to its moment in the source run.
    link = f'href="/runs/{capture.source_run_id}?bin=1&amp;node=Gate"'
    assert link in page.content.decode()


def test_a_file_is_downloaded_as_it_was_written(pages, make_run, make_capture, data_dirs):
    run = make_run()
    capture = make_capture(run)
    bundle = data_dirs.telemetry / "runs" / run.pk / "g000001"

    for name in ("Desk_Served.csv", "manifest.json"):
        response = pages.get(f"/telemetry/{capture.pk}/files/{name}")
        assert response.content == (bundle / name).read_bytes()
        assert response["Content-Disposition"] == f'attachment; filename="{name}"'


@pytest.mark.parametrize("name", ["nothing.csv", "..%2F..%2Fmanifest.json", "run.json", ".hidden"])
def test_only_files_of_the_manifest_are_served(pages, make_run, make_capture, name):
    capture = make_capture(make_run())

    response = pages.get(f"/telemetry/{capture.pk}/files/{name}")

    assert response.status_code in (400, 404)


def test_verifying_finds_what_was_changed_and_names_the_file(
    pages, make_run, make_capture, data_dirs
):
    run = make_run()
    capture = make_capture(run)
    file = data_dirs.telemetry / "runs" / run.pk / "g000001" / "Desk_Served.csv"
    file.write_bytes(file.read_bytes().replace(b"0,4", b"0,5"))

    response = pages.post(f"/telemetry/{capture.pk}/verify", follow=True)

    said = text_of(response)
    assert "Telemetry bundle checked: changed." in said
    assert "Desk_Served.csv" in said
    assert "Integrity Changed" in said
    assert "Verified: changed" in said


def test_verifying_says_that_all_is_well(pages, make_run, make_capture):
    capture = make_capture(make_run())

    said = text_of(pages.post(f"/telemetry/{capture.pk}/verify", follow=True))

    assert "Telemetry bundle checked: valid." in said
    assert "Verified: valid" in said


def test_a_viewer_looks_and_downloads_but_does_not_verify(viewer_pages, make_run, make_capture):
    capture = make_capture(make_run())
    page = viewer_pages.get(f"/telemetry/{capture.pk}")
    assert element_of(page, "verify")["aria-disabled"] == "true"
    assert element_of(page, "verify-why")["words"] == "You need the operator role."
    assert viewer_pages.get(f"/telemetry/{capture.pk}/files/manifest.json").status_code == 200

    response = viewer_pages.post(f"/telemetry/{capture.pk}/verify")

    assert response.status_code == 403
    assert "You need the operator role." in text_of(response)


def test_replaying_from_the_capture_makes_a_run(pages, make_run, make_capture):
    run = make_run()
    capture = make_capture(run)
    assert element_of(pages.get(f"/telemetry/{capture.pk}"), "replay-telemetry")["tag"] == "button"

    response = pages.post(f"/runs/{run.pk}/replay", {"from": "telemetry"})

    assert response.status_code == 303


def test_a_superseded_generation_says_so_and_is_not_replayed(pages, make_run, make_capture):
    run = make_run()
    old = make_capture(run)
    make_capture(run, overwrite=True)

    page = pages.get(f"/telemetry/{old.pk}")

    assert "A newer generation replaced this one." in text_of(page)
    assert element_of(page, "replay-telemetry")["aria-disabled"] == "true"


def test_a_bundle_that_is_gone_keeps_its_facts(pages, make_run, make_capture, data_dirs):
    run = make_run()
    capture = make_capture(run)
    shutil.rmtree(data_dirs.telemetry / "runs" / run.pk)

    said = text_of(pages.get(f"/telemetry/{capture.pk}"))

    assert "Missing" in said
    assert "The files cannot be shown." in said
    assert "g000001" in said


def test_a_failed_capture_says_why(pages):
    capture = CaptureFactory(
        status="failed",
        generation=None,
        manifest_hash="",
        failure_code="insufficient_storage",
        failure_detail="There is no space left.",
    )

    said = text_of(pages.get(f"/telemetry/{capture.pk}"))

    assert "This capture failed. insufficient_storage There is no space left." in said


def test_a_capture_that_is_not_there(pages):
    response = pages.get("/telemetry/cap_nowhere")

    assert response.status_code == 404
    assert "There is no capture 'cap_nowhere'" in text_of(response)
    assert not Capture.objects.exists()


def test_staff_see_the_way_into_the_admin_and_others_do_not(
    pages, admin_pages, make_run, make_capture
):
    run = make_run()
    capture = make_capture(run)
    links = {
        f"/runs/{run.pk}": f"/admin/runs/run/{quote(run.pk)}/change/",
        f"/telemetry/{capture.pk}": f"/admin/telemetry/capture/{quote(capture.pk)}/change/",
    }

    for page, link in links.items():
        assert link not in pages.get(page).content.decode()
        assert link in admin_pages.get(page).content.decode()
        assert admin_pages.get(link).status_code == 200


def test_rows_on_their_way_are_followed_and_then_left(pages):
    capture = CaptureFactory(
        status="generating",
        generation=None,
        generated_at=None,
        finished_at=None,
        progress_done=3,
        progress_total=12,
    )
    page = pages.get("/telemetry")
    assert f"live={capture.pk}" in element_of(page, "live")["hx-get"]
    assert "3 of 12 files" in element_of(page, f"row-{capture.pk}")["words"]

    Capture.objects.update(status="failed", failure_code="x", finished_at=capture.requested_at)
    answer = pages.get(f"/telemetry?live={capture.pk}", headers={"HX-Request": "true"})

    assert "hx-get" not in element_of(answer, "live")
    assert f'id="row-{capture.pk}" hx-swap-oob="true"' in answer.content.decode()


@pytest.mark.parametrize("count", [1, 30])
def test_the_library_is_one_query_for_its_rows_and_one_count(
    pages, count, django_assert_max_num_queries
):
    run = RunFactory()
    for number in range(count):
        CaptureFactory(source_run=run, target=f"library/k{number}", capture_key=f"k{number}")
    report_alive()

    # Session, user, what the user may, the worker's sign of life, rows, count.
    with django_assert_max_num_queries(7):
        assert pages.get("/telemetry?status=succeeded").status_code == 200


def test_the_page_of_a_capture_asks_a_bounded_number_of_times(
    pages, make_run, make_capture, django_assert_max_num_queries
):
    run = make_run()
    capture = make_capture(run)
    for _ in range(12):
        RunFactory(source_run=run, replayed_capture_id=capture.pk)
    report_alive()
    pages.get(f"/telemetry/{capture.pk}")

    # The people and the worker as above; capture, run, steps, files written, request, replays.
    with django_assert_max_num_queries(13):
        assert pages.get(f"/telemetry/{capture.pk}").status_code == 200
