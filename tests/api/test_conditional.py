"""Every read has a strong ETag, answers 304 to whoever has it, and HEAD like GET; every address tells its methods."""

import pytest

from tests import contract
from tests.flows import make_run

pytestmark = pytest.mark.django_db
READS = [path for path, methods in contract.document()["paths"].items() if "get" in methods]
QUERIES = {
    "/v1/runs/{runId}/state": {"bin": 1},
    "/v1/runs/{runId}/export": {"format": "csv"},
}


@pytest.fixture
def addresses(api):
    """An address of each read that finds something."""
    run = make_run(api, "desk")["runId"]
    body = {"source": {"type": "run", "runId": run}}
    capture = api.post("/v1/telemetry/captures", body).json()["capture"]["captureId"]
    known = {
        "{runId}": run,
        "{captureId}": capture,
        "{templateId}": "desk",
        "{name}": "manifest.json",
        "{seriesId}": api.get(f"/v1/runs/{run}/index").json()["items"][0]["seriesId"],
    }

    def address(path):
        query = {"a": run, "b": run} if path == "/v1/compare" else QUERIES.get(path, {})
        path = path.replace("/schemas/{name}", "/schemas/run-manifest")
        for name, value in known.items():
            path = path.replace(name, value)
        return path, query

    return address


@pytest.mark.parametrize("path", [*READS, "/v1/schema"])
def test_whoever_has_the_answer_is_not_sent_it_again(api, addresses, path):
    address, query = addresses(path)
    # Opening something may note that its files were looked at.
    api.get(address, query)
    first = api.get(address, query)

    tag = first["ETag"]
    again = api.get(address, query, headers={"If-None-Match": f'"other", {tag}'})
    any_at_all = api.get(address, query, headers={"If-None-Match": "*"})
    other = api.get(address, query, headers={"If-None-Match": '"other"'})

    assert first.status_code == other.status_code == 200
    assert tag.startswith('"')
    assert first["Cache-Control"] == "private, no-cache"
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", tag)
    assert any_at_all.status_code == 304
    assert other["ETag"] == tag


@pytest.mark.parametrize("path", READS)
def test_a_head_is_answered_like_its_get(api, addresses, path):
    address, query = addresses(path)
    api.get(address, query)

    get, head = api.get(address, query), api.head(address, query)

    assert (head.status_code, head["ETag"]) == (200, get["ETag"])
    assert head["Content-Type"] == get["Content-Type"]
    assert b"".join(head) == b""


@pytest.mark.parametrize("path", contract.document()["paths"])
def test_every_address_tells_its_methods(api, addresses, path):
    address, _ = addresses(path.replace("{tokenId}", "0" * 32))
    methods = {method.upper() for method in contract.document()["paths"][path]}
    expected = methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())

    asked, refused = api.options(address), api.patch(address)

    assert (asked.status_code, asked.content) == (204, b"")
    assert set(asked["Allow"].split(", ")) == expected
    assert refused.status_code in (405, 200)
    assert set(refused["Allow"].split(", ")) == expected


def test_what_changed_is_sent_under_another_tag(api):
    first = api.get("/v1/runs")
    make_run(api, "desk")

    second = api.get("/v1/runs", headers={"If-None-Match": first["ETag"]})

    assert second.status_code == 200
    assert second["ETag"] != first["ETag"]


def test_a_refusal_has_no_tag(api):
    assert "ETag" not in api.get("/v1/runs/run_none")
    assert "ETag" not in api.post("/v1/runs", {})
