"""Light and dark: a small POST, a cookie, and a page that arrives in the right colours."""

import pytest

pytestmark = pytest.mark.django_db


def test_the_choice_is_kept_and_the_next_page_is_rendered_with_it(pages):
    assert "data-theme" not in pages.get("/runs").content.decode().split("<body")[0]

    response = pages.post("/theme", {"theme": "dark", "next": "/telemetry"})

    assert response.status_code == 302
    assert response["Location"] == "/telemetry"
    assert '<html lang="en-GB" data-theme="dark">' in pages.get("/runs").content.decode()


def test_without_a_script_each_press_is_the_other_theme(pages):
    pages.post("/theme")
    assert 'data-theme="dark"' in pages.get("/runs").content.decode()

    pages.post("/theme")

    assert 'data-theme="light"' in pages.get("/runs").content.decode()


def test_a_stranger_may_choose_at_the_door(client):
    client.post("/theme", {"theme": "dark", "next": "/sign-in"})

    assert 'data-theme="dark"' in client.get("/sign-in").content.decode()


@pytest.mark.parametrize("target", ["https://example.org/", "//example.org", "javascript:alert(1)"])
def test_the_way_back_stays_here(pages, target):
    assert pages.post("/theme", {"next": target})["Location"] == "/runs"


def test_a_cookie_that_is_no_theme_is_not_rendered(pages):
    pages.cookies["theme"] = '"><script>'

    assert "data-theme" not in pages.get("/runs").content.decode().split("<body")[0]


def test_single_keys_are_turned_off_and_on_for_whoever_asks(pages, viewer_pages):
    assert "data-shortcuts" not in pages.get("/runs").content.decode()

    assert pages.post("/keys", {}).status_code == 204

    assert 'data-shortcuts="off"' in pages.get("/runs").content.decode()
    assert "data-shortcuts" not in viewer_pages.get("/runs").content.decode()
    pages.post("/keys", {"on": "true"})
    assert "data-shortcuts" not in pages.get("/runs").content.decode()
