"""Pages for what nobody foresaw: in the same look, without the database, and without a word too many."""

import pytest
from django.test import Client

from tests.factories import RunFactory
from tests.pages import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def broken_pages(alice, monkeypatch):
    """Alice's pages, where opening a run meets a bug."""

    def crash(*_, **__):
        raise ZeroDivisionError("sentinel-secret-detail")

    monkeypatch.setattr("runs.detail.RunPage.__init__", crash)
    client = Client(raise_request_exception=False)
    client.force_login(alice, backend="flowtime.api.authentication.ModelBackend")
    return client


def test_a_bug_says_what_is_safe_and_nothing_of_itself(broken_pages):
    run = RunFactory(status="canceled")

    response = broken_pages.get(f"/runs/{run.pk}")

    assert response.status_code == 500
    said = text_of(response)
    assert "Something went wrong on the server" in said
    assert "Nothing that was already acknowledged is lost." in said
    assert f"Request {response['X-Request-Id']}" in said
    assert "ZeroDivisionError" not in response.content.decode()
    assert "flowtime/app" in response.content.decode()


def test_a_form_without_its_token_says_what_to_do(alice):
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice, backend="flowtime.api.authentication.ModelBackend")

    response = client.post("/runs/run_1/cancel")

    assert response.status_code == 403
    assert "This form is too old" in text_of(response)


def test_an_unknown_address_says_so_to_a_stranger_too(db):
    response = Client().get("/nowhere")

    assert response.status_code == 404
    said = text_of(response)
    assert "There is no such page" in said
    assert "Sign in" in said
    assert "New run" not in said


def test_pages_forbid_scripts_and_styles_of_their_own(pages):
    policy = pages.get("/runs")["Content-Security-Policy"]

    assert "script-src 'self'" in policy
    assert "style-src 'self'" in policy
    assert "default-src 'self'" in policy


@pytest.mark.django_db
@pytest.mark.parametrize(
    "address",
    ["/runs?q=%00", "/profile/tokens/%00/revoke", "/admin/telemetry/capture/?id__exact=x%00"],
)
def test_an_address_with_nul_is_no_address(admin_pages, address):
    response = admin_pages.get(address)

    assert response.status_code == 400
    assert "Traceback" not in response.content.decode()
