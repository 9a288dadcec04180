"""Replaying a bundle of the library into a template that one chooses: what fits, what binds to what, and the run."""

import pytest

from runs.models import Run
from tests import flows
from tests.pages import element_of, text_of

pytestmark = pytest.mark.django_db

# The same desk with another way to count, two bins more, or another name for the place.
SLOW_DESK = flows.DESK.replace("id: desk,", "id: slow-desk,").replace(
    "title: A small desk", "title: A slow desk"
)
LONG_DESK = (
    SLOW_DESK.replace("slow", "long")
    .replace("bins: 4", "bins: 6")
    .replace("[4, 9, 3, 2]", "[4, 9, 3, 2, 1, 1]")
)
OTHER_DESK = SLOW_DESK.replace("slow", "other").replace("- id: Desk", "- id: Counter")


@pytest.fixture(autouse=True)
def more_desks(data_dirs, catalog_of_tests):
    for name, text in (("slow", SLOW_DESK), ("long", LONG_DESK), ("other", OTHER_DESK)):
        flows.add_template(data_dirs.templates, text, name=f"{name}-desk")


@pytest.fixture
def capture(make_run, make_capture):
    return make_capture(make_run(parameters={"perHour": 3}), capture_key="shared")


@pytest.fixture
def url(capture):
    return f"/telemetry/{capture.pk}/replay"


def choice_of(response):
    return element_of(response, "choice")["words"]


def test_its_own_template_is_chosen_first_with_every_binding(pages, url, capture):
    page = pages.get(url)

    said = choice_of(page)
    assert "Desk_Arrivals.csv Desk Arrivals everybody" in said
    assert "Desk_Capacity.csv Desk Capacity" in said
    assert "Parameters and seed are those of the source run." in said
    assert "Takes the place of" in said
    assert url in pages.get(f"/telemetry/{capture.pk}").content.decode()


def test_templates_are_sorted_into_those_that_fit_and_the_others(pages, url):
    shown = pages.get(url).context["shown"]

    assert {c.entry.template_id for c in shown.fitting} == {"desk", "slow-desk"}
    others = {c.entry.template_id: c.mismatch for c in shown.others}
    assert "6 bins of 1 hour" in others["long-desk"]
    assert "nodes that the template does not have: Desk" in others["other-desk"]
    assert others["broken"] == "The template has problems of its own and cannot be run."


def test_running_it_in_another_template_makes_a_linked_telemetry_run(
    pages, url, capture, run_tasks
):
    response = pages.post(url, {"template": "slow-desk"})

    assert response.status_code == 303
    run_tasks()
    run = Run.objects.get(template_id="slow-desk")
    assert response["Location"] == f"/runs/{run.pk}"
    assert (run.mode, run.status) == ("telemetry", "succeeded")
    assert run.source_run_id == capture.source_run_id
    assert run.replayed_capture_id == capture.pk
    # Linked both ways.
    assert run.pk in text_of(pages.get(f"/telemetry/{capture.pk}"))
    assert f"{run.pk} into A slow desk" in text_of(pages.get(f"/runs/{capture.source_run_id}"))
    assert capture.pk in text_of(pages.get(f"/runs/{run.pk}"))


def test_in_its_own_template_the_source_runs_parameters_are_used_again(
    pages, url, capture, run_tasks
):
    pages.post(url, {"template": "desk"})

    run_tasks()
    run = Run.objects.get(mode="telemetry")
    assert run.document.record["overrides"] == {"perHour": 3}


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("long-desk", "The telemetry bundle has 4 bins of 1 hour; the template has 6 bins"),
        ("other-desk", "observes nodes that the template does not have: Desk"),
    ],
)
def test_a_mismatch_is_explained_and_nothing_is_run(pages, url, template, reason):
    page = pages.get(f"{url}?template={template}", headers={"HX-Request": "true"})
    said = choice_of(page)
    assert reason in said
    assert "bundle_mismatch" in said
    assert "4 × 1 h" in said
    with pytest.raises(KeyError):
        element_of(page, "replay-into")

    refused = pages.post(url, {"template": template})

    assert refused.status_code == 422
    assert reason in text_of(refused)
    assert Run.objects.count() == 1


def test_a_template_that_is_not_there(pages, url):
    assert "There is no template nowhere in the catalog." in text_of(
        pages.get(f"{url}?template=nowhere")
    )

    assert pages.post(url, {"template": "nowhere"}).status_code == 404
    assert Run.objects.count() == 1


def test_a_viewer_may_look_and_is_told_who_may_run(viewer_pages, url):
    page = viewer_pages.get(url)
    assert element_of(page, "replay-into")["aria-disabled"] == "true"

    response = viewer_pages.post(url, {"template": "desk"})

    assert response.status_code == 403
    assert Run.objects.count() == 1


def test_a_bundle_that_was_changed_is_refused_in_a_sentence(pages, url, capture, data_dirs):
    file = data_dirs.telemetry / "library" / "shared" / "g000001" / "Desk_Arrivals.csv"
    file.write_bytes(file.read_bytes().replace(b"0,4", b"0,5"))

    page = pages.get(url)

    assert "Desk_Arrivals.csv" in choice_of(page)
    assert pages.post(url, {"template": "desk"}).status_code == 422
    assert Run.objects.count() == 1
