"""Routes of captures below /v1/."""

from django.urls import path

from telemetry.api.views import CaptureViewSet

BASE = "telemetry/captures"

urlpatterns = [
    path(BASE, CaptureViewSet.as_view({"get": "list", "post": "create"}), name="capture-list"),
    path(
        f"{BASE}/<str:capture_id>",
        CaptureViewSet.as_view({"get": "retrieve"}),
        name="capture-detail",
    ),
    path(
        f"{BASE}/<str:capture_id>/events",
        CaptureViewSet.as_view({"get": "events"}),
        name="capture-events",
    ),
    path(
        f"{BASE}/<str:capture_id>/manifest",
        CaptureViewSet.as_view({"get": "manifest"}),
        name="capture-manifest",
    ),
    path(
        f"{BASE}/<str:capture_id>/files/<str:name>",
        CaptureViewSet.as_view({"get": "file"}),
        name="capture-file",
    ),
    path(
        f"{BASE}/<str:capture_id>/verify",
        CaptureViewSet.as_view({"post": "verify"}),
        name="capture-verify",
    ),
]
