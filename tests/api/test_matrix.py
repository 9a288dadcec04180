"""Every route by every role and method. A route without a row here fails."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from tests.conftest import client_of, make_person
from tests.factories import CaptureFactory, RunFactory

pytestmark = pytest.mark.failure(20)

METHODS = ("get", "head", "post", "put", "patch", "delete", "options")
ROLES = ("viewer", "operator", "admin")
VIEW = {"get": "viewer", "head": "viewer"}
RUN, CAPTURE = "v1/runs/<str:run_id>", "v1/telemetry/captures/<str:capture_id>"

# The least role that each method needs. A method that is not named is not there: 405.
API: dict[str, dict[str, str]] = {
    "v1/schema": VIEW,
    "v1/auth/tokens": VIEW | {"post": "viewer"},
    "v1/auth/tokens/(?P<token_id>[0-9a-f]{32})": {"delete": "viewer"},
    "v1/templates": VIEW,
    "v1/templates/<str:template_id>": VIEW,
    "v1/runs": VIEW | {"post": "operator"},
    RUN: VIEW,
    f"{RUN}/replays": {"post": "operator"},
    f"{RUN}/cancel": {"post": "operator"},
    f"{RUN}/events": VIEW,
    f"{RUN}/model": VIEW,
    f"{RUN}/index": VIEW,
    f"{RUN}/graph": VIEW,
    f"{RUN}/series/<str:series_id>": VIEW,
    f"{RUN}/state": VIEW,
    f"{RUN}/state_window": VIEW,
    f"{RUN}/metrics": VIEW,
    f"{RUN}/export": VIEW,
    "v1/compare": VIEW,
    "v1/schemas": VIEW,
    "v1/schemas/<str:name>": VIEW,
    "v1/telemetry/captures": VIEW | {"post": "operator"},
    CAPTURE: VIEW,
    f"{CAPTURE}/events": VIEW,
    f"{CAPTURE}/manifest": VIEW,
    f"{CAPTURE}/files/<str:name>": VIEW,
    f"{CAPTURE}/verify": {"post": "operator"},
}
PAGES: dict[str, dict[str, str]] = {
    "": VIEW,
    "runs": VIEW,
    # A viewer may look at the form; sending it is the operator's.
    "runs/new": VIEW | {"post": "operator"},
    "runs/picked": VIEW,
    "runs/views": VIEW | {"post": "viewer"},
    "runs/compare": VIEW,
    "runs/compare/differences": VIEW,
    "runs/<str:run_id>": VIEW,
    "runs/<str:run_id>/replay": {"post": "operator"},
    "runs/<str:run_id>/cancel": {"post": "operator"},
    "runs/<str:run_id>/verify": {"post": "operator"},
    "runs/<str:run_id>/capture": {"post": "operator"},
    "runs/<str:run_id>/series/<str:series_id>": VIEW,
    "runs/<str:run_id>/series/<str:series_id>/download": VIEW,
    "runs/<str:run_id>/travel/<str:digest>/<str:part>": VIEW,
    "templates/<str:template_id>": VIEW,
    "telemetry": VIEW,
    "telemetry/<str:capture_id>": VIEW,
    "telemetry/<str:capture_id>/verify": {"post": "operator"},
    "telemetry/<str:capture_id>/cancel": {"post": "operator"},
    "telemetry/<str:capture_id>/bundle.zip": VIEW,
    # As with a new run: a viewer may look at the choice.
    "telemetry/<str:capture_id>/replay": VIEW | {"post": "operator"},
    "telemetry/<str:capture_id>/files/<str:path>": VIEW,
    "profile": VIEW,
    "profile/tokens": {"post": "viewer"},
    "profile/tokens/<str:token_id>/revoke": VIEW | {"post": "viewer"},
    "profile/preferences": {"post": "viewer"},
    "profile/password": {"post": "viewer"},
    "profile/sessions/sign-out": {"post": "viewer"},
    "profile/sessions/<str:session_id>/sign-out": {"post": "viewer"},
    "keys": {"post": "viewer"},
    "docs/api": VIEW,
    "docs/redoc": VIEW,
    "docs/ui": {"get": "admin", "head": "admin"},
    "docs/problems": VIEW,
    "docs/problems/<slug:code>": VIEW,
}
OPEN = {"sign-in", "sign-out", "theme", "system", "healthz", "readyz", "metrics"}
SAMPLES = {
    "token_id": "0" * 32,
    "template_id": "no-such-template",
    "run_id": "run_none",
    "series_id": "none",
    "capture_id": "cap_none",
    "name": "none.csv",
    "path": "none.csv",
    "code": "not_found",
    "session_id": "0" * 32,
    "digest": "0" * 16,
    "part": "bins",
}
# Without a template this page has nothing to send.
QUERIES = {"runs/new": "?template=first-steps"}
PARAMETER = re.compile(r"\(\?P<(\w+)>[^)]*\)|<(?:\w+:)?(\w+)>")


def routes(resolver: URLResolver | None = None, prefix: str = "") -> Iterator[str]:
    """Every address pattern of the project; those of the admin as one."""
    for entry in (resolver or get_resolver()).url_patterns:
        address = prefix + str(entry.pattern).strip("^$")
        if address.startswith("admin/"):
            continue
        if isinstance(entry, URLResolver):
            yield from routes(entry, address)
        elif isinstance(entry, URLPattern) and entry.name != "unknown":
            yield address


def example(route: str) -> str:
    address = "/" + PARAMETER.sub(lambda found: SAMPLES[found[1] or found[2]], route)
    return address + QUERIES.get(route, "")


def answer(client: Any, method: str, route: str) -> int:
    body = {} if method in ("post", "put", "patch") else None
    return int(getattr(client, method)(example(route), body, format=None).status_code)


@pytest.fixture
def clients(db: None) -> dict[str, Any]:
    """A client of every role, and a stranger's."""
    people = {role: client_of(make_person(role, role)) for role in ROLES}
    return people | {"anonymous": client_of(None)}


def test_every_route_has_a_row_and_every_row_a_route():
    assert set(routes()) == {*API, *PAGES, *OPEN}


@pytest.mark.parametrize("route", API)
def test_the_api_answers_by_role(clients, route):
    wrong = []
    for method in METHODS:
        # Whoever is signed in may ask which methods there are.
        least = "viewer" if method == "options" else API[route].get(method)
        stranger = answer(clients["anonymous"], method, route)
        wrong += [] if stranger == 401 else [("anonymous", method, stranger)]
        for rank, role in enumerate(ROLES):
            status = answer(clients[role], method, route)
            if least is None:
                is_right = status == 405
            elif rank < ROLES.index(least):
                is_right = status == 403
            else:
                is_right = status not in (401, 403, 405) and status < 500
            wrong += [] if is_right else [(role, method, status)]
    assert wrong == []


@pytest.mark.parametrize("route", PAGES)
def test_the_pages_answer_by_role(clients, route):
    CaptureFactory(id=SAMPLES["capture_id"], source_run=RunFactory(id=SAMPLES["run_id"]))
    wrong = []
    for method in METHODS:
        least = PAGES[route].get(method)
        stranger = clients["anonymous"].generic(method.upper(), example(route))
        to_the_door = stranger.status_code == 302 and stranger["Location"].startswith("/sign-in")
        wrong += [] if to_the_door else [("anonymous", method, stranger.status_code)]
        for rank, role in enumerate(ROLES):
            status = clients[role].generic(method.upper(), example(route)).status_code
            if least is None:
                is_right = status in (302, 405) if route == "" else status == 405
            elif rank < ROLES.index(least):
                is_right = status == 403
            else:
                is_right = status not in (401, 403, 405) and status < 500
            wrong += [] if is_right else [(role, method, status)]
    assert wrong == []


@pytest.mark.parametrize("route", sorted(OPEN))
def test_the_door_and_the_health_routes_are_open(clients, route):
    status = clients["anonymous"].get(example(route)).status_code

    # Signing out sends whoever is out already to the door.
    assert status in ((302,) if route == "sign-out" else (200, 204, 405, 503))


@pytest.mark.parametrize("address", ["/admin/", "/admin/runs/run/", "/admin/auth/user/"])
def test_the_admin_is_the_admins(clients, address):
    for role in ("anonymous", "viewer", "operator"):
        assert clients[role].get(address).status_code in (302, 403), role

    assert clients["admin"].get(address).status_code == 200
