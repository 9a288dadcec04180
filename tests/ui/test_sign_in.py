"""The door: signing in and out, what a stranger sees, and what happens after too many attempts."""

from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.test import Client
from django.utils import timezone

from tests.pages import text_of

pytestmark = pytest.mark.django_db


def test_signing_in_leads_to_where_one_was_going(client, alice):
    refused = client.get("/telemetry")
    assert refused.status_code == 302
    assert refused["Location"] == "/sign-in?next=/telemetry"

    entered = client.post(
        "/sign-in", {"username": "alice", "password": "alicealice", "next": "/telemetry"}
    )

    assert entered.status_code == 302
    assert entered["Location"] == "/telemetry"
    assert "alice operator" in text_of(client.get("/telemetry"))


def test_the_front_door_leads_to_the_runs(pages):
    response = pages.get("/", follow=True)

    assert response.redirect_chain[-1][0] == "/runs"
    assert response.status_code == 200


def test_a_wrong_password_is_said_in_words_and_keeps_the_name(client, alice):
    response = client.post("/sign-in", {"username": "alice", "password": "no"})

    assert "This user name and password do not fit." in text_of(response)
    assert 'value="alice"' in response.content.decode()
    assert "_auth_user_id" not in client.session


def test_after_too_many_attempts_the_door_is_closed_for_a_while(client, alice, settings):
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 3

    for _ in range(3):
        response = client.post("/sign-in", {"username": "alice", "password": "no"})

    assert response.status_code == 429
    assert "Too many attempts." in text_of(response)
    assert "Signing in as alice is closed for another 15 minutes." in text_of(response)
    assert 890 <= int(response["Retry-After"]) <= 900
    right = client.post("/sign-in", {"username": "alice", "password": "alicealice"})
    assert right.status_code == 429


def test_the_closed_door_says_how_long_is_left_and_opens_then(client, alice, settings):
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 3
    for _ in range(3):
        client.post("/sign-in", {"username": "alice", "password": "no"})

    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=10))
    # Knocking meanwhile does not keep it closed for longer.
    for password in ("no", "alicealice"):
        response = client.post("/sign-in", {"username": "alice", "password": password})
        assert response.status_code == 429
        assert "is closed for another 5 minutes." in text_of(response)
        assert 290 <= int(response["Retry-After"]) <= 300

    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(minutes=15))
    entered = client.post("/sign-in", {"username": "alice", "password": "alicealice"})
    assert entered.status_code == 302


def test_the_door_is_closed_for_one_name_and_address_alone(client, alice, victor, settings):
    settings.AXES_ENABLED = True
    settings.AXES_FAILURE_LIMIT = 3
    for _ in range(3):
        client.post("/sign-in", {"username": "alice", "password": "no"})

    other = client.post("/sign-in", {"username": "victor", "password": "victorvictor"})
    elsewhere = Client(REMOTE_ADDR="192.0.2.7").post(
        "/sign-in", {"username": "alice", "password": "alicealice"}
    )

    assert (other.status_code, elsewhere.status_code) == (302, 302)


def test_going_elsewhere_after_signing_in_is_not_possible(client, alice):
    response = client.post(
        "/sign-in",
        {"username": "alice", "password": "alicealice", "next": "https://example.org/"},
    )

    assert response["Location"] == "/runs"


def test_signing_out_needs_a_post(pages):
    assert pages.get("/sign-out").status_code == 405
    assert pages.get("/runs").status_code == 200

    response = pages.post("/sign-out")

    assert response.status_code == 302
    assert pages.get("/runs").status_code == 302


def test_a_fragment_that_is_asked_for_too_late_sends_the_whole_page_to_the_door(db):
    asked = {"HX-Request": "true", "HX-Current-URL": "http://testserver/runs/run_1?tab=series"}
    client = Client(headers=asked)

    answer = client.get("/runs/run_1", follow=True)

    assert answer["HX-Redirect"] == "/sign-in?next=%2Fruns%2Frun_1%3Ftab%3Dseries"
    assert answer.content == b""


@pytest.mark.parametrize(
    "path", ["/runs", "/runs/new", "/runs/run_1", "/telemetry", "/telemetry/cap_1"]
)
def test_a_stranger_is_led_to_the_door(db, path):
    response = Client().get(path)

    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in?next=")


@pytest.mark.parametrize(
    "path",
    [
        "/runs/run_1/replay",
        "/runs/run_1/cancel",
        "/runs/run_1/verify",
        "/runs/run_1/capture",
        "/telemetry/cap_1/verify",
    ],
)
def test_a_stranger_changes_nothing(db, path):
    response = Client().post(path)

    assert response.status_code == 302
    assert response["Location"].startswith("/sign-in?next=")


def test_somebody_without_a_role_is_told_so(client, django_user_model):
    nobody = django_user_model.objects.create_user("nora", password="x")
    client.force_login(nobody, backend="flowtime.api.authentication.ModelBackend")

    response = client.get("/runs")

    assert response.status_code == 403
    assert "You need the viewer role" in text_of(response)
    assert "An administrator can change your role." in text_of(response)
