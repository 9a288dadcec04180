"""Who may not: requests from other sites, headers and cookies of every answer, static files, and the admin by role (rows 20, 22)."""

import re
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.test import Client
from django.urls import URLResolver, get_resolver
from rest_framework.test import APIClient

from flowtime.people.models import Session, Token
from runs.models import Run
from telemetry.models import Capture
from tests.api.test_matrix import API, OPEN, PAGES, example, routes
from tests.conftest import client_of, make_person
from tests.flows import snapshot
from tests.security.payloads import traversals
from tests.security.test_traversal import filled_route

pytestmark = [pytest.mark.django_db, pytest.mark.failure(20), pytest.mark.failure(22)]

UNSAFE = ("post", "put", "patch", "delete")
BACKEND = "flowtime.api.authentication.ModelBackend"
WRITES = [
    (method, route)
    for route, methods in {**API, **PAGES}.items()
    for method in methods
    if method in UNSAFE
]


def strict_client(person: Any) -> APIClient:
    """A browser of ``person`` that another site makes send requests: the cookie, and no token."""
    client = APIClient(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(person, backend=BACKEND)
    return client


def state(world: Any) -> Any:
    """All that a forged request could change."""
    return (
        sorted(Run.objects.values_list("pk", "status")),
        sorted(Capture.objects.values_list("pk", "status", "integrity_checked_at")),
        sorted(Token.objects.values_list("pk", flat=True)),
        sorted(User.objects.values_list("username", "password")),
        snapshot(world.roots.telemetry),
    )


def test_another_site_changes_nothing_by_a_session(world, ada):
    client = strict_client(ada)
    before = state(world)

    for method, route in WRITES:
        answer = getattr(client, method)(filled_route(route, world), {})
        assert answer.status_code == 403, (method, route)
        if route in API:
            assert answer.json()["code"] == "permission_denied", (method, route)

    assert len(WRITES) > 15
    assert state(world) == before


@pytest.mark.parametrize("address", ["/sign-in", "/sign-out", "/theme"])
def test_another_site_neither_signs_in_nor_out(alice, address):
    client = strict_client(alice)

    answer = client.post(
        address, {"username": "alice", "password": "alicealice"}, format="multipart"
    )

    assert answer.status_code == 403
    assert "theme" not in client.cookies
    assert client.get("/runs").status_code == 200


@pytest.mark.parametrize(
    "address",
    ["/admin/auth/user/add/", "/admin/people/token/add/", "/admin/runs/run/", "/admin/logout/"],
)
def test_another_site_does_nothing_in_the_admin(ada, address):
    client = strict_client(ada)
    people = User.objects.count()

    answer = client.post(address, {"username": "mallory"}, format="multipart")

    assert answer.status_code == 403
    assert User.objects.count() == people


def test_a_token_of_the_form_works_only_with_its_own_cookie(alice):
    mine, theirs = strict_client(alice), Client(enforce_csrf_checks=True)
    form = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')
    other = form.search(theirs.get("/sign-in").content.decode())[1]
    mine.get("/profile")

    answer = mine.post(
        "/profile/sessions/sign-out", {"csrfmiddlewaretoken": other}, format="multipart"
    )

    assert answer.status_code == 403


def test_every_answer_says_what_a_browser_may_do_with_it(world):
    for route in sorted({*API, *PAGES, *OPEN}):
        client = world.operator if route in API else world.admin
        answer = client.get(filled_route(route, world))

        policy = dict(
            part.strip().partition(" ")[::2]
            for part in answer["Content-Security-Policy"].split(";")
        )
        assert "unsafe" not in policy["script-src"], route
        assert policy["default-src"] == "'self'", route
        assert policy["frame-ancestors"] == policy["object-src"] == "'none'", route
        assert policy["form-action"] == policy["base-uri"] == "'self'", route
        assert answer["X-Content-Type-Options"] == "nosniff", route
        assert answer["X-Frame-Options"] == "DENY", route
        assert answer["Referrer-Policy"] == "same-origin", route
        assert answer["Cross-Origin-Opener-Policy"] == "same-origin", route
        assert "Server" not in answer, route


def test_a_page_of_somebody_is_never_kept_by_a_cache_for_others(world):
    for route in sorted({*PAGES} - {""}):
        answer = world.pages.get(filled_route(route, world))

        kept = answer.get("Cache-Control", "")
        assert "public" not in kept, route
        if answer.status_code == 200:
            varies = "Cookie" in answer.get("Vary", "")
            assert varies or "private" in kept or "no-store" in kept, route


def test_no_cookie_is_for_scripts_or_other_sites(client, alice):
    client.post("/sign-in", {"username": "alice", "password": "alicealice"})
    client.post("/theme", {"theme": "dark"})
    client.get("/profile")

    assert {"flowtime_session", "theme"} <= set(client.cookies)
    for name, cookie in client.cookies.items():
        assert cookie["samesite"] == "Lax", name
        # Django's own scripts in the admin read the token of its forms from a cookie.
        assert cookie["httponly"] or name == "flowtime_csrf", name


def test_signing_in_begins_a_new_session(client, alice):
    client.get("/sign-in")
    session = client.session
    session["planted"] = True
    session.save()
    before = session.session_key
    client.cookies["flowtime_session"] = before

    client.post("/sign-in", {"username": "alice", "password": "alicealice"})

    assert client.session.session_key != before
    assert not Session.objects.filter(pk=before).exists()


def test_static_files_are_open_and_lead_nowhere_else(outside, client):
    assert client.get("/static/flowtime/app.css").status_code == 200

    for payload in traversals(outside.path):
        for text in (payload.partition("\0")[0], quote(payload, safe="")):
            if "?" in text or "#" in text:
                continue
            answer = client.get(f"/static/{text}")
            assert answer.status_code in (302, 400, 404), payload


def admin_addresses() -> list[str]:
    """Every address of the admin that needs no record."""
    found: list[str] = []

    def walk(resolver: URLResolver, prefix: str) -> None:
        for entry in resolver.url_patterns:
            address = prefix + str(entry.pattern).strip("^$")
            if isinstance(entry, URLResolver):
                walk(entry, address)
            elif "<" not in address and "(?P" not in address:
                found.append(address)

    (top,) = [one for one in get_resolver().url_patterns if str(one.pattern) == "admin/"]
    walk(top, "/admin/")
    return found


def test_the_admin_is_for_admins_at_every_address(world):
    people = (None, make_person("oliver", "operator"), make_person("vera", "viewer"))
    tried = [(address, method) for address in admin_addresses() for method in ("get", "post")]

    for address, method in tried:
        for person in people:
            if address == "/admin/logout/":
                # Whoever is out may go out again.
                continue
            answer = getattr(client_of(person), method)(address)
            if address == "/admin/login/" and person is not None:
                # Says who one is, and that this is not enough.
                assert "not authorized" in answer.content.decode() or answer.status_code == 302
                continue
            assert answer.status_code in (302, 403, 404, 405), (address, method, person)
            if answer.status_code == 302:
                is_door = answer["Location"].startswith(("/sign-in", "/admin/login/?next="))
                assert is_door, (address, method, person)
        assert world.admin.get(address).status_code < 500, address

    assert len(tried) > 30


def test_every_model_of_the_admin_is_known_here():
    """A model that is registered anew is looked at by somebody who thinks of who may see it."""
    assert {model._meta.label for model in admin.site._registry} == {
        "auth.Group",
        "auth.User",
        "axes.AccessAttempt",
        "people.Token",
        "runs.Run",
        "runs.RunEvent",
        "telemetry.Capture",
        "telemetry.CaptureEvent",
    }


@pytest.mark.urls("tests.api.limited")
def test_a_route_that_nobody_listed_is_noticed():
    assert set(routes()) - {*API, *PAGES, *OPEN} == {"v1/limited"}


def test_a_role_that_is_taken_away_is_gone_at_the_next_request(alice):
    client = client_of(alice)
    _, secret = Token.objects.create(user=alice)
    bearer = {"HTTP_AUTHORIZATION": f"Bearer {secret}"}
    assert client.get("/v1/runs").status_code == 200
    assert client_of(None).get("/v1/runs", **bearer).status_code == 200

    alice.groups.clear()

    assert client.get("/v1/runs").status_code == 403
    assert client_of(None).get("/v1/runs", **bearer).status_code == 403
    assert client.get(example("runs")).status_code == 403


def test_somebody_who_left_is_gone_at_the_next_request(alice):
    client = client_of(alice)
    assert client.get("/v1/runs").status_code == 200

    alice.is_active = False
    alice.save(update_fields=("is_active",))

    assert client.get("/v1/runs").status_code == 401
    assert client.get("/runs").status_code == 302
