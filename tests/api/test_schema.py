"""The OpenAPI document: valid, complete, true to its own examples, and shown without other sites."""

import re
from collections.abc import Iterator
from io import StringIO
from typing import Any

import pytest
import yaml
from django.core.management import call_command
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from flowtime.api.problem_kinds import PROBLEMS
from tests import contract

PROBLEM_JSON = "application/problem+json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    output = StringIO()
    call_command("spectacular", "--validate", "--fail-on-warn", stdout=output)
    return contract.read(output.getvalue())


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def bodies(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every media object of an operation, request and responses, by where it stands."""
    for media_type, media in operation.get("requestBody", {}).get("content", {}).items():
        yield f"request {media_type}", media
    for status, response in operation["responses"].items():
        for media_type, media in response.get("content", {}).items():
            yield f"{status} {media_type}", media


class TestDocument:
    def test_is_a_valid_openapi_3_1_document(self, document):
        assert document["openapi"].startswith("3.1")
        assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []

    def test_is_the_committed_one(self, document):
        committed = contract.document()

        assert committed == document, (
            "The API has changed: run `make reference` and look at the diff."
        )

    def test_every_operation_says_what_it_is(self, document):
        tags = {tag["name"] for tag in document["tags"]}
        names = []
        for where, operation in operations(document):
            names.append(operation["operationId"])
            assert re.fullmatch(r"[a-z]+[A-Za-z]+", operation["operationId"]), where
            assert operation["summary"], where
            assert operation["description"], where
            assert operation["tags"][0] in tags, where
        assert len(set(names)) == len(names)

    def test_the_published_names_are_there(self, document):
        names = {operation["operationId"] for _, operation in operations(document)}

        assert names >= {
            "createToken",
            "listTemplates",
            "listRuns",
            "createRun",
            "getRun",
            "createReplay",
            "cancelRun",
            "getRunState",
            "getRunStateWindow",
            "getRunMetrics",
            "exportRun",
            "compareRuns",
            "listCaptures",
            "createCapture",
            "getCapture",
            "verifyCapture",
        }

    def test_every_operation_lists_every_problem_that_any_can_have(self, document):
        for where, operation in operations(document):
            statuses = set(operation["responses"])
            assert statuses >= {"400", "401", "403", "406", "500", "503"}, where
            if "requestBody" in operation:
                assert statuses >= {"413", "415"}, where
            if "{" in where:
                assert "404" in statuses, where

    def test_every_problem_code_is_published_with_its_status(self, document):
        for where, operation in operations(document):
            for status, response in operation["responses"].items():
                media = response.get("content", {}).get(PROBLEM_JSON)
                if media is None:
                    continue
                for code in media["examples"]:
                    assert str(PROBLEMS[code].status) == status, where

    def test_no_answer_is_a_bare_array(self, document):
        for where, operation in operations(document):
            for place, media in bodies(operation):
                assert media.get("schema", {}).get("type") != "array", f"{where} {place}"

    def test_every_way_to_sign_in_is_described(self, document):
        used = {name for _, one in operations(document) for way in one["security"] for name in way}

        assert used == set(document["components"]["securitySchemes"])

    def test_no_name_is_made_up_by_the_generator(self, document):
        for name in document["components"]["schemas"]:
            assert not re.search(r"Enum$|[0-9a-f]{3}$|^Patched|Request_", name), name

    def test_parameters_are_in_camel_case(self, document):
        for where, operation in operations(document):
            assert not [name for name in re.findall(r"\{.*?\}", where) if "_" in name]
            for parameter in operation.get("parameters", ()):
                assert "_" not in parameter["name"], where


class TestExamples:
    def test_every_body_has_an_example_that_fits_its_schema(self, document):
        resource = Resource.from_contents(document, default_specification=DRAFT202012)
        registry = Registry().with_resource("", resource)
        examples = document["components"]["examples"]
        wrong = []
        for where, operation in operations(document):
            for place, media in bodies(operation):
                if not media.get("examples"):
                    # A file of a bundle is whatever its manifest says.
                    if "json" in place and operation["operationId"] != "downloadCaptureFile":
                        wrong.append(f"{where} {place}: no example")
                    continue
                validator = Draft202012Validator(
                    media["schema"],
                    registry=registry,
                    _resolver=registry.resolver_with_root(resource),
                )
                for name, example in media["examples"].items():
                    if reference := example.get("$ref"):
                        example = examples[reference.rsplit("/", 1)[1]]
                    value = example["value"]
                    if place.endswith("yaml"):
                        # Shown as the text it is sent as; the schema is of what it says.
                        value = yaml.safe_load(value)
                    wrong += [
                        f"{where} {place} {name}: {error.json_path} {error.message[:120]}"
                        for error in validator.iter_errors(value)
                    ]
        assert wrong == []


@pytest.mark.django_db
class TestPages:
    def test_the_schema_is_served(self, api):
        response = api.get("/v1/schema", HTTP_ACCEPT="application/vnd.oai.openapi+json")

        assert response.status_code == 200
        assert response.json()["info"]["title"] == "FlowTime"

    @pytest.mark.parametrize("form", ["json", "yaml"])
    def test_the_schema_comes_in_the_form_that_its_address_names(self, api, form):
        response = api.get("/v1/schema", {"format": form}, HTTP_ACCEPT="text/html")

        assert response["Content-Type"].startswith(f"application/{form}")
        assert contract.read(response.content)["info"]["title"] == "FlowTime"

    @pytest.mark.parametrize("query", ["format=xml", "nope=1"])
    def test_the_address_of_the_schema_is_strict(self, api, query):
        response = api.get(f"/v1/schema?{query}")

        assert response.status_code == 400
        assert response.json()["errors"][0]["pointer"] == f"?{query.split('=')[0]}"

    @pytest.mark.parametrize("address", ["/docs/api", "/docs/redoc"])
    def test_the_viewers_load_nothing_from_elsewhere(self, pages, address):
        response = pages.get(address)

        html = response.content.decode()
        assert response.status_code == 200
        assert "drf_spectacular_sidecar" in html
        assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)
        assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", html)
        assert "'unsafe-inline'" not in response["Content-Security-Policy"].split("style-src")[0]

    @pytest.mark.parametrize("address", ["/docs/api", "/docs/redoc"])
    def test_strangers_are_asked_to_sign_in(self, client, address):
        response = client.get(address)

        assert response.status_code == 302
        assert response["Location"].startswith("/sign-in")

    def test_a_style_of_the_viewers_stays_with_the_viewers(self, pages):
        pages.get("/docs/api")

        assert "unsafe-inline" not in pages.get("/healthz")["Content-Security-Policy"].replace(
            "style-src-attr 'unsafe-inline'", ""
        )
