"""An operation that will go says so in its answers and in the document, by a line in its view."""

from datetime import UTC, datetime
from typing import ClassVar

import pytest
from django.urls import path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from flowtime import urls
from flowtime.api.deprecation import Deprecation
from flowtime.api.views import StrictView

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]
handler404 = urls.handler404


class LeavingView(StrictView):
    """Its POST will go, its GET stays."""

    permissions_by_action: ClassVar = {"get": (), "post": ()}
    deprecated_by_action: ClassVar = {
        "post": Deprecation(
            since=datetime(2026, 12, 1, tzinfo=UTC),
            sunset=datetime(2027, 6, 1, tzinfo=UTC),
            link="/docs/api",
        )
    }

    @extend_schema(operation_id="getLeaving", responses={200: dict})
    def get(self, request: Request) -> Response:
        """Stay."""
        return Response({})

    @extend_schema(operation_id="postLeaving", request=None, responses={200: dict})
    def post(self, request: Request) -> Response:
        """Leave."""
        return Response({})


urlpatterns = [path("v1/leaving", LeavingView.as_view()), *urls.urlpatterns]


def test_every_answer_of_it_says_since_when_until_when_and_where_that_is_explained(api):
    for response in (api.post("/v1/leaving"), api.post("/v1/leaving?nope=1")):
        assert response["Deprecation"] == "@1796083200"
        assert response["Sunset"] == "Tue, 01 Jun 2027 00:00:00 GMT"
        assert response["Link"] == '</docs/api>; rel="deprecation"; type="text/html"'


def test_the_other_operations_of_its_address_say_nothing(api):
    response = api.get("/v1/leaving")

    assert not {"Deprecation", "Sunset", "Link"} & set(response.headers)


def test_the_document_says_so_too():
    document = SchemaGenerator(patterns=urlpatterns[:1]).get_schema(request=None, public=True)

    operations = document["paths"]["/v1/leaving"]
    assert operations["post"]["deprecated"] is True
    assert set(operations["post"]["responses"]["200"]["headers"]) == {
        "Deprecation",
        "Sunset",
        "Link",
    }
    assert "deprecated" not in operations["get"]
