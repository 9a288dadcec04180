"""Text that would be markup, a formula or a line of the log: inert everywhere (row 19)."""

import csv
import io
import json
import subprocess
import sys
from html.parser import HTMLParser
from typing import Any

import pytest
from django.contrib.admin.utils import quote as admin_quote
from django.urls import reverse

from runs.models import Run
from tests.flows import make_run
from tests.security.conftest import World

pytestmark = [pytest.mark.django_db, pytest.mark.failure(19)]

MARKUP = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</title><script>alert(1)</script>",
    "javascript:alert(1)",
    "{{7*7}}{% load x %}",
    "]]><!--<script>",
]
HOSTILE = """\
schemaVersion: 1
metadata:
  id: hostile
  title: {title}
  version: 1.0.0
  description: {text}
  narrative: {text}
  tags: [{text}]
grid: {{bins: 4, binSize: 1, binUnit: hours}}
window: {{start: "2026-03-02T08:00:00Z", timezone: UTC}}
parameters:
  - {{name: perHour, type: number, title: {text}, description: {text}, default: 5}}
nodes:
  - {{id: came, kind: const, values: [9, 9, -3, 2]}}
topology:
  nodes:
    - id: Desk
      kind: serviceWithBuffer
      group: {text}
      ui: {{label: {text}}}
      semantics: {{arrivals: came, capacity: "${{perHour}}", aliases: {{served: {text}}}}}
"""


class Active(HTMLParser):
    """Everything in a page that could run."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        facts = {name: value or "" for name, value in attrs}
        if tag == "script" and "src" not in facts and facts.get("type") != "application/json":
            self.found.append("an inline script")
        self.found += [f"{name} of {tag}" for name in facts if name.startswith("on")]
        for name in ("href", "src", "action", "formaction", "hx-get", "hx-post"):
            value = facts.get(name, "").strip().lower()
            if value.startswith(("javascript:", "data:text", "vbscript:")):
                self.found.append(f"{name} of {tag}")
        if tag in ("iframe", "object", "embed", "base"):
            self.found.append(tag)
        if tag == "img" and facts.get("src") == "x":
            self.found.append("an image of ours")


def active_in(response: Any) -> list[str]:
    reader = Active()
    reader.feed(response.content.decode())
    return reader.found


@pytest.fixture
def hostile(world: World) -> World:
    """A template, and a run of it, whose every free text is markup."""
    write_template(world, MARKUP[0])
    return world


def write_template(world: World, text: str) -> None:
    (world.roots.templates / "hostile.yaml").write_text(
        HOSTILE.format(title=json.dumps(text), text=json.dumps(text))
    )


@pytest.mark.parametrize("text", MARKUP)
def test_markup_in_a_template_is_text_on_every_page(world, text):
    write_template(world, text)
    listed = world.operator.get("/v1/templates/hostile").json()
    pages = ["/runs/new", "/templates/hostile", "/runs"]
    made = world.operator.post("/v1/runs", {"templateId": "hostile"})
    if made.status_code == 201:
        run_id = made.json()["runId"]
        pages += [f"/runs/{run_id}", f"/runs/{run_id}?tab=warnings", f"/runs/{run_id}?tab=series"]
        pages += ["/runs/new?template=hostile", f"/runs/compare?a={run_id}&b={world.run_id}"]

    for address in pages:
        response = world.pages.get(address)
        assert response.status_code == 200, (address, listed.get("problems"))
        assert active_in(response) == [], address
    assert made.status_code == 201, listed.get("problems")
    assert listed["title"] == text


@pytest.mark.parametrize("text", MARKUP)
def test_what_is_typed_or_asked_comes_back_as_text(world, text):
    from urllib.parse import quote

    for address in ("/runs?q=", "/telemetry?q=", "/runs/new?template=", "/runs/", "/sign-in?next="):
        assert active_in(world.pages.get(address + quote(text, safe=""), follow=True)) == []
    for address, field in (
        ("/runs/new?template=desk", "perHour"),
        (f"/runs/{world.run_id}/capture", "captureKey"),
        ("/profile/tokens", "name"),
        ("/profile/preferences", "time_zone"),
    ):
        assert active_in(world.pages.post(address, {field: text})) == []
    assert active_in(world.admin.get(f"/admin/runs/run/?q={quote(text, safe='')}")) == []


@pytest.mark.parametrize("text", MARKUP)
def test_markup_in_a_row_is_text_on_every_page_and_in_the_admin(world, text):
    """Rows are written from bundles; one that was made elsewhere may hold anything."""
    Run.objects.filter(pk=world.run_id).update(
        template_title=text, failure_detail=text, status="failed", failure_code="x"
    )

    for client, address in (
        (world.pages, "/runs"),
        (world.pages, f"/runs/{world.run_id}"),
        (world.admin, "/admin/runs/run/"),
        (world.admin, reverse("admin:runs_run_change", args=[admin_quote(world.run_id)])),
    ):
        response = client.get(address)
        assert response.status_code == 200, address
        assert active_in(response) == [], address


def test_json_is_never_taken_for_a_page(hostile):
    response = hostile.operator.get("/v1/templates/hostile")

    assert response["Content-Type"] == "application/json"
    assert response["X-Content-Type-Options"] == "nosniff"


def cells_of(text: str) -> list[str]:
    return [cell for row in csv.reader(io.StringIO(text)) for cell in row]


FORMULA = ("=", "+", "-", "@", "\t", "\r")


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would compute this cell."""
    if not cell.startswith(FORMULA):
        return False
    try:
        float(cell)
    except ValueError:
        return True
    return False


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1"])
def test_no_cell_of_any_table_is_a_formula(world, text):
    write_template(world, text)
    made = make_run(world.operator, "hostile")["runId"]
    other = make_run(world.operator, "hostile", parameters={"perHour": 4})["runId"]
    index = world.operator.get(f"/v1/runs/{made}/index").json()["items"]
    tables = [
        world.pages.get(f"/runs/compare/differences?a={made}&b={other}"),
        world.operator.get(f"/v1/runs/{made}/export?format=csv"),
        world.operator.get(
            f"/v1/runs/{made}/series/{index[0]['seriesId']}", HTTP_ACCEPT="text/csv"
        ),
    ]

    for table in tables:
        assert table.status_code == 200
        body = b"".join(table.streaming_content) if table.streaming else table.content
        cells = cells_of(body.decode())
        assert len(cells) > 4
        assert [cell for cell in cells if is_formula(cell)] == []


SCRIPT = r"""
import logging, sys
from flowtime.logs import configure_logging
configure_logging(level="INFO", as_json=sys.argv[1] == "json", private={}, secrets=())
import structlog
log = structlog.get_logger("test")
FORGED = 'x\n{"event": "run.created", "level": "info"}\r\n2026-01-01 [info] run.created\x1b[31m\u2028y'
log.info("capture.refused", captureKey=FORGED, **{FORGED: 1})
log.info(FORGED)
logging.getLogger("plain").warning("name is %s", FORGED)
logging.getLogger("plain").warning(FORGED)
"""


@pytest.mark.parametrize("kind", ["json", "console"])
def test_no_text_makes_a_line_of_its_own_in_the_log(kind):
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT, kind], capture_output=True, text=True, check=True, timeout=30
    )

    assert len(result.stderr.splitlines()) == 4, result.stderr
    assert "\x1b[31m" not in result.stderr
