"""Views of the run list that people keep: saving, opening, replacing, renaming, deleting, and the one that opens first."""

import pytest

from runs.models import SavedView
from runs.saved_views import MOST_VIEWS
from tests.conftest import make_person, page_client
from tests.factories import RunFactory
from tests.pages import text_of

pytestmark = pytest.mark.django_db
FAILED = "?status=failed&mode=simulation"


def save(pages, name="Failed ones", query=FAILED, **more):
    return pages.post("/runs/views", {"do": "save", "name": name, "query": query, **more})


def test_a_view_is_saved_under_a_name_and_opens_from_the_menu(pages, alice):
    RunFactory()

    response = save(pages)

    view = SavedView.objects.get()
    assert (view.owner, view.name, view.is_default) == (alice, "Failed ones", False)
    assert response.status_code == 303
    assert response["Location"] == f"/runs{view.query}"
    opened = pages.get(response["Location"])
    assert "View “Failed ones” saved." in text_of(opened)
    assert opened.context["runs"].question.asked == {"status": "failed", "mode": "simulation"}
    assert (
        f'href="/runs{view.query.replace("&", "&amp;")}" aria-current="true"'
        in opened.content.decode()
    )


def test_only_what_the_list_can_ask_is_kept(pages):
    save(pages, query="?status=failed&cursor=abc&next=//evil.example&mode=nonsense")

    assert SavedView.objects.get().query == "?status=failed"


def test_a_name_that_is_taken_is_refused_and_can_be_replaced(pages):
    save(pages)

    refused = save(pages, query="?mode=telemetry")

    assert refused.status_code == 409
    assert "You keep another view as “Failed ones”." in text_of(refused)
    assert "Replace what “Failed ones” holds" in text_of(refused)
    assert SavedView.objects.get().query == "?mode=simulation&status=failed"

    pages.post("/runs/views", {"do": "replace", "name": "Failed ones", "query": "?mode=telemetry"})

    assert SavedView.objects.get().query == "?mode=telemetry"


@pytest.mark.parametrize("name", ["", "   ", "x" * 61])
def test_a_name_must_be_a_name(pages, name):
    response = save(pages, name=name)

    assert response.status_code == 422
    assert not SavedView.objects.exists()


def test_a_view_is_renamed(pages):
    save(pages)
    view = SavedView.objects.get()

    pages.post("/runs/views", {"do": "rename", "view": view.pk, "name": "  What   failed "})

    view.refresh_from_db()
    assert view.name == "What failed"


def test_a_view_cannot_take_the_name_of_another(pages):
    save(pages)
    save(pages, name="Replays", query="?mode=telemetry")
    view = SavedView.objects.get(name="Replays")

    response = pages.post("/runs/views", {"do": "rename", "view": view.pk, "name": "Failed ones"})

    assert response.status_code == 409
    assert "Replace what" not in text_of(response)
    view.refresh_from_db()
    assert view.name == "Replays"


def test_a_view_is_deleted_and_no_run_with_it(pages):
    run = RunFactory(status="failed", failure_code="model_invalid")
    save(pages)

    pages.post("/runs/views", {"do": "delete", "view": SavedView.objects.get().pk})

    assert not SavedView.objects.exists()
    run.refresh_from_db()


def test_the_list_opens_with_the_view_that_was_chosen_and_everything_stays_reachable(pages):
    RunFactory()
    save(pages, is_default="1")
    view = SavedView.objects.get()

    assert pages.get("/runs")["Location"] == f"/runs{view.query}"
    assert pages.get("/runs?view=all").status_code == 200
    assert pages.get("/runs?mode=telemetry").status_code == 200

    pages.post("/runs/views", {"do": "no-default"})

    assert pages.get("/runs").status_code == 200


def test_one_view_at_most_opens_by_itself(pages):
    save(pages, is_default="1")
    save(pages, name="Replays", query="?mode=telemetry", is_default="1")

    assert [view.name for view in SavedView.objects.filter(is_default=True)] == ["Replays"]

    view = SavedView.objects.get(name="Failed ones")
    pages.post("/runs/views", {"do": "default", "view": view.pk})

    assert [view.name for view in SavedView.objects.filter(is_default=True)] == ["Failed ones"]


def test_views_are_nobody_else_s(pages):
    save(pages)
    view = SavedView.objects.get()
    bob = page_client(make_person("bob", "operator"))

    assert "Failed ones" not in text_of(bob.get("/runs/views"))
    for change in ({"do": "delete"}, {"do": "rename", "name": "Mine"}, {"do": "default"}):
        assert bob.post("/runs/views", {**change, "view": view.pk}).status_code == 404

    view.refresh_from_db()
    assert (view.name, view.is_default) == ("Failed ones", False)


@pytest.mark.parametrize("number", ["", "0", "x", "9" * 40])
def test_a_view_that_is_not_there_is_said(pages, number):
    response = pages.post("/runs/views", {"do": "delete", "view": number})

    assert response.status_code == 404
    assert "You keep no such view." in text_of(response)


def test_there_is_an_end_to_views(pages, alice):
    SavedView.objects.bulk_create(
        SavedView(owner=alice, name=str(n), query="?mode=telemetry") for n in range(MOST_VIEWS)
    )

    response = save(pages)

    assert response.status_code == 422
    assert "Delete one first." in text_of(response)
    assert SavedView.objects.count() == MOST_VIEWS


def test_the_page_of_views_says_what_each_holds(pages):
    save(pages, query="?status=failed&created=7d")

    said = text_of(pages.get("/runs/views"))

    assert "Status Failed, created in the last 7 days" in said
    assert "Open first" in said


def test_a_reader_without_views_is_told_how_to_keep_one(viewer_pages):
    assert "No views yet" in text_of(viewer_pages.get("/runs/views"))
    assert save(viewer_pages).status_code == 303
