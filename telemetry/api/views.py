"""/v1/telemetry/captures: parse, call one service or selector, render."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import ClassVar

from django.http import HttpResponseBase, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from flowtime.api.answers import events_answer, made_answer, page_answer
from flowtime.api.conditional import caching_headers, has_current
from flowtime.api.pagination import PAGE_PARAMETERS, PAGE_QUERY
from flowtime.api.renderers import JSONRenderer
from flowtime.api.requests import PREFER, prefers_async, request_id_of
from flowtime.api.schema import problems
from flowtime.api.views import StrictViewSet
from flowtime.bundles import media_type
from runs import selectors as run_selectors
from runs.api.query import filtered
from runs.api.renderers import BytesRenderer
from telemetry import selectors, services
from telemetry.api import examples, representation
from telemetry.api.requests import CaptureRequestSerializer
from telemetry.api.serializers import (
    CaptureAnswerSerializer,
    CaptureEventPageSerializer,
    CapturePageSerializer,
    CaptureSerializer,
    ManifestSerializer,
)
from telemetry.filters import CaptureFilter

VIEW = ("telemetry.view_capture",)
CHUNK = 64 * 1024
CAPTURE_ID = OpenApiParameter(
    "capture_id", OpenApiTypes.STR, OpenApiParameter.PATH, description="The id of a capture."
)
READING = ("capture_not_found", "bundle_missing", "bundle_corrupt")


class FileRenderer(BytesRenderer):
    """Any media type: which one it is depends on the file."""

    media_type = "*/*"
    format = "file"


class CaptureViewSet(StrictViewSet):
    """Telemetry bundles generated from simulation runs."""

    permissions_by_action: ClassVar = {
        "list": VIEW,
        "create": ("telemetry.add_capture",),
        "retrieve": VIEW,
        "events": VIEW,
        "manifest": VIEW,
        "file": VIEW,
        "verify": ("telemetry.verify_capture",),
    }
    query_by_action: ClassVar = {
        "list": PAGE_QUERY | frozenset(CaptureFilter.base_filters),
        "events": PAGE_QUERY,
    }
    repeatable: ClassVar = ("sourceRunId", "captureKey", "status", "templateId")
    throttles_by_action: ClassVar = {"create": "captures.create"}
    bodiless: ClassVar = ("verify",)

    def get_renderers(self) -> list[BaseRenderer]:
        """A file is sent as it is, whatever the request would rather have."""
        return [FileRenderer()] if self.action == "file" else [JSONRenderer()]

    @extend_schema(
        operation_id="listCaptures",
        tags=["Telemetry"],
        summary="List captures",
        parameters=[*examples.CAPTURE_FILTERS, *PAGE_PARAMETERS],
        responses=CapturePageSerializer,
        examples=[examples.CAPTURE_PAGE],
    )
    def list(self, request: Request) -> Response:
        """Captures, newest first, narrowed by the filters; several values of one filter are alternatives."""
        rows = filtered(request, CaptureFilter, selectors.captures_for_list())
        read = partial(selectors.page_of_captures, rows)
        return page_answer(request, read, representation.capture_detail)

    @extend_schema(
        operation_id="createCapture",
        tags=["Telemetry"],
        summary="Generate telemetry",
        parameters=[PREFER],
        request=CaptureRequestSerializer,
        responses={
            201: OpenApiResponse(CaptureAnswerSerializer, description="The bundle is there."),
            202: OpenApiResponse(CaptureAnswerSerializer, description="The capture is queued."),
            **problems(
                "run_not_found",
                "unsupported_source",
                "outside_roots",
                "invalid_id",
                "run_not_capturable",
                "run_unreadable",
                "nothing_to_capture",
                "capture_exists",
                "capture_in_progress",
            ),
        },
        examples=examples.CREATE_CAPTURE,
    )
    def create(self, request: Request) -> Response:
        """Generate a telemetry bundle from a finished simulation run."""
        body = CaptureRequestSerializer(data=request.data)
        body.is_valid(raise_exception=True)
        is_async = prefers_async(request)
        capture = services.request_capture(
            run=run_selectors.get_run(body.run_id),
            user=request.user,
            request_id=request_id_of(request),
            is_async=is_async,
            **body.to_command(),
        )
        shown = representation.capture_detail(capture)
        return made_answer({"capture": shown}, shown["links"]["self"], is_async=is_async)

    @extend_schema(
        operation_id="getCapture",
        tags=["Telemetry"],
        summary="Show a capture",
        parameters=[CAPTURE_ID],
        responses={200: CaptureSerializer, **problems("capture_not_found")},
        examples=[examples.CAPTURE],
    )
    def retrieve(self, request: Request, capture_id: str) -> Response:
        """A capture in full. Its files are looked at on the way."""
        capture = services.notice_capture(selectors.get_capture(capture_id))
        return Response(representation.capture_detail(capture))

    @extend_schema(
        operation_id="listCaptureEvents",
        tags=["Telemetry"],
        summary="List the events of a capture",
        parameters=[CAPTURE_ID, *PAGE_PARAMETERS],
        responses={200: CaptureEventPageSerializer, **problems("capture_not_found")},
        examples=[examples.CAPTURE_EVENTS],
    )
    def events(self, request: Request, capture_id: str) -> Response:
        """What happened to the capture, oldest first unless asked otherwise."""
        return events_answer(request, selectors.events_of(selectors.get_capture(capture_id)))

    @extend_schema(
        operation_id="getCaptureManifest",
        tags=["Telemetry"],
        summary="Show the manifest of a capture",
        parameters=[CAPTURE_ID],
        responses={200: ManifestSerializer, **problems(*READING)},
        examples=[examples.MANIFEST],
    )
    def manifest(self, request: Request, capture_id: str) -> Response:
        """The manifest: every file with what it holds, its size and its digest."""
        with services.open_bundle(selectors.get_capture(capture_id)) as bundle:
            facts = bundle.manifest.model_dump(mode="json", by_alias=True, exclude_none=True)
        return Response(facts)

    @extend_schema(
        operation_id="downloadCaptureFile",
        tags=["Telemetry"],
        summary="Download a file of a capture",
        parameters=[
            CAPTURE_ID,
            OpenApiParameter(
                "name",
                OpenApiTypes.STR,
                OpenApiParameter.PATH,
                description="A file that the manifest lists, or the manifest itself.",
            ),
        ],
        responses={
            (200, "text/csv"): OpenApiTypes.STR,
            (200, "text/plain"): OpenApiTypes.STR,
            (200, "application/json"): OpenApiTypes.OBJECT,
            **problems(*READING, "not_found"),
        },
    )
    def file(self, request: Request, capture_id: str, name: str) -> HttpResponseBase:
        """The bytes of one file, whose digest was checked. Other names than the manifest's are not found."""
        with services.open_bundle(selectors.get_capture(capture_id)) as bundle:
            data = bundle.read_file(name)
        headers = caching_headers(bundle.manifest_hash, name)
        if has_current(request, headers):
            return Response(status=304, headers=headers)
        response = StreamingHttpResponse(
            _chunks(data), content_type=media_type(name), headers=headers
        )
        response["Content-Length"] = str(len(data))
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        response["X-Content-Type-Options"] = "nosniff"
        return response

    @extend_schema(
        operation_id="verifyCapture",
        tags=["Telemetry"],
        summary="Verify a capture",
        parameters=[CAPTURE_ID],
        request=None,
        responses={200: CaptureSerializer, **problems("capture_not_found")},
        examples=[examples.CAPTURE],
    )
    def verify(self, request: Request, capture_id: str) -> Response:
        """Hash every byte of the bundle now, and record what was found."""
        capture = services.verify_capture(
            selectors.get_capture(capture_id),
            user=request.user,
            request_id=request_id_of(request),
        )
        return Response(representation.capture_detail(capture))


def _chunks(data: bytes) -> Iterator[bytes]:
    for start in range(0, len(data), CHUNK):
        yield data[start : start + CHUNK]
