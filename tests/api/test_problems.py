"""Every refusal under /v1 is a problem document, whoever refuses."""

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from rest_framework.test import APIClient

from flowtime.api.problem_kinds import PROBLEMS
from flowtime.errors import FlowTimeError

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.api.probe")]


def assert_problem(response: Any, status: int, code: str) -> dict[str, Any]:
    """The members and headers that every problem has."""
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["code"] == code
    assert problem["type"] == f"/docs/problems/{code}"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["requestId"] == response["X-Request-Id"]
    assert "/secret" not in response.content.decode()
    return problem


class TestViews:
    def test_answers_when_nothing_is_wrong(self, api):
        assert api.get("/v1/probe").json() == {"ok": True}

    def test_a_refusal_carries_its_facts_beside_the_usual_members(self, api):
        problem = assert_problem(api.get("/v1/probe?fail=taken"), 409, "run_exists")

        assert problem["runId"] == "run_1"
        assert problem["detail"] == "Run run_1 exists."

    @pytest.mark.parametrize(
        ("failure", "status", "code"),
        [
            ("locked", 503, "busy"),
            ("gone", 503, "storage_unavailable"),
            ("full", 507, "insufficient_storage"),
            ("read-only", 503, "storage_unavailable"),
            ("forbidden", 403, "permission_denied"),
            ("missing", 404, "not_found"),
            ("crash", 500, "internal_error"),
        ],
    )
    def test_a_failure_says_its_kind_and_never_where(self, api, failure, status, code):
        assert_problem(api.get(f"/v1/probe?fail={failure}"), status, code)

    @pytest.mark.parametrize(
        ("failure", "wait"), [("busy", "7"), ("locked", "1"), ("throttled", "3")]
    )
    def test_what_passes_says_when_to_come_back(self, api, failure, wait):
        response = api.get(f"/v1/probe?fail={failure}")

        assert response.status_code in (429, 503)
        assert response["Retry-After"] == wait

    def test_a_refusal_is_json_even_where_another_form_was_asked_for(self, api):
        response = api.get("/v1/probe?fail=taken", HTTP_ACCEPT="application/json;q=0.5, */*;q=0.1")

        assert_problem(response, 409, "run_exists")

    def test_user_text_in_a_message_is_cut(self, api):
        problem = assert_problem(api.get("/v1/probe?fail=quote"), 400, "invalid_request")

        assert len(problem["detail"]) < 200
        assert "x" * 81 not in problem["detail"]


class TestBody:
    def test_every_mistake_is_reported_at_once_with_its_pointer(self, api):
        body = {"name": "too long", "inner": {"size": 0, "more": 1}, "items": [1, "x"], "a/b~c": 1}

        problem = assert_problem(api.post("/v1/probe", body), 400, "invalid_request")

        assert {(error["pointer"], error["code"]) for error in problem["errors"]} == {
            ("/name", "max_length"),
            ("/inner/size", "min_value"),
            ("/inner/more", "unknown"),
            ("/items/1", "invalid"),
            ("/a~1b~0c", "unknown"),
        }

    @pytest.mark.parametrize("body", ["[]", '"text"', "null", "3"])
    def test_a_body_is_an_object(self, api, body):
        response = api.post("/v1/probe", body, content_type="application/json")

        problem = assert_problem(response, 400, "invalid_request")
        assert problem["errors"][0]["pointer"] == ""

    @pytest.mark.parametrize(
        "body",
        [
            b"{",
            b"",
            b'{"name": NaN}',
            b'{"name": "\xff"}',
            b"[" * 100_000,
            b'{"name": "\\ud800"}',
            b"\xef\xbb\xbf{}",
        ],
    )
    def test_what_is_not_json_is_called_so(self, api, body):
        response = api.generic("POST", "/v1/probe", body, content_type="application/json")

        assert response.status_code == 400
        assert response.json()["code"] in ("malformed_json", "invalid_request")

    def test_text_holds_no_nul(self, api):
        problem = assert_problem(api.post("/v1/probe", {"name": "a\0b"}), 400, "invalid_request")

        assert problem["errors"][0]["code"] == "nul_character"

    def test_a_long_body_is_refused_by_its_length(self, api):
        response = api.generic("POST", "/v1/probe", b" " * (1024 * 1024 + 1), "application/json")

        assert_problem(response, 413, "too_large")

    def test_a_body_of_just_the_limit_is_read(self, api):
        body = b'{"name": "a"}' + b" " * (1024 * 1024 - 13)

        assert api.generic("POST", "/v1/probe", body, "application/json").status_code == 201

    def test_a_body_without_a_length_is_refused(self, api):
        response = api.generic(
            "POST", "/v1/probe", b"", "application/json", HTTP_TRANSFER_ENCODING="chunked"
        )

        assert_problem(response, 400, "invalid_request")

    def test_only_json_is_read(self, api):
        response = api.post("/v1/probe", "name=a", content_type="application/x-www-form-urlencoded")

        assert_problem(response, 415, "unsupported_media_type")


class TestQuery:
    def test_an_unknown_parameter_is_refused_by_name(self, api):
        problem = assert_problem(api.get("/v1/probe?nope=1&tag=a"), 400, "invalid_request")

        assert [error["pointer"] for error in problem["errors"]] == ["?nope"]
        assert problem["errors"][0]["code"] == "unknown"

    def test_a_parameter_of_another_action_is_unknown(self, api):
        problem = assert_problem(api.post("/v1/probe?tag=a", {}), 400, "invalid_request")

        assert problem["errors"][0]["pointer"] == "?tag"

    def test_a_parameter_is_given_once_unless_it_may_be_repeated(self, api):
        assert api.get("/v1/probe?tag=a&tag=b").status_code == 200
        problem = assert_problem(api.get("/v1/probe?fail=a&fail=b"), 400, "invalid_request")
        assert problem["errors"][0]["code"] == "repeated"

    def test_a_parameter_holds_no_nul(self, api):
        assert_problem(api.get("/v1/probe?tag=a%00b"), 400, "invalid_request")


class TestRequest:
    def test_a_stranger_must_sign_in(self, anonymous_api):
        response = anonymous_api.get("/v1/probe")

        assert_problem(response, 401, "not_authenticated")
        assert response["WWW-Authenticate"] == "Bearer"

    def test_a_role_without_the_permission_is_refused(self, viewer_api):
        assert_problem(viewer_api.put("/v1/probe", {}), 403, "permission_denied")

    def test_an_action_without_permissions_is_refused_to_everybody(self, api, admin_api):
        assert_problem(api.patch("/v1/probe", {}), 403, "permission_denied")
        assert_problem(admin_api.patch("/v1/probe", {}), 403, "permission_denied")

    def test_an_unknown_method_names_the_known_ones(self, api):
        response = api.delete("/v1/probe")

        assert_problem(response, 405, "method_not_allowed")
        assert response["Allow"] == "GET, POST, PUT, PATCH, HEAD, OPTIONS"

    def test_a_form_that_we_have_not_is_refused(self, api):
        assert_problem(api.get("/v1/probe", HTTP_ACCEPT="image/png"), 406, "not_acceptable")

    @pytest.mark.parametrize("method", ["get", "post", "put", "patch", "delete", "options"])
    @pytest.mark.parametrize("address", ["/v1", "/v1/", "/v1/nowhere", "/v1/runs/a/b/c/d/"])
    def test_an_unknown_address_is_not_found_by_any_method(self, anonymous_api, method, address):
        assert_problem(getattr(anonymous_api, method)(address), 404, "not_found")

    def test_a_session_needs_its_csrf_token_to_write(self, alice):
        client = APIClient(enforce_csrf_checks=True)
        client.force_login(alice, backend="flowtime.api.authentication.ModelBackend")

        problem = assert_problem(client.post("/v1/probe", {}), 403, "permission_denied")

        assert "CSRF" in problem["detail"]

    def test_an_unknown_host_is_refused(self, api):
        response = api.get("/v1/probe", HTTP_HOST="evil.example")

        assert response.status_code == 400
        assert response["Content-Type"] == "application/problem+json"

    def test_a_failure_outside_our_views_is_a_problem_too(self, client):
        client.raise_request_exception = False

        assert_problem(client.get("/v1/broken"), 500, "internal_error")


class TestRequestId:
    def test_a_given_id_comes_back(self, api):
        response = api.get("/v1/probe?fail=taken", HTTP_X_REQUEST_ID="job-7.a_B")

        assert response["X-Request-Id"] == "job-7.a_B"
        assert response.json()["requestId"] == "job-7.a_B"

    @pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a\nb", "<script>", "é"])
    def test_an_id_that_could_forge_a_log_line_is_replaced(self, api, given):
        response = api.get("/v1/probe", HTTP_X_REQUEST_ID=given)

        assert response["X-Request-Id"] != given
        assert len(response["X-Request-Id"]) == 32

    def test_pages_have_one_too(self):
        assert Client().get("/healthz")["X-Request-Id"]


# Settled between our own rooms; no client ever meets them.
SETTLED_INSIDE = {"bundle_exists", "cancelled"}
# Views are kept, runs are ticked and captures are stopped on pages alone.
ONLY_ON_PAGES = {
    "view_exists",
    "view_invalid",
    "view_not_found",
    "not_two_runs",
    "capture_not_cancelable",
    "run_not_retryable",
    "capture_not_retryable",
}


class TestKinds:
    def test_every_refusal_of_the_code_is_published_with_its_status_and_title(self):
        import runs.errors
        import telemetry.errors  # noqa: F401  (its classes are found below)

        def refusals(base: type[FlowTimeError]) -> set[type[FlowTimeError]]:
            return {base, *(one for child in base.__subclasses__() for one in refusals(child))}

        product = {
            one
            for one in refusals(FlowTimeError) - {FlowTimeError}
            if one.__module__.split(".")[0] in ("flowtime", "runs", "telemetry")
            and "code" in vars(one)
            and isinstance(vars(one)["code"], str)
        }
        assert runs.errors.RunNotFound in product
        unpublished = {
            one.__qualname__: (one.code, one.status, one.title)
            for one in product
            if one.code not in SETTLED_INSIDE | ONLY_ON_PAGES
            and (
                one.code not in PROBLEMS
                or (PROBLEMS[one.code].status, PROBLEMS[one.code].title) != (one.status, one.title)
            )
        }
        assert unpublished == {}

    def test_every_code_has_a_page_for_people(self, pages):
        for code, kind in PROBLEMS.items():
            response = pages.get(f"/docs/problems/{code}")
            assert response.status_code == 200
            assert kind.title in response.content.decode().replace("&#x27;", "'")

    def test_an_unknown_code_has_none(self, pages):
        assert pages.get("/docs/problems/no_such_code").status_code == 404


def test_the_hook_of_the_suite_would_see_a_leak(no_response_leaks, settings, client):
    settings.ALLOWED_HOSTS = ["*"]
    from django.http import HttpResponse

    from tests.conftest import DataDirs, leaks_in

    dirs = DataDirs(*(Path("/tmp/some-root/x") for _ in range(4)))

    assert leaks_in(HttpResponse(b"in /tmp/some-root/x/runs"), dirs)
    assert leaks_in(HttpResponse(b"", headers={"Location": "/tmp/some-root/x"}), dirs)
    assert leaks_in(HttpResponse(b"Traceback (most recent call last):"), dirs)
    assert leaks_in(HttpResponse(settings.SECRET_KEY.encode()), dirs)
    assert not leaks_in(HttpResponse(b"/v1/runs"), dirs)
