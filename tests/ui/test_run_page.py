"""The page of one run: its facts, its parts, what a run without a result says, and who may stop it."""

import re
import shutil

import pytest
from django.utils import timezone

from runs.models import Run
from tests.factories import RunFactory
from tests.pages import element_of, text_of

pytestmark = pytest.mark.django_db


def test_the_header_and_provenance(pages, make_run):
    run = make_run(parameters={"perHour": 7})

    page = pages.get(f"/runs/{run.pk}")

    said = text_of(page)
    assert page.status_code == 200
    assert "A small desk 1.0.0 Succeeded Simulation" in said
    assert "Grid 4 × 1 h" in said
    # Writing the files comes after it; the events tell how long both took.
    assert "Computed in" in said
    assert "Window 2 Mar 2026, 08:00 to 2 Mar, 12:00" in said
    assert "By alice" in said
    assert "perHour 7 extra 0 default" in said
    assert "Template desk, version 1.0.0" in said
    assert run.input_hash.removeprefix("sha256:")[:24] in said
    assert "Not a replay. No run has been replayed from it." in said
    assert f'data-copy="{run.pk}"' in page.content.decode()


def test_the_series_tab_lists_every_series_with_its_file(pages, make_run):
    run = make_run()

    page = pages.get(f"/runs/{run.pk}?tab=series")
    said = text_of(page)
    assert "visitors" in said
    series_id = "visitors@VISITORS@DEFAULT"
    file = pages.get(f"/runs/{run.pk}/series/{series_id}/download")

    assert file["Content-Type"].startswith("text/csv")
    assert file["Content-Disposition"] == f'attachment; filename="{series_id}.csv"'
    assert file.content == b"bin_index,value\n0,4\n1,9\n2,3\n3,2\n"


def test_a_series_that_is_not_there(pages, make_run):
    response = pages.get(f"/runs/{make_run().pk}/series/nothing")

    assert response.status_code == 404
    assert "has no series" in text_of(response)


def test_the_warnings_tab_groups_by_code_with_bins(pages):
    run = RunFactory(status="succeeded")
    run.document.record = {
        "warnings": [
            {
                "code": "b_info",
                "severity": "info",
                "nodeId": "A",
                "message": "One.",
                "bins": [[1, 2]],
                "count": 2,
            },
            {
                "code": "a_risk",
                "severity": "warning",
                "nodeId": "B",
                "message": "Two.",
                "bins": [[0, 0]],
                "count": 1,
            },
            {
                "code": "b_info",
                "severity": "info",
                "nodeId": "B",
                "message": "Three.",
                "bins": [[4, 9]],
                "count": 6,
            },
        ]
    }
    run.document.save()

    page = pages.get(f"/runs/{run.pk}?tab=warnings")

    said = text_of(page)
    assert said.index("a_risk Warning 1 place, 1 bin") < said.index("b_info Info 2 places, 8 bins")
    assert "Three. Bins 4 to 9" in said
    assert "a_ risk 1 b_ info 8" in said
    html = page.content.decode()
    assert f'href="/runs/{run.pk}?bin=4&amp;node=B"' in html


def test_no_warnings_is_said(pages, make_run):
    run = make_run(parameters={"perHour": 50})
    run.document.record["warnings"] = []
    run.document.save()

    assert "No warnings" in text_of(pages.get(f"/runs/{run.pk}?tab=warnings"))


def test_the_events_tab_tells_the_life_of_the_run_and_its_captures(pages, make_run, make_capture):
    run = make_run()
    make_capture(run)

    said = text_of(pages.get(f"/runs/{run.pk}?tab=events"))

    assert "Created run.created alice" in said
    assert "Published as g000001" in said
    assert "written" not in element_of(pages.get(f"/runs/{run.pk}?tab=events"), "tab")[
        "words"
    ].replace("written file", "")


def test_the_events_tab_says_how_long_each_step_took(pages, make_run, make_capture):
    run = make_run()
    make_capture(run)

    page = pages.get(f"/runs/{run.pk}?tab=events&files=1")

    steps = {step.name: (step.took, later) for step, later in page.context["shown"].timeline}
    assert re.fullmatch(r"[\d.]+ m?s", steps["run.succeeded"][0])
    assert re.fullmatch(r"[\d.]+ m?s", steps["capture.succeeded"][0])
    assert steps["run.created"] == ("", "")
    assert re.fullmatch(r"[\d.]+ m?s", steps["capture.file_written"][1])
    assert "Without 4 written files" in text_of(page)


def test_the_api_tab_shows_how_programs_ask(pages, make_run):
    run = make_run()

    said = text_of(pages.get(f"/runs/{run.pk}?tab=api"))

    assert f"http://testserver/v1/runs/{run.pk}" in said
    assert "/v1/telemetry/captures" in said


def test_every_command_for_reading_is_answered(pages, make_run, alice):
    from runs.services import create_replay

    run = create_replay(make_run(), source="model", user=alice)

    commands = pages.get(f"/runs/{run.pk}?tab=api").context["commands"]

    reads = [command for command in commands if "-X POST" not in command.text]
    assert len(reads) == 11
    for command in reads:
        (address,) = re.findall(r'"http://testserver(/v1/[^"]+)"', command.text)
        assert pages.get(address).status_code == 200, command.title


def test_commands_are_copied_as_they_stand(pages, make_run):
    html = pages.get(f"/runs/{make_run().pk}?tab=api").content.decode()

    copied = re.findall(r'data-copy="(curl[^"]+)"', html)
    shown = re.findall(r'<pre class="curl"[^>]*>(.*?)</pre>', html, re.DOTALL)
    assert copied == shown


def test_an_unknown_tab_is_the_first(pages, make_run):
    assert pages.get(f"/runs/{make_run().pk}?tab=nonsense").context["shown"].tab == "time"


def test_a_run_that_is_not_there(pages):
    response = pages.get("/runs/run_20261119T081207Z_0000beef")

    assert response.status_code == 404
    said = text_of(response)
    assert "There is no run 'run_20261119T081207Z_0000beef'" in said
    assert "It may have been removed, or the id may be cut short." in said
    assert "Search the runs" in said


def test_an_address_that_is_not_there(pages):
    response = pages.get("/nowhere")

    assert response.status_code == 404
    assert "There is no such page" in text_of(response)


def test_a_failed_run_says_what_where_and_what_next(pages):
    run = RunFactory(
        status="failed",
        failure_code="model_invalid",
        failure_detail="a reads itself in the same bin.",
    )

    page = pages.get(f"/runs/{run.pk}")

    said = text_of(page)
    assert "This run failed." in said
    assert "model_invalid a reads itself in the same bin." in said
    assert "Run again with these parameters" in said
    assert "The run did not succeed." in said


@pytest.mark.parametrize("status", ["failed", "canceled", "queued"])
def test_a_run_without_a_result_tells_its_parameters_and_lineage(pages, status):
    source = RunFactory()
    run = RunFactory(
        status=status,
        failure_code="model_invalid" if status == "failed" else "",
        source_run=source,
        replay_of="model",
        **({"finished_at": None} if status == "queued" else {}),
    )
    run.document.request["effective"] = {"visitorsPerHour": 31.0, "coachVisitors": 12}
    run.document.save()

    said = text_of(pages.get(f"/runs/{run.pk}"))

    assert "Visitors the clerk serves 31 visitors/h" in said.split("Provenance")[1]
    assert "Template first-steps, version 1.0.0" in said
    assert source.pk in said.split("Lineage")[1]
    # What only a result has is not promised.
    assert "Model hash" not in said
    assert "Verify now" not in said


def test_all_series_of_a_run_are_exported_as_one_table(pages, make_run):
    run = make_run()

    page = pages.get(f"/runs/{run.pk}").content.decode()

    assert f'href="/v1/runs/{run.pk}/export?format=csv" download' in page
    table = b"".join(pages.get(f"/v1/runs/{run.pk}/export?format=csv").streaming_content)
    assert table.startswith(b"time_bin,bin_start_utc,node_id,class,measure,value")
    assert "/export?" not in pages.get(f"/runs/{RunFactory(status='canceled').pk}").content.decode()


def test_a_cancelled_run_is_spelt_so(pages):
    run = RunFactory(status="canceled")

    said = text_of(pages.get(f"/runs/{run.pk}"))

    assert "Cancelled" in said
    assert "This run was cancelled." in said


def test_missing_files_are_noticed_and_said(pages, make_run, data_dirs):
    run = make_run()
    shutil.rmtree(data_dirs.runs / run.pk)

    said = text_of(pages.get(f"/runs/{run.pk}"))

    assert "The run's files are missing." in said
    assert "Nothing to show" in said


def test_changed_files_are_noticed_and_said(pages, make_run, data_dirs):
    run = make_run()
    (data_dirs.runs / run.pk / "run.json").write_text("{}")

    said = text_of(pages.get(f"/runs/{run.pk}"))

    assert "The run's files were changed since it was written." in said


def test_a_running_run_is_followed_until_it_has_finished(pages):
    run = RunFactory(
        status="running",
        finished_at=None,
        progress_done=57,
        progress_total=100,
        progress_unit="percent",
    )
    progress = element_of(pages.get(f"/runs/{run.pk}"), "progress")
    assert progress["hx-trigger"] == "every 1s"
    assert "57 per cent" in progress["words"]
    target = {"HX-Request": "true", "HX-Target": "progress"}
    assert "hx-trigger" in pages.get(f"/runs/{run.pk}", headers=target).content.decode()

    Run.objects.filter(pk=run.pk).update(
        status="failed", failure_code="x", finished_at=timezone.now()
    )
    answer = pages.get(f"/runs/{run.pk}", headers=target)

    assert answer["HX-Refresh"] == "true"


def test_an_operator_cancels_a_waiting_run(pages):
    run = RunFactory(status="queued", started_at=None, finished_at=None)

    response = pages.post(f"/runs/{run.pk}/cancel")

    assert response.status_code == 303
    run.refresh_from_db()
    assert run.status == "canceled"


def test_cancelling_a_finished_run_is_refused_in_the_panel(pages, make_run):
    run = make_run()

    response = pages.post(f"/runs/{run.pk}/cancel")

    assert response.status_code == 409
    assert (
        "only a queued or running run can be cancelled"
        in element_of(response, "telemetry")["words"]
    )
    run.refresh_from_db()
    assert run.status == "succeeded"


def test_a_viewer_cannot_cancel_and_is_told_why(viewer_pages):
    run = RunFactory(status="queued", started_at=None, finished_at=None)
    button = element_of(viewer_pages.get(f"/runs/{run.pk}"), "cancel-run")
    assert button["aria-disabled"] == "true"
    assert button["aria-describedby"] == "cancel-run-why"

    response = viewer_pages.post(f"/runs/{run.pk}/cancel")

    assert response.status_code == 403
    assert "You need the operator role." in text_of(response)
    run.refresh_from_db()
    assert run.status == "queued"


def test_verifying_says_what_was_found(pages, make_run):
    run = make_run()

    response = pages.post(f"/runs/{run.pk}/verify", follow=True)

    assert "Run files checked: valid." in text_of(response)


def test_markup_in_warnings_and_parameters_is_inert(pages):
    run = RunFactory()
    run.document.record = {
        "parameters": {"note": "<img src=x onerror=alert(1)>"},
        "warnings": [
            {
                "code": "x",
                "severity": "info",
                "nodeId": "<b>",
                "message": "<script>1</script>",
                "bins": [],
            }
        ],
    }
    run.document.save()

    page = pages.get(f"/runs/{run.pk}?tab=warnings").content.decode()

    assert "<img src=x" not in page
    assert "<script>1" not in page


def test_looking_does_not_change(pages, make_run):
    assert pages.get(f"/runs/{make_run().pk}/replay").status_code == 405
