"""Idempotency-Key: done once, answered alike, by caller and address."""

from typing import ClassVar

import pytest
from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from flowtime import urls
from flowtime.api.views import StrictView
from flowtime.errors import FlowTimeError

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
handler404 = urls.handler404


class Refused(FlowTimeError):
    code = "run_exists"
    title = "A run with this id already exists"
    status = 409


class CountingView(StrictView):
    permissions_by_action: ClassVar = {"post": ()}
    count = 0

    def post(self, request: Request) -> Response:
        type(self).count += 1
        if request.data.get("refuse"):
            raise Refused("No.")
        return Response({"count": self.count}, status=201, headers={"Location": "/v1/x/1"})


class OtherView(CountingView):
    pass


urlpatterns = [
    path("v1/counting", CountingView.as_view()),
    path("v1/other", OtherView.as_view()),
    *urls.urlpatterns,
]


@pytest.fixture(autouse=True)
def from_nothing():
    CountingView.count = OtherView.count = 0


def post(client, body=None, *, key="k", address="/v1/counting"):
    return client.post(address, body or {"a": 1, "b": 2}, HTTP_IDEMPOTENCY_KEY=key)


class TestSame:
    def test_is_done_once_and_answered_alike(self, api):
        first, second = post(api), post(api, {"b": 2, "a": 1})

        assert CountingView.count == 1
        assert second.status_code == first.status_code == 201
        assert second.content == first.content
        assert second["Location"] == first["Location"]

    def test_without_a_key_everything_is_done(self, api):
        for _ in range(2):
            api.post("/v1/counting", {})

        assert CountingView.count == 2


class TestOther:
    def test_another_body_is_a_conflict(self, api):
        post(api)

        response = post(api, {"a": 2})

        assert response.status_code == 409
        assert response.json()["code"] == "idempotency_key_reused"
        assert CountingView.count == 1

    def test_another_key_address_or_caller_is_another_request(self, api, viewer_api):
        post(api)
        post(api, key="l")
        post(api, address="/v1/other")
        post(viewer_api)

        assert CountingView.count + OtherView.count == 4

    def test_a_request_that_failed_may_be_sent_again(self, api):
        assert post(api, {"refuse": True}).status_code == 409
        assert post(api, {"refuse": True}).json()["code"] == "run_exists"
        assert post(api).status_code == 201

    def test_a_request_still_at_work_is_told_to_wait(self, api, monkeypatch):
        inner = []

        def post_again(self, request):
            inner.append(post(api))
            return Response({}, status=201)

        monkeypatch.setattr(CountingView, "post", post_again)

        post(api)

        assert inner[0].status_code == 503
        assert inner[0]["Retry-After"] == "1"

    @pytest.mark.parametrize("key", ["", "a b", "x" * 256, "é"])
    def test_a_key_that_is_none_is_refused(self, api, key):
        assert post(api, key=key).status_code == 400
        assert CountingView.count == 0
