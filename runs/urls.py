"""Addresses of the run pages."""

from django.urls import path

from runs import (
    compare_views,
    new_run_views,
    saved_view_pages,
    series_views,
    specimen_views,
    template_views,
    travel_views,
    views,
)

app_name = "runs"
urlpatterns = [
    path("runs", views.list_runs, name="list"),
    path("runs/new", new_run_views.new_run, name="new"),
    path("runs/compare", compare_views.compare_runs, name="compare"),
    path("runs/compare/differences", compare_views.download_differences, name="differences"),
    path("runs/views", saved_view_pages.keep_views, name="views"),
    path("runs/picked", views.compare_picked, name="picked"),
    path("docs/ui", specimen_views.show_components, name="components"),
    path("templates/<str:template_id>", template_views.show_template, name="template"),
    path("runs/<str:run_id>", views.run_detail, name="detail"),
    path("runs/<str:run_id>/travel/<str:digest>/<str:part>", travel_views.show_part, name="travel"),
    path("runs/<str:run_id>/replay", views.replay_run, name="replay"),
    path("runs/<str:run_id>/cancel", views.cancel_run, name="cancel"),
    path("runs/<str:run_id>/verify", views.verify_run, name="verify"),
    path("runs/<str:run_id>/series/<str:series_id>", series_views.show_series, name="series"),
    path(
        "runs/<str:run_id>/series/<str:series_id>/download",
        series_views.download_series,
        name="download_series",
    ),
]
