"""An address of our own under /v1 whose actions count towards scopes."""

from typing import ClassVar

from django.urls import path
from rest_framework.request import Request
from rest_framework.response import Response

from flowtime import urls
from flowtime.api.views import StrictView


class LimitedView(StrictView):
    permissions_by_action: ClassVar = {"get": (), "post": (), "put": ()}
    throttles_by_action: ClassVar = {"post": "runs.create", "put": "captures.create"}

    def get(self, request: Request) -> Response:
        return Response({})

    post = put = get


urlpatterns = [path("v1/limited", LimitedView.as_view()), *urls.urlpatterns]
