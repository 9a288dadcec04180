"""GET of the JSON Schemas of bundle files: those that are published, and real bundles satisfy them."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tests.flows import make_capture, make_run

pytestmark = pytest.mark.django_db

PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "schemas"
FILES = {
    "run-manifest": "manifest.json",
    "run": "run.json",
    "series-index": "series/index.json",
    "datapackage": "datapackage.json",
}


def test_every_published_schema_is_listed_and_served(api):
    items = api.get("/v1/schemas").json()["items"]

    assert {item["name"] for item in items} == {
        path.name.removesuffix(".schema.json") for path in PUBLISHED.iterdir()
    }
    for item in items:
        response = api.get(item["links"]["self"])
        file = PUBLISHED / f"{item['name']}.schema.json"
        assert response.json() == json.loads(file.read_bytes())
        assert item["description"]


@pytest.mark.parametrize("name", FILES)
def test_files_of_a_run_satisfy_the_served_schema(api, data_dirs, name):
    run = make_run(api)
    schema = api.get(f"/v1/schemas/{name}").json()

    file = data_dirs.runs / run["runId"] / FILES[name]

    Draft202012Validator(schema).validate(json.loads(file.read_bytes()))


def test_the_manifest_that_the_api_gives_satisfies_it_too(api):
    capture = make_capture(api, make_run(api)["runId"])
    schema = api.get("/v1/schemas/telemetry-manifest").json()

    manifest = api.get(f"/v1/telemetry/captures/{capture['captureId']}/files/manifest.json")

    Draft202012Validator(schema).validate(json.loads(manifest.getvalue()))


def test_comes_by_its_own_media_type_or_as_json(api):
    address = "/v1/schemas/run"

    schema = api.get(address)
    plain = api.get(address, headers={"Accept": "application/json"})

    assert schema["Content-Type"] == "application/schema+json"
    assert plain["Content-Type"] == "application/json"
    assert schema.json() == plain.json()
    again = api.get(address, headers={"If-None-Match": schema["ETag"]})
    assert again.status_code == 304


def test_of_a_file_that_bundles_do_not_have_is_not_found(api):
    response = api.get("/v1/schemas/nothing")

    assert response.status_code == 404
    assert response.json()["code"] == "not_found"
