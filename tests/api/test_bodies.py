"""Bodies where none is expected: operations without one refuse fields as strictly as those with one."""

import re

import pytest

from tests import contract
from tests.api.test_problems import assert_problem

pytestmark = pytest.mark.django_db

WITHOUT = [
    (method, re.sub(r"\{\w+\}", "0" * 32, path))
    for path, methods in contract.document()["paths"].items()
    for method, operation in methods.items()
    if method != "get" and "requestBody" not in operation
]


def test_there_are_such_operations():
    assert {method for method, _ in WITHOUT} == {"post", "delete"}


@pytest.mark.parametrize(("method", "address"), WITHOUT)
class TestWithoutABody:
    def test_a_field_is_unknown(self, api, method, address):
        problem = assert_problem(
            getattr(api, method)(address, {"now": True}), 400, "invalid_request"
        )

        assert [(e["pointer"], e["code"]) for e in problem["errors"]] == [("/now", "unknown")]

    @pytest.mark.parametrize("body", [b"[1]", b"7"])
    def test_a_body_that_is_no_object_is_refused(self, api, method, address, body):
        response = api.generic(method.upper(), address, body, "application/json")

        assert_problem(response, 400, "invalid_request")

    def test_what_is_not_json_is_called_so(self, api, method, address):
        response = api.generic(method.upper(), address, b"{", "application/json")

        assert_problem(response, 400, "malformed_json")

    def test_only_json_is_read(self, api, method, address):
        response = api.generic(method.upper(), address, b"now=1", "text/plain")

        assert_problem(response, 415, "unsupported_media_type")

    @pytest.mark.parametrize("body", [b"", b"{}"])
    def test_nothing_and_no_fields_are_as_good(self, api, method, address, body):
        response = api.generic(method.upper(), address, body, "application/json")

        assert response.status_code == 404


@pytest.mark.parametrize(("method", "address"), [*WITHOUT, ("get", "/v1/runs")])
def test_a_long_body_is_refused_whether_or_not_one_is_read(api, method, address):
    response = api.generic(method.upper(), address, b" " * (1024 * 1024 + 1), "application/json")

    assert_problem(response, 413, "too_large")
