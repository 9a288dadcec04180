"""Where one is signed in: the list, and signing out one session or all others."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from flowtime.people.models import Session
from flowtime.people.sessions import SEEN, say_device, sessions_of
from tests.conftest import make_person
from tests.pages import text_of

pytestmark = pytest.mark.django_db

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
)


def enter(name: str, agent: str) -> Client:
    """Sign in through the door with a browser of that kind."""
    client = Client(headers={"User-Agent": agent})
    answer = client.post("/sign-in", {"username": name, "password": name * 2})
    assert answer.status_code == 302, answer.content
    return client


@pytest.fixture
def desk(alice: Any) -> Client:
    """Alice at her desk."""
    return enter("alice", FIREFOX)


def test_every_session_is_listed_with_its_device_and_when_it_was_seen(desk):
    enter("alice", IPHONE)

    said = text_of(desk.get("/profile"))

    assert "Firefox on Linux" in said
    assert "Safari on an iPhone" in said
    assert "this session" in said


def test_a_session_signed_out_from_elsewhere_is_led_to_the_door(desk, alice):
    phone = enter("alice", IPHONE)
    (_, other) = sessions_of(alice, current=desk.session.session_key)

    answer = desk.post(f"/profile/sessions/{other.identifier}/sign-out", follow=True)

    assert "The session was signed out." in text_of(answer)
    assert phone.get("/runs").status_code == 302
    assert desk.get("/runs").status_code == 200


def test_signing_out_all_others_leaves_this_one(desk):
    phone, tablet = enter("alice", IPHONE), enter("alice", IPHONE)

    answer = desk.post("/profile/sessions/sign-out", follow=True)

    assert "2 other sessions were signed out." in text_of(answer)
    assert {client.get("/runs").status_code for client in (phone, tablet)} == {302}
    assert desk.get("/runs").status_code == 200


def test_nobody_ends_the_session_of_another(desk, alice):
    victor = make_person("victor", "viewer")
    other = enter("victor", IPHONE)
    (session,) = sessions_of(victor, current=None)

    assert desk.post(f"/profile/sessions/{session.identifier}/sign-out").status_code == 404
    desk.post("/profile/sessions/sign-out")

    assert other.get("/runs").status_code == 200


def test_the_page_never_tells_a_session_key(desk):
    phone = enter("alice", IPHONE)

    page = desk.get("/profile").content.decode()

    assert desk.session.session_key not in page
    assert phone.session.session_key not in page


def test_being_seen_is_noted_once_in_a_while(desk):
    desk.get("/runs")
    first = Session.objects.get().seen_at
    desk.get("/runs")
    assert Session.objects.get().seen_at == first

    session = desk.session
    session[SEEN] = (timezone.now() - timedelta(minutes=6)).timestamp()
    session.save()
    desk.get("/runs")

    assert Session.objects.get().seen_at >= first


def test_sessions_that_are_over_go_when_somebody_signs_in(desk, alice):
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))

    enter("alice", IPHONE)

    assert [row.device for row in Session.objects.all()] == [IPHONE]


def test_a_person_who_is_deleted_takes_their_sessions_along(desk, alice):
    alice.delete()

    assert not Session.objects.exists()
    assert desk.get("/runs").status_code == 302


def test_a_browser_that_lies_about_itself_is_only_text(alice):
    client = enter("alice", "<b>Firefox/1</b>\nX: y" + "x" * 1000)

    page = client.get("/profile").content.decode()

    assert "<b>Firefox" not in page
    assert len(Session.objects.get().device) <= 300


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        (FIREFOX, "Firefox on Linux"),
        (IPHONE, "Safari on an iPhone"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/142.0.0.0 Safari/537.36 Edg/142.0.0.0",
            "Edge on Windows",
        ),
        (
            "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 "
            "(KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
            "Chrome on a Mac",
        ),
        ("Mozilla/5.0 (Linux; Android 15) Something/1", "A browser on Android"),
        ("curl/8.5.0", "curl"),
        ("", "An unknown browser"),
    ],
)
def test_a_device_is_said_in_words(agent, said):
    assert say_device(agent) == said
