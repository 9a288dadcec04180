"""Preferences: kept on a row, and honoured by every page."""

import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from flowtime.people.models import Preferences
from tests.factories import RunFactory
from tests.pages import element_of, text_of

pytestmark = pytest.mark.django_db

BERLIN = {"time_zone": "Europe/Berlin", "theme": "", "has_single_keys": "on"}


def test_times_are_told_in_the_zone_that_was_chosen_and_say_so(pages):
    run = RunFactory(created_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
    assert "1 Jul 2026, 22:30:00 UTC" in pages.get("/runs").content.decode()

    answer = pages.post("/profile/preferences", BERLIN, follow=True)

    assert "Your preferences were saved." in text_of(answer)
    page = pages.get("/runs")
    assert "2 Jul 2026, 00:30:00 CEST" in page.content.decode()
    assert 'datetime="2026-07-01T22:30:00.000Z"' in page.content.decode()
    assert "Times are Europe/Berlin" in text_of(page)
    assert run.pk in text_of(page)


def test_a_zone_holds_for_its_reader_alone(pages, viewer_pages):
    RunFactory(created_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
    pages.post("/profile/preferences", BERLIN)
    pages.get("/runs")

    assert "1 Jul 2026, 22:30:00 UTC" in viewer_pages.get("/runs").content.decode()


def test_the_api_tells_utc_whoever_asks(pages):
    run = RunFactory(created_at=datetime(2026, 7, 1, 22, 30, tzinfo=UTC))
    pages.post("/profile/preferences", BERLIN)

    assert pages.get(f"/v1/runs/{run.pk}").json()["createdUtc"] == "2026-07-01T22:30:00Z"


@pytest.mark.parametrize(
    "zone", ["", "Mars/Olympus", "../../etc/passwd", "/etc/localtime", "UTC\0"]
)
def test_what_is_no_zone_is_refused_and_nothing_kept(pages, zone):
    answer = pages.post("/profile/preferences", BERLIN | {"time_zone": zone})

    assert answer.status_code == 422
    assert element_of(answer, "id_time_zone")["aria-invalid"] == "true"
    assert not Preferences.objects.exists()


def test_a_zone_this_machine_has_forgotten_is_utc(pages, alice):
    Preferences.objects.create(user=alice, time_zone="Nowhere/Gone")

    assert "Times are UTC" in text_of(pages.get("/runs"))


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_theme_follows_the_person_to_another_browser(pages, alice, theme):
    pages.post("/profile/preferences", BERLIN | {"theme": theme})
    pages.cookies.pop("theme")

    assert f'data-theme="{theme}"' in pages.get("/runs").content.decode()


def test_the_toggle_is_kept_with_the_person_too(pages, alice):
    pages.post("/theme", {"theme": "dark"})
    assert Preferences.objects.get(user=alice).theme == "dark"
    pages.cookies.pop("theme")

    # Without a script the button sends no choice: it means the other one of what is shown.
    pages.post("/theme")

    assert 'data-theme="light"' in pages.get("/runs").content.decode()


def test_leaving_the_theme_to_the_system_forgets_the_choice(pages):
    pages.post("/theme", {"theme": "dark"})

    pages.post("/profile/preferences", BERLIN)

    assert "data-theme=" not in pages.get("/runs").content.decode()


def test_single_keys_are_on_until_they_are_turned_off(pages):
    assert "data-shortcuts" not in pages.get("/runs").content.decode()

    pages.post("/profile/preferences", {"time_zone": "UTC", "theme": ""})

    assert 'data-shortcuts="off"' in pages.get("/runs").content.decode()


def test_what_the_profile_says_of_single_keys_outdoes_what_a_browser_kept(pages):
    pages.cookies["shortcuts"] = "off"

    pages.post("/profile/preferences", BERLIN)

    assert not pages.cookies["shortcuts"].value


def test_preferences_cost_a_page_no_query_of_their_own(pages):
    pages.get("/docs/problems/not_found")
    with CaptureQueriesContext(connection) as asked:
        pages.get("/docs/problems/not_found")

    (only,) = [query["sql"] for query in asked if "people_preferences" in query["sql"]]
    assert 'FROM "auth_user"' in only


def test_the_form_offers_zones_by_name(pages):
    page = pages.get("/profile").content.decode()

    assert '<option value="UTC" selected>UTC</option>' in page
    assert '<option value="America/New_York">America/New York</option>' in page
    assert len(re.findall(r"<option value=\"[A-Z]", page)) > 300
