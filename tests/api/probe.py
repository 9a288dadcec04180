"""An address of our own under /v1 that fails in every way a view can."""

import errno
from typing import Any, ClassVar

from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import Http404
from django.urls import path
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from flowtime import urls
from flowtime.api.serializers import StrictSerializer
from flowtime.api.views import StrictView
from flowtime.errors import FlowTimeError

handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500


class Taken(FlowTimeError):
    """A refusal with facts."""

    code = "run_exists"
    title = "A run with this id already exists"
    status = 409


class Busy(FlowTimeError):
    """A refusal that says when to come back."""

    code = "busy"
    title = "Busy"
    status = 503


FAILURES: dict[str, Exception] = {
    "taken": Taken("Run run_1 exists.", runId="run_1"),
    "busy": Busy("Come back later.", retryAfter=7),
    "locked": OperationalError("database is locked"),
    "gone": OperationalError("unable to open database file"),
    "full": OSError(errno.ENOSPC, "No space left on device", "/secret/place"),
    "read-only": OSError(errno.EROFS, "Read-only file system", "/secret/place"),
    "forbidden": PermissionDenied("/secret/place"),
    "missing": Http404("/secret/place"),
    "crash": RuntimeError("/secret/place"),
    "throttled": exceptions.Throttled(wait=2.5),
    "quote": exceptions.ValidationError({"name": [f'"{"x" * 5000}" is not a valid choice.']}),
}


class Inner(StrictSerializer):
    size = serializers.IntegerField(min_value=1)


class Outer(StrictSerializer):
    name = serializers.CharField(max_length=5)
    inner = Inner(required=False)
    items = serializers.ListField(child=serializers.IntegerField(), required=False)


class ProbeView(StrictView):
    permissions_by_action: ClassVar = {"get": (), "post": (), "put": ("runs.add_run",)}
    query_by_action: ClassVar = {"get": ("fail", "tag")}
    repeatable: ClassVar = ("tag",)

    def get(self, request: Request) -> Response:
        if name := request.query_params.get("fail"):
            raise FAILURES[name]
        return Response({"ok": True})

    def post(self, request: Request) -> Response:
        body = Outer(data=request.data)
        body.is_valid(raise_exception=True)
        return Response(body.validated_data, status=201)

    def put(self, request: Request) -> Response:
        return Response({"ok": True})

    def patch(self, request: Request) -> Response:
        """No entry in permissions_by_action: nobody may."""
        return Response({"ok": True})


def broken_page(_: Any) -> None:
    raise RuntimeError("/secret/place")


broken_page.login_required = False  # type: ignore[attr-defined]

urlpatterns: list[Any] = [
    path("v1/probe", ProbeView.as_view()),
    path("v1/broken", broken_page),
    *urls.urlpatterns,
]
