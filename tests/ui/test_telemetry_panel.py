"""The telemetry panel of a run: availability, generating, refusals in place, replaying, and every reason (product §4.1)."""

import re
import shutil

import pytest

from runs.models import Run
from telemetry.models import Capture
from tests.factories import CaptureFactory, RunFactory
from tests.flows import snapshot
from tests.pages import element_of, text_of

pytestmark = pytest.mark.django_db

PANEL = {"HX-Request": "true", "HX-Target": "telemetry"}


def panel_of(response):
    return element_of(response, "telemetry")["words"]


def reason_of(response, control):
    """The sentence beside a control that is refused; None where it is allowed."""
    button = element_of(response, control)
    if button.get("aria-disabled") != "true":
        return None
    # It can be focused, and it does nothing.
    assert "disabled" not in button
    assert button["type"] == "button"
    return element_of(response, button["aria-describedby"])["words"]


@pytest.mark.parametrize("template_id", ["desk", "counted"])
def test_it_says_how_many_files_generating_would_write(pages, make_run, make_capture, template_id):
    run = make_run(template_id)

    before = panel_of(pages.get(f"/runs/{run.pk}"))

    files, size = re.search(r"Would write (\d+) files, about (\d+) bytes", before).groups()
    capture = make_capture(run)
    assert int(files) == capture.file_count
    assert capture.byte_count / 2 < int(size) <= capture.byte_count


def test_it_promises_no_files_where_there_are_none(pages, make_run):
    assert "Would write" not in panel_of(pages.get(f"/runs/{make_run('bare').pk}"))


def test_the_main_job_on_pages(pages, make_run, run_tasks):
    run = make_run()
    url = f"/runs/{run.pk}"
    before = pages.get(url)
    assert "Telemetry Not available" in panel_of(before)
    assert reason_of(before, "generate") is None
    assert reason_of(before, "replay-model") is None
    assert reason_of(before, "replay-telemetry") == "Generate telemetry first."

    asked = pages.post(f"{url}/capture")
    assert asked.status_code == 303
    assert asked["Location"] == f"{url}#telemetry"
    waiting = pages.get(url)
    assert element_of(waiting, "telemetry")["hx-trigger"] == "every 1s"
    assert reason_of(waiting, "generate") == "A capture is in progress."
    run_tasks()
    after = pages.get(url)

    capture = Capture.objects.get()
    assert "Telemetry Available" in panel_of(after)
    generated = capture.generated_at
    assert f"Generated {generated.day} {generated:%b %Y, %H:%M:%S}" in panel_of(after)
    assert "Source run this run" in panel_of(after)
    assert "Integrity Valid" in panel_of(after)
    assert "Published as g000001" in panel_of(after)
    assert reason_of(after, "replay-telemetry") is None
    assert "hx-trigger" not in element_of(after, "telemetry")

    replayed = pages.post(f"{url}/replay", {"from": "telemetry"})
    assert replayed.status_code == 303
    run_tasks()
    new = pages.get(replayed["Location"])

    assert "series identical to the source run" in text_of(new)
    assert run.pk in text_of(new)
    assert "Source run …" in panel_of(new)
    assert replayed["Location"].removeprefix("/runs/") in text_of(pages.get(url))


def test_generating_again_is_a_conflict_until_it_is_confirmed(
    pages, make_run, make_capture, run_tasks, data_dirs
):
    run = make_run()
    capture = make_capture(run)
    bundle = snapshot(data_dirs.telemetry)
    url = f"/runs/{run.pk}/capture"

    conflict = pages.post(url, headers=PANEL)

    assert conflict.status_code == 409
    said = panel_of(conflict)
    generated = capture.generated_at
    when = f"{generated.day} {generated:%b %Y, %H:%M:%S}"
    assert f"already has a telemetry bundle, generated {generated:%Y-%m-%dT%H:%M:%SZ}" in said
    assert "Replace the existing telemetry?" in said
    assert f"Generated {when} UTC by alice" in said
    assert "Generation g000001" in said
    assert "autofocus" in element_of(conflict, "keep-existing")
    assert element_of(conflict, "replace-existing")["words"] == "Replace with g000002"
    assert Capture.objects.count() == 1
    assert snapshot(data_dirs.telemetry) == bundle

    confirmed = pages.post(url, {"overwrite": "true"}, headers=PANEL)
    assert confirmed.status_code == 200
    run_tasks()

    assert Capture.objects.get(status="succeeded").generation == 2
    assert "Generation g000002" in panel_of(pages.get(f"/runs/{run.pk}"))


def test_without_a_script_the_conflict_is_asked_on_the_whole_page(pages, make_run, make_capture):
    run = make_run()
    make_capture(run)

    response = pages.post(f"/runs/{run.pk}/capture")

    assert response.status_code == 409
    assert "<html" in response.content.decode()
    dialog = element_of(response, "overwrite")
    assert dialog["tag"] == "dialog"
    assert "open" in dialog
    assert element_of(response, "keep-existing")["href"] == f"/runs/{run.pk}#telemetry"
    assert "Provenance" in text_of(response)


def test_a_capture_key_puts_the_bundle_in_the_library(pages, make_run, run_tasks):
    run = make_run()

    pages.post(f"/runs/{run.pk}/capture", {"captureKey": "desk", "nan": "zero", "gaps": "report"})

    run_tasks()
    capture = Capture.objects.get()
    assert capture.target == "library/desk"
    assert (capture.nan, capture.gaps) == ("zero", "report")
    assert "Capture key desk" in panel_of(pages.get(f"/runs/{run.pk}"))


def test_a_conflict_in_the_library_says_whose_bundle_it_is(pages, make_run, make_capture):
    first, second = make_run(), make_run(parameters={"perHour": 7})
    make_capture(first, capture_key="shared")

    response = pages.post(f"/runs/{second.pk}/capture", {"captureKey": "shared"}, headers=PANEL)

    assert response.status_code == 409
    said = panel_of(response)
    assert "The library holds a bundle under shared" in said
    assert f"Source run {first.pk}" in said
    # What was asked for is asked again when it is confirmed.
    assert 'name="captureKey" value="shared"' in response.content.decode()


@pytest.mark.parametrize("key", ["../outside", "/etc", "a b", "con"])
def test_a_key_that_cannot_be_used_is_said_in_the_panel_and_kept_in_the_field(pages, make_run, key):
    run = make_run()

    response = pages.post(f"/runs/{run.pk}/capture", {"captureKey": key}, headers=PANEL)

    assert response.status_code == 400
    assert "Use a name of letters, digits, dots, hyphens and underscores." in panel_of(response)
    assert element_of(response, "capture-key")["value"] == key
    assert not Capture.objects.exists()


def test_a_run_with_nothing_to_capture_says_so_in_the_panel(pages, make_run):
    run = make_run("bare")

    response = pages.post(f"/runs/{run.pk}/capture", headers=PANEL)

    assert response.status_code == 422
    assert "No node of run" in panel_of(response)
    assert "Give the template's nodes roles" in panel_of(response)


def test_a_capture_that_failed_says_why_and_what_is_safe(pages, make_run):
    run = make_run()
    CaptureFactory(
        source_run=run,
        status="failed",
        generation=None,
        generated_at=None,
        manifest_hash="",
        failure_code="insufficient_storage",
        failure_detail="There is no space left.",
    )

    said = panel_of(pages.get(f"/runs/{run.pk}"))

    assert "The last capture failed." in said
    assert "insufficient_storage There is no space left." in said


def test_the_panel_is_told_once_when_the_watched_capture_has_ended(pages, make_run, make_capture):
    run = make_run()
    capture = make_capture(run)

    answer = pages.get(f"/runs/{run.pk}", {"watch": capture.pk}, headers=PANEL)

    assert "Telemetry generated: " in text_of(answer)
    assert "Telemetry generated: " not in text_of(pages.get(f"/runs/{run.pk}", headers=PANEL))


@pytest.mark.django_db(transaction=True)
def test_a_capture_that_is_done_at_once_is_told_of_too(pages, make_run, settings):
    settings.TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
    run = make_run()

    answer = pages.post(f"/runs/{run.pk}/capture", headers=PANEL)

    assert "Telemetry generated: " in text_of(answer)


def test_a_library_capture_is_told_of_where_the_run_has_a_bundle_of_its_own(
    pages, make_run, make_capture
):
    run = make_run()
    make_capture(run)
    kept = make_capture(run, capture_key="storm")

    answer = pages.get(f"/runs/{run.pk}", {"watch": kept.pk}, headers=PANEL)

    assert "Telemetry generated: " in text_of(answer)
    assert kept.get_absolute_url() in answer.content.decode()


###############################################################################
# Every row of product §4.1
###############################################################################
def test_a_telemetry_run_gives_no_telemetry(pages, make_run, make_capture, run_tasks):
    run = make_run()
    make_capture(run)
    answer = pages.post(f"/runs/{run.pk}/replay", {"from": "telemetry"})
    run_tasks()

    page = pages.get(answer["Location"])

    assert reason_of(page, "generate") == "Telemetry is generated from simulation runs."
    refused = pages.post(f"{answer['Location']}/capture", headers=PANEL)
    assert refused.status_code == 422
    assert "Telemetry is generated from simulation runs." in panel_of(refused)


@pytest.mark.parametrize("status", ["queued", "running"])
def test_a_run_that_has_not_finished_allows_nothing(pages, status):
    run = RunFactory(status=status, finished_at=None)

    page = pages.get(f"/runs/{run.pk}")

    for control in ("generate", "replay-model", "replay-telemetry"):
        assert reason_of(page, control) == "The run has not finished."


def test_a_capture_in_progress(pages, make_run):
    run = make_run()
    Run.objects.filter(pk=run.pk).update(telemetry_in_progress=True)
    CaptureFactory(
        source_run=run, status="generating", generation=None, generated_at=None, finished_at=None
    )

    page = pages.get(f"/runs/{run.pk}")

    assert reason_of(page, "generate") == "A capture is in progress."
    assert "Generating" in panel_of(page)


def test_a_viewer_is_told_which_role_it_takes(viewer_pages, make_run, make_capture):
    run = make_run()
    page = viewer_pages.get(f"/runs/{run.pk}")
    assert reason_of(page, "generate") == "You need the operator role."
    assert reason_of(page, "replay-model") == "You need the operator role."
    assert reason_of(page, "replay-telemetry") == "Generate telemetry first."
    make_capture(run)

    page = viewer_pages.get(f"/runs/{run.pk}")

    assert reason_of(page, "generate") == "You need the operator role."
    assert reason_of(page, "replay-telemetry") == "You need the operator role."


@pytest.mark.parametrize("action", ["capture", "replay"])
def test_a_viewer_is_refused_by_the_server_too(viewer_pages, make_run, action, data_dirs):
    run = make_run()

    response = viewer_pages.post(f"/runs/{run.pk}/{action}", headers=PANEL)

    assert response.status_code == 403
    assert "You need the operator role." in panel_of(response)
    assert Run.objects.count() == 1
    assert not Capture.objects.exists()
    assert snapshot(data_dirs.telemetry) == {}


def test_a_run_whose_files_are_missing(pages, make_run, data_dirs):
    run = make_run()
    shutil.rmtree(data_dirs.runs / run.pk)

    page = pages.get(f"/runs/{run.pk}")

    assert reason_of(page, "generate") == "The run's files are missing."
    assert reason_of(page, "replay-model") == "The run's files are missing."


def test_a_run_whose_files_were_changed(pages, make_run, data_dirs):
    run = make_run()
    (data_dirs.runs / run.pk / "run.json").write_text("{}")

    page = pages.get(f"/runs/{run.pk}")

    assert reason_of(page, "generate") == "The run's files were changed since it was written."
    assert reason_of(page, "replay-model") == "The run's files were changed since it was written."


def bundle_of(data_dirs, run):
    return data_dirs.telemetry / "runs" / run.pk / "g000001"


def test_a_telemetry_bundle_that_is_missing(pages, make_run, make_capture, data_dirs):
    run = make_run()
    make_capture(run)
    shutil.rmtree(bundle_of(data_dirs, run))

    page = pages.get(f"/runs/{run.pk}")

    assert "Not available: missing" in panel_of(page)
    assert reason_of(page, "replay-telemetry") == "The telemetry bundle is missing."
    assert reason_of(page, "generate") is None
    refused = pages.post(f"/runs/{run.pk}/replay", {"from": "telemetry"}, headers=PANEL)
    assert refused.status_code == 422
    assert "Generate telemetry again; the run itself is not affected." in panel_of(refused)


def test_a_telemetry_bundle_that_was_changed(pages, make_run, make_capture, data_dirs):
    run = make_run()
    make_capture(run)
    file = bundle_of(data_dirs, run) / "Desk_Served.csv"
    file.write_bytes(file.read_bytes().replace(b"0,4", b"0,5"))

    page = pages.get(f"/runs/{run.pk}")

    assert "Not available: changed" in panel_of(page)
    reason = "The telemetry bundle was changed since it was generated."
    assert reason_of(page, "replay-telemetry") == reason
    assert "The run itself is not affected, so telemetry can be generated again." in panel_of(page)


def test_a_replay_from_the_model_reproduces_every_series(pages, make_run, run_tasks):
    run = make_run(parameters={"perHour": 7})

    answer = pages.post(f"/runs/{run.pk}/replay", {"from": "model"}, headers=PANEL)

    assert answer["HX-Redirect"].startswith("/runs/run_")
    run_tasks()
    replayed = Run.objects.exclude(pk=run.pk).get()
    assert replayed.identical_series == replayed.compared_series == run.series_count
    assert f"{run.series_count} of {run.series_count} series identical" in text_of(
        pages.get(answer["HX-Redirect"])
    )


def test_creating_a_run_never_generates_telemetry(pages, run_tasks):
    pages.post(
        "/runs/new?template=desk",
        {"p-perHour": "5", "p-extra": "0", "mode": "simulation", "seed": "1", "do": "run"},
    )

    run_tasks()

    assert Run.objects.get().status == "succeeded"
    assert not Capture.objects.exists()


def test_no_time_is_told_before_there_is_one(pages, make_run):
    run = make_run()

    assert "Generated" not in panel_of(pages.get(f"/runs/{run.pk}"))
    assert run.telemetry_generated_at is None


###############################################################################
# What there was before, and what may be chosen
###############################################################################
def test_every_generation_is_told_with_who_and_how_large(pages, make_run, make_capture):
    run = make_run()
    assert "History of generations" not in panel_of(pages.get(f"/runs/{run.pk}"))
    first = make_capture(run)
    second = make_capture(run, overwrite=True)

    page = pages.get(f"/runs/{run.pk}")

    said = element_of(page, "generations")["words"]
    assert "g000002" in said
    assert "g000001" in said
    assert said.index("g000002") < said.index("g000001")
    assert said.count("alice") == 2
    assert f"{second.file_count} files" in said
    assert "Superseded" in said
    for capture in (first, second):
        assert f'href="/telemetry/{capture.pk}"' in page.content.decode()


def test_the_templates_own_key_is_suggested_and_used_by_a_link(pages, make_run):
    run = make_run("counted")
    page = pages.get(f"/runs/{run.pk}")
    assert "The template suggests counted" in panel_of(page)

    filled = pages.get(f"/runs/{run.pk}?captureKey=counted")

    assert element_of(filled, "capture-key")["value"] == "counted"
    assert "open" in element_of(filled, "capture-options")


def test_a_template_without_a_key_suggests_one_that_names_the_inputs(pages, make_run):
    run = make_run()
    digest = run.input_hash.removeprefix("sha256:")[:8]

    assert f"desk-{digest}" in panel_of(pages.get(f"/runs/{run.pk}"))


def test_a_suggested_key_that_is_taken_says_by_whom(pages, make_run, make_capture):
    other = make_run("counted")
    make_capture(other, capture_key="counted")
    run = make_run("counted", parameters={"limit": 50})

    page = pages.get(f"/runs/{run.pk}")

    assert "It holds a bundle of run …" in panel_of(page)
    assert "you are asked before it is replaced" in panel_of(page)
    assert f'href="/runs/{other.pk}"' in page.content.decode()


def test_each_option_says_what_it_does_and_what_was_chosen_is_chosen_again(pages, make_run):
    run = make_run()
    said = panel_of(pages.get(f"/runs/{run.pk}"))
    assert "Written as they are: a replay sees what the run saw." in said
    assert "A warning names each. Right where no entry means that nothing came." in said

    refused = pages.post(
        f"/runs/{run.pk}/capture", {"captureKey": "a b", "nan": "zero", "gaps": "report"}
    ).content.decode()

    assert 'name="nan" value="zero" form="generate-form" checked' in refused
    assert 'name="gaps" value="report" form="generate-form" checked' in refused


def test_a_refusal_names_its_request(pages, make_run):
    run = make_run("bare")

    response = pages.post(f"/runs/{run.pk}/capture", headers=PANEL)

    assert f"Request {response['X-Request-Id']}" in panel_of(response)


###############################################################################
# Lineage, both ways
###############################################################################
def test_lineage_tells_which_run_replays_which_capture(pages, make_run, make_capture, run_tasks):
    run = make_run()
    capture = make_capture(run)
    replay = pages.post(f"/runs/{run.pk}/replay", {"from": "telemetry"})["Location"]
    again = pages.post(f"/runs/{run.pk}/replay", {"from": "model"})["Location"]
    run_tasks()

    source = element_of(pages.get(f"/runs/{run.pk}"), "lineage")["words"]
    of_replay = element_of(pages.get(replay), "lineage")["words"]

    captured, others = source.split("Other replays")
    assert capture.pk in captured
    assert replay.removeprefix("/runs/") in captured
    assert again.removeprefix("/runs/") in others
    assert f"Source run {run.pk}" in of_replay
    assert f"Replayed capture {capture.pk} g000001, succeeded" in of_replay
    assert replay.removeprefix("/runs/") in text_of(pages.get(f"/telemetry/{capture.pk}"))


def test_a_failed_run_says_what_next_and_names_its_request(pages):
    run = RunFactory(
        status="failed", failure_code="worker_lost", failure_detail="The worker stopped."
    )
    run.events.create(name="run.failed", attributes={"requestId": "r77", "code": "worker_lost"})

    page = pages.get(f"/runs/{run.pk}")

    said = text_of(page)
    assert "This run failed. worker_lost The worker stopped." in said
    assert "Request r77" in said
    assert f"/runs/new?from={run.pk}#setup" in page.content.decode()
