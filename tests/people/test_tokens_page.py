"""The profile's API tokens: made with a name, shown once, listed with their last use, revoked after a question."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from flowtime.people.models import Token
from tests.conftest import client_of
from tests.pages import text_of

pytestmark = pytest.mark.django_db
SECRET = re.compile(r'data-copy="([0-9a-f]{64})"')


def made_by(pages: Client, **body: Any) -> str:
    """Make a token on the page; its secret."""
    answer = pages.post("/profile/tokens", {"name": "nightly import", "days": 30, **body})
    assert answer.status_code == 200, text_of(answer)
    return SECRET.search(answer.content.decode())[1]


def bearer(secret: str) -> int:
    return (
        client_of(None)
        .get("/v1/auth/tokens", headers={"Authorization": f"Bearer {secret}"})
        .status_code
    )


def test_a_token_made_here_opens_the_api(pages):
    secret = made_by(pages)

    assert bearer(secret) == 200
    assert Token.objects.get().name == "nightly import"
    lifetime = Token.objects.get().expiry - timezone.now()
    assert timedelta(days=29) < lifetime <= timedelta(days=30)


def test_the_secret_is_shown_this_once_and_kept_nowhere(pages):
    answer = pages.post("/profile/tokens", {"name": "nightly import", "days": 30})
    secret = SECRET.search(answer.content.decode())[1]

    assert answer["Cache-Control"] == "no-store"
    again = pages.get("/profile").content.decode()
    assert "nightly import" in again
    assert secret not in again
    assert secret[:15] not in again
    assert all(secret not in str(value) for value in Token.objects.values().get().values())
    assert all(secret not in str(value) for value in pages.session.items())
    assert secret not in str(pages.cookies)


def test_the_list_says_when_a_token_was_last_used(pages):
    secret = made_by(pages)
    assert "never" in text_of(pages.get("/profile"))

    bearer(secret)

    assert Token.objects.get().last_used_at is not None
    assert "never" not in text_of(pages.get("/profile"))


def test_a_busy_program_writes_its_last_use_once_a_minute(pages):
    secret = made_by(pages)
    bearer(secret)
    first = Token.objects.get().last_used_at

    bearer(secret)
    assert Token.objects.get().last_used_at == first

    Token.objects.update(last_used_at=first - timedelta(minutes=2))
    bearer(secret)
    assert Token.objects.get().last_used_at >= first


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"name": "", "days": 30}, "Name it, so that you know later what to revoke."),
        ({"name": "x", "days": 0}, "greater than or equal to 1"),
        ({"name": "x", "days": 366}, "less than or equal to 365"),
        ({"name": "x", "days": "soon"}, "Give a whole number of days."),
        ({"name": "x" * 61, "days": 30}, "at most 60 characters"),
    ],
)
def test_what_does_not_fit_is_said_beside_its_field_and_nothing_is_made(pages, body, said):
    answer = pages.post("/profile/tokens", body)

    assert answer.status_code == 422
    assert said in text_of(answer)
    assert not Token.objects.exists()


def test_revoking_asks_first_and_then_closes_the_api_at_once(pages):
    secret = made_by(pages)
    url = f"/profile/tokens/{Token.objects.get().identifier}/revoke"

    asked = pages.get(url)
    assert "Revoke nightly import?" in text_of(asked)
    assert bearer(secret) == 200

    answer = pages.post(url, follow=True)
    assert "nightly import was revoked." in text_of(answer)
    assert bearer(secret) == 401


@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_revokes_the_token_of_another(pages, victor, method):
    token, secret = Token.objects.create(user=victor, name="Victor's")

    answer = getattr(pages, method)(f"/profile/tokens/{token.identifier}/revoke")

    assert answer.status_code == 404
    assert "Victor" not in text_of(answer)
    assert bearer(secret) == 200


def test_the_name_of_a_token_is_text_and_nothing_else(pages):
    made_by(pages, name="<script>alert(1)</script>")

    page = pages.get("/profile").content.decode()

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page


def test_only_ones_own_are_listed(pages, victor):
    Token.objects.create(user=victor, name="of another person")

    assert "of another person" not in text_of(pages.get("/profile"))


def test_the_api_names_a_token_and_tells_its_last_use(alice):
    made = client_of(alice).post("/v1/auth/tokens", {"name": "report"}).json()
    assert made["name"] == "report"
    assert made["lastUsedUtc"] is None
    bearer(made["token"])

    (listed,) = client_of(alice).get("/v1/auth/tokens").json()["items"]

    assert listed["name"] == "report"
    assert listed["lastUsedUtc"].endswith("Z")
