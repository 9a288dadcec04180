"""`flowtime templates`: the catalog on the command line."""

from typing import Any

from tests.cli.conftest import Command


def test_the_catalog_is_listed(flowtime: Command, operator: Any) -> None:
    ended = flowtime("templates", "list")

    assert (ended.code, ended.err) == (0, "")
    head, *rows = ended.out.splitlines()
    assert head.split()[:3] == ["TEMPLATE", "VERSION", "TITLE"]
    assert {row.split()[0] for row in rows} >= {
        "first-steps",
        "nyc-departures",
        "stream-backpressure",
    }


def test_json_is_the_apis_own(flowtime: Command, operator: Any, api: Any) -> None:
    ended = flowtime("templates", "list", "--json")

    assert ended.json() == api.get("/v1/templates").json()


def test_a_template_shows_its_parameters(flowtime: Command, operator: Any) -> None:
    ended = flowtime("templates", "show", "nyc-departures")

    assert ended.code == 0
    (line,) = [line for line in ended.out.splitlines() if line.startswith("stormSeverity")]
    assert "0 to" in line


def test_a_viewer_may_read(flowtime: Command, viewer: Any) -> None:
    assert flowtime("templates", "list").code == 0


def test_an_unknown_template_is_3(flowtime: Command, operator: Any) -> None:
    ended = flowtime("templates", "show", "no-such-template")

    assert ended.code == 3
    assert "(template_not_found)" in ended.err
    assert "next: List the templates with: flowtime templates list" in ended.err
