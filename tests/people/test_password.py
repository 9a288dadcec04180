"""Changing the password: the old one is asked for, others are signed out, attempts are limited."""

import pytest
from django.test import Client

from tests.pages import element_of, text_of

pytestmark = pytest.mark.django_db

NEW = "correct horse battery staple"
CHANGE = {"old_password": "alicealice", "new_password1": NEW, "new_password2": NEW}


def enter(password: str) -> Client:
    client = Client()
    client.post("/sign-in", {"username": "alice", "password": password})
    return client


def is_in(client: Client) -> bool:
    return client.get("/runs").status_code == 200


def test_a_new_password_opens_the_door_and_the_old_one_no_longer(pages):
    answer = pages.post("/profile/password", CHANGE, follow=True)

    assert "Your password was changed. Other sessions were signed out." in text_of(answer)
    assert is_in(enter(NEW))
    assert not is_in(enter("alicealice"))


def test_other_sessions_end_and_this_one_stays(pages, alice):
    other = enter("alicealice")
    assert is_in(other)

    pages.post("/profile/password", CHANGE)

    assert not is_in(other)
    assert is_in(pages)


@pytest.mark.parametrize(
    ("change", "field", "said"),
    [
        ({"old_password": "wrong"}, "old_password", "This is not your password."),
        ({"new_password2": "another"}, "new_password2", "The two new passwords differ."),
        ({"new_password1": "short", "new_password2": "short"}, "new_password2", "too short"),
        ({"new_password1": "alice123", "new_password2": "alice123"}, "new_password2", "similar"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_changes(pages, change, field, said):
    answer = pages.post("/profile/password", CHANGE | change)

    assert answer.status_code == 422
    assert said in element_of(answer, f"id_{field}-error")["words"]
    assert is_in(enter("alicealice"))


def test_guessing_the_old_password_is_limited_like_signing_in(pages, settings):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {
        "DEFAULT_THROTTLE_RATES": {"login": "2/min"}
    }
    wrong = CHANGE | {"old_password": "wrong"}
    assert [pages.post("/profile/password", wrong).status_code for _ in range(2)] == [422, 422]

    answer = pages.post("/profile/password", CHANGE)

    assert answer.status_code == 429
    assert not is_in(enter(NEW))


def test_the_page_never_repeats_a_password(pages):
    answer = pages.post("/profile/password", CHANGE | {"new_password2": "another"})

    assert NEW not in answer.content.decode()
    assert "alicealice" not in answer.content.decode()
