"""Addresses of the telemetry pages, and of generating telemetry from a run."""

from django.urls import path

from telemetry import views

app_name = "telemetry"
urlpatterns = [
    path("telemetry", views.list_captures, name="list"),
    path("telemetry/<str:capture_id>", views.capture_detail, name="detail"),
    path("telemetry/<str:capture_id>/verify", views.verify_capture, name="verify"),
    path("telemetry/<str:capture_id>/bundle.zip", views.download_bundle, name="bundle"),
    path("telemetry/<str:capture_id>/replay", views.replay_capture, name="replay"),
    path("telemetry/<str:capture_id>/cancel", views.cancel_capture, name="cancel"),
    path("telemetry/<str:capture_id>/files/<str:path>", views.download_file, name="file"),
    path("runs/<str:run_id>/capture", views.request_capture, name="capture"),
]
