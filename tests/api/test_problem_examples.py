"""The example of every problem is what the API really answers, and its page shows it."""

import html
import json
import re
from typing import Any

import pytest

from flowtime.api.problem_examples import CAPTURE_ID, DIGEST, MOMENT, REQUEST_ID, example_of
from flowtime.api.problem_kinds import PROBLEMS
from tests import contract
from tests.api.provoked import PROVOKED, World

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.probe")]

# What differs from one answer to the next.
DIFFERING = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), MOMENT),
    (re.compile(r"cap_\d{8}T\d{6}Z_[0-9a-f]{8}"), CAPTURE_ID),
    (re.compile(r"sha256:[0-9a-f]{64}"), DIGEST),
)
FIXED = {"requestId": REQUEST_ID, "requestedBy": "operator", "durationMs": 18}


def settled(part: Any) -> Any:
    """An answer with the times, ids and digests of the examples."""
    match part:
        case dict():
            return {
                name: FIXED[name] if name in FIXED and value is not None else settled(value)
                for name, value in part.items()
            }
        case list():
            return [settled(item) for item in part]
        case str():
            for pattern, text in DIFFERING:
                part = pattern.sub(text, part)
    return part


@pytest.fixture
def world(api, viewer_api, anonymous_api, data_dirs, settings):
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {
        "DEFAULT_THROTTLE_RATES": {"login": "1/min", "runs.create": None, "captures.create": None}
    }
    return World(api, viewer_api, anonymous_api, data_dirs)


@pytest.mark.parametrize("code", PROBLEMS)
class TestExample:
    def test_is_a_real_answer(self, code, world):
        response = PROVOKED[code](world)

        assert settled(response.json()) == example_of(code)
        assert ("Retry-After" in response) is (response.status_code in (429, 503))

    def test_tells_nothing_that_is_not_published(self, code):
        (name,) = [
            name
            for name, schema in contract.document()["components"]["schemas"].items()
            if schema.get("properties", {}).get("code", {}).get("const") == code
        ]
        published = contract.document()["components"]["schemas"][name]

        assert example_of(code).keys() <= published["properties"].keys()


class TestPages:
    @pytest.mark.parametrize("code", PROBLEMS)
    def test_a_page_says_what_it_means_what_to_do_and_shows_an_answer(self, code, pages):
        text = html.unescape(pages.get(f"/docs/problems/{code}").content.decode())

        kind = PROBLEMS[code]
        for told in (kind.title, kind.meaning, kind.advice):
            assert told.replace("`", "") in re.sub(r"</?code>", "", text)
        shown = re.search(r"<pre[^>]*>(.+?)</pre>", text, re.DOTALL)[1]
        assert json.loads(shown) == example_of(code)
        assert 'href="/docs/problems"' in text

    def test_the_index_leads_to_every_page(self, pages):
        text = pages.get("/docs/problems").content.decode()

        linked = re.findall(r'href="/docs/problems/(\w+)"', text)
        assert sorted(linked) == sorted(PROBLEMS)
        statuses = [PROBLEMS[code].status for code in linked]
        assert statuses == sorted(statuses)

    def test_the_document_leads_to_the_index_and_every_schema_of_a_problem_to_its_page(self):
        assert "(/docs/problems)" in contract.document()["info"]["description"]
        for schema in contract.document()["components"]["schemas"].values():
            code = schema.get("properties", {}).get("code", {}).get("const")
            if code is not None:
                assert schema["externalDocs"]["url"] == f"/docs/problems/{code}"
