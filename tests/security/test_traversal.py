"""Every payload through every route, query parameter, header, body field and form: nothing outside is read or changed."""

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from django.contrib import admin
from drf_spectacular.generators import SchemaGenerator

from tests.api.test_matrix import API, PAGES, PARAMETER, SAMPLES, routes
from tests.conftest import REPOSITORY
from tests.flows import make_run, snapshot
from tests.security.payloads import in_turn, traversals

pytestmark = [pytest.mark.slow, pytest.mark.django_db, pytest.mark.failure(16)]

# What the roots keep beside bundles.
OWN = (".staging", ".leases")
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}")
ROUTES_WITH_PARAMETERS = sorted(route for route in routes() if PARAMETER.search(route))
# A page says nowhere which parameters it knows, so its code is asked; API routes are asked by the schema.
ASKED = re.compile(
    r"""(?:GET|query_params)(?:\.get(?:list)?\(|\[)\s*"(\w+)"|"(\w+)" in request\.GET"""
)


def client_for(world: Any, route: str) -> Any:
    return world.operator if route.startswith("v1") else world.pages


def methods_of(route: str) -> list[str]:
    """The methods that the route has; the matrix holds that it has no others."""
    return [method.upper() for method in ({**API, **PAGES}[route]) if method != "head"]


def ask(client: Any, method: str, address: str, **environ: Any) -> Any:
    """One request; an answer that is no server error is all that is asked."""
    client.raise_request_exception = True
    response = client.generic(method, address, **environ)
    assert response.status_code < 500 or response.status_code == 503, (method, address)
    assert "X-Injected" not in response.headers, address
    return response


def encoded(payload: str) -> list[str]:
    """As a client sends it: quoted, and where it climbs also quoted twice and as it is."""
    once = quote(payload, safe="")
    forms = [once]
    if payload.startswith(("..", "/")) and len(payload) < 40:
        forms += [quote(once, safe=""), payload.partition("\0")[0]]
    return forms


def check_names(root: Path) -> None:
    """Whatever was made below ``root`` has a plain name, and is no link."""
    for path in root.rglob("*"):
        assert not path.is_symlink(), path.name
        parts = [part for part in path.relative_to(root).parts if part not in OWN]
        assert all(NAME.fullmatch(part) for part in parts), path.name


def filled_route(route: str, world: Any, **attacked: str) -> str:
    """The address of a route with values that name something, but for those under attack."""
    values = SAMPLES | world.samples() | attacked
    return "/" + PARAMETER.sub(lambda found: values[found[1] or found[2]], route)


@pytest.mark.parametrize("route", ROUTES_WITH_PARAMETERS)
def test_no_route_leads_out(world, outside, route):
    before = snapshot(world.roots.runs), snapshot(world.roots.telemetry)
    names = [found[1] or found[2] for found in PARAMETER.finditer(route)]

    for attacked in names:
        for payload in traversals(outside.path):
            for text in encoded(payload):
                address = filled_route(route, world, **{attacked: text})
                for method in methods_of(route):
                    response = ask(client_for(world, route), method, address)
                    # A dot alone is taken out of an address by nobody here, so it names nothing either.
                    assert response.status_code in (302, 400, 403, 404, 405), (method, address)

    assert (snapshot(world.roots.runs), snapshot(world.roots.telemetry)) == before


def operations() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation of the published document."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, {**operation, "components": document["components"]}


def filled(path: str, world: Any) -> str:
    known = {
        re.sub(r"_(\w)", lambda found: found[1].upper(), name): value
        for name, value in world.samples().items()
    }
    return re.sub(r"\{(\w+)\}", lambda found: known[found[1]], path)


def test_no_query_parameter_of_the_api_leads_out(world, outside):
    tried: list[str] = []
    for path, method, operation in operations():
        names = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
        for name in names:
            tried.append(name)
            for payload in in_turn(traversals(outside.path), len(tried), 3):
                address = f"{filled(path, world)}?{name}={quote(payload, safe='')}"
                response = ask(world.operator, method.upper(), address)
                assert response.status_code in (200, 400, 404, 413), address
    assert len(tried) > 30


def page_parameters() -> set[str]:
    """Every query parameter that some page asks for by name."""
    found: set[str] = set()
    for room in ("flowtime", "runs", "telemetry"):
        for file in (REPOSITORY / room).rglob("*.py"):
            found |= {one or two for one, two in ASKED.findall(file.read_text())}
    return found


def test_no_query_parameter_of_a_page_leads_out(world, outside):
    pages = ["/runs", "/runs/new", f"/runs/{world.run_id}", "/runs/compare", "/telemetry"]
    pages += [f"/telemetry/{world.capture_id}", "/templates/desk", "/profile", "/sign-in"]
    names = {"template", "from", "cursor", "q"} | page_parameters()
    for page in pages:
        for turn, name in enumerate(sorted(names)):
            for payload in in_turn(traversals(outside.path), turn, 16):
                ask(world.pages, "GET", f"{page}?{name}={quote(payload, safe='')}")


def test_no_list_of_the_admin_leads_out(world, outside):
    for model in admin.site._registry:
        base = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
        asked = [f"?{name}=" for name in ("q", "o", "p", "e", "id__exact", "status__exact")]
        for turn, start in enumerate([*asked, "", "", ""]):
            for payload in in_turn(traversals(outside.path), turn, 9):
                end = "" if start else ("/change/", "/history/", "/delete/")[turn % 3]
                ask(world.admin, "GET", f"{base}{start}{quote(payload, safe='')}{end}")


def test_no_header_leads_out(world, outside):
    for payload in traversals(outside.path)[::2]:
        sent = payload.replace("\0", "").replace("\r", "").replace("\n", " ")
        for name in ("X_REQUEST_ID", "IF_NONE_MATCH", "ACCEPT", "REFERER", "PREFER"):
            ask(world.operator, "GET", f"/v1/runs/{world.run_id}", **{f"HTTP_{name}": sent})
        for name in ("HX_TARGET", "HX_CURRENT_URL", "HX_TRIGGER"):
            more = {"HTTP_HX_REQUEST": "true", f"HTTP_{name}": sent}
            ask(world.pages, "GET", f"/runs/{world.run_id}", **more)
        answer = world.operator.post(
            f"/v1/runs/{world.run_id}/replays", {"from": "x"}, HTTP_IDEMPOTENCY_KEY=sent
        )
        assert answer.status_code == 400


###############################################################################
# Bodies
###############################################################################
def places_in(schema: dict[str, Any], components: Any, at: tuple[str, ...] = ()) -> Iterator[Any]:
    """Where a body of this schema holds text: the steps to each member, and whether it is a free map."""
    if "$ref" in schema:
        schema = components["schemas"][schema["$ref"].rpartition("/")[2]]
    for part in (*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())):
        yield from places_in(part, components, at)
    for name, member in schema.get("properties", {}).items():
        yield from places_in(member, components, (*at, name))
    if not schema.get("properties") and at:
        yield at, "additionalProperties" in schema


def put(body: Any, at: tuple[str, ...], value: Any) -> Any:
    """``body`` with ``value`` in one place."""
    if not at:
        return value
    below = body.get(at[0], {}) if isinstance(body, dict) else {}
    return {**(body if isinstance(body, dict) else {}), at[0]: put(below, at[1:], value)}


BODIES: dict[str, Any] = {
    "/v1/runs": {"templateId": "desk"},
    "/v1/runs/{runId}/replays": {"from": "telemetry"},
    "/v1/telemetry/captures": {"source": {"type": "run", "runId": ""}},
    "/v1/auth/tokens": {},
}


def test_no_field_of_a_body_leads_out(world, outside):
    tried = set()
    for path, method, operation in operations():
        content = operation.get("requestBody", {}).get("content", {})
        if "application/json" not in content:
            continue
        body = BODIES[path]
        if "source" in body:
            body = put(body, ("source", "runId"), world.run_id)
        for at, is_map in places_in(content["application/json"]["schema"], operation["components"]):
            tried.add((path, *at))
            valid = body
            if at[0] == "telemetry":
                valid = {**valid, "mode": "telemetry"}
            if "bindings" in at:
                valid = put(valid, ("telemetry", "sourceRunId"), world.run_id)
            for payload in in_turn(traversals(outside.path), len(tried), 2):
                values = (
                    [payload, {payload: payload}, {"arrivals": payload}] if is_map else [payload]
                )
                for value in values:
                    answer = world.operator.generic(
                        method.upper(),
                        filled(path, world),
                        data=json.dumps(put(valid, at, value)),
                        content_type="application/json",
                    )
                    # A name, or a key of a map nobody looks at, may be any text; a place never is.
                    assert answer.status_code < 500, (path, at, payload)
                    # A directory may take a turn as long as it ends inside; where it ends is looked at below.
                    if at[-1] in ("captureKey", "captureDirectory", "runId"):
                        assert answer.status_code in (400, 404, 409, 422), (path, at, payload)
    assert {"captureKey", "directory", "captureDirectory", "bindings", "templateId"} <= {
        place[-1] for place in tried
    }
    check_names(world.roots.runs)
    check_names(world.roots.telemetry)


class Forms(HTMLParser):
    """The forms of a page: where each is sent, and the names of its fields, wherever on the page they stand."""

    def __init__(self) -> None:
        super().__init__()
        self.actions: dict[str, str] = {}
        self.fields: set[tuple[str, str]] = set()
        self._open = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        facts = dict(attrs)
        if tag == "form":
            self._open = facts.get("id") or f"form{len(self.actions)}"
            if (facts.get("method") or "").lower() == "post":
                self.actions[self._open] = facts.get("action") or ""
        elif tag in ("input", "select", "textarea", "button") and facts.get("name"):
            self.fields.add((facts.get("form") or self._open, facts["name"]))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = ""


def test_no_field_of_a_form_leads_out(world, outside):
    bare = make_run(world.operator)["runId"]
    pages = [
        "/runs",
        "/runs/new?template=desk",
        f"/runs/{world.run_id}",
        f"/runs/{bare}",
        "/profile",
    ]
    pages += [f"/telemetry/{world.capture_id}", "/sign-in"]
    tried = set()
    for page in pages:
        reader = Forms()
        reader.feed(world.pages.get(page).content.decode())
        for owner, name in sorted(reader.fields):
            address = reader.actions.get(owner, "/sign-out") or page
            if address == "/sign-out" or name == "csrfmiddlewaretoken":
                continue
            tried.add(name)
            for payload in in_turn(traversals(outside.path), len(tried), 6):
                response = world.pages.post(address, {name: payload})
                assert response.status_code < 500, (address, name, payload)
                assert not response.get("Location", "").startswith(("//", "http", "\\"))
    assert {"captureKey", "next", "nan"} <= tried
    check_names(world.roots.runs)
    check_names(world.roots.telemetry)


###############################################################################
# Templates that lie in their directory, and lead out of it
###############################################################################
LEADING_OUT = """\
schemaVersion: 1
metadata: {{id: leading, title: Leading out, version: 1.0.0, captureKey: {key}}}
grid: {{bins: 1, binSize: 1, binUnit: hours}}
nodes:
  - {{id: x, kind: const, source: {source}}}
topology:
  nodes:
    - {{id: Desk, kind: service, semantics: {{arrivals: x, served: x}}}}
"""


def test_no_template_reads_or_names_what_lies_elsewhere(world, outside):
    for payload in traversals(outside.path):
        for key, source in (
            (payload, "file:counted.csv#gate"),
            ("plain", f"file:{payload}#value"),
            ("plain", payload),
        ):
            text = LEADING_OUT.format(key=json.dumps(key), source=json.dumps(source))
            (world.roots.templates / "leading.yaml").write_text(text)
            ask(world.operator, "GET", "/v1/templates/leading")
            ask(world.pages, "GET", "/templates/leading")
            made = world.operator.post("/v1/runs", {"templateId": "leading"})
            assert made.status_code < 500, payload
            if made.status_code == 201:
                answer = world.operator.post(
                    "/v1/telemetry/captures",
                    {"source": {"type": "run", "runId": made.json()["runId"]}},
                )
                assert answer.status_code < 500, payload
    check_names(world.roots.telemetry)


@pytest.mark.parametrize("name", ["secret.yaml", "secret.csv"])
def test_a_link_in_a_template_directory_is_not_followed_out(world, outside, name):
    (world.roots.templates / name).symlink_to(outside.path / name)
    (world.roots.templates / "user.yaml").write_text(
        LEADING_OUT.format(key="k", source='"file:secret.csv#value"').replace("leading", "user")
    )

    listed = world.operator.get("/v1/templates").content
    made = world.operator.post("/v1/runs", {"templateId": "user"})

    assert b"bin_index" not in listed
    assert made.status_code == 422
