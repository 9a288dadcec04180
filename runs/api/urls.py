"""Routes of runs and templates below /v1/."""

from django.urls import path

from runs.api.content_views import ContentViewSet
from runs.api.schema_views import SchemaViewSet
from runs.api.template_views import TemplateViewSet
from runs.api.travel_views import TravelViewSet
from runs.api.views import RunViewSet

urlpatterns = [
    path("templates", TemplateViewSet.as_view({"get": "list"}), name="template-list"),
    path(
        "templates/<str:template_id>",
        TemplateViewSet.as_view({"get": "retrieve"}),
        name="template-detail",
    ),
    path("runs", RunViewSet.as_view({"get": "list", "post": "create"}), name="run-list"),
    path("runs/<str:run_id>", RunViewSet.as_view({"get": "retrieve"}), name="run-detail"),
    path("runs/<str:run_id>/replays", RunViewSet.as_view({"post": "replay"}), name="run-replays"),
    path("runs/<str:run_id>/cancel", RunViewSet.as_view({"post": "cancel"}), name="run-cancel"),
    path("runs/<str:run_id>/events", RunViewSet.as_view({"get": "events"}), name="run-events"),
    path("runs/<str:run_id>/model", ContentViewSet.as_view({"get": "model"}), name="run-model"),
    path("runs/<str:run_id>/index", ContentViewSet.as_view({"get": "index"}), name="run-index"),
    path("runs/<str:run_id>/graph", ContentViewSet.as_view({"get": "graph"}), name="run-graph"),
    path(
        "runs/<str:run_id>/series/<str:series_id>",
        ContentViewSet.as_view({"get": "series"}),
        name="run-series",
    ),
    path("runs/<str:run_id>/state", TravelViewSet.as_view({"get": "state"}), name="run-state"),
    path(
        "runs/<str:run_id>/state_window",
        TravelViewSet.as_view({"get": "window"}),
        name="run-state-window",
    ),
    path(
        "runs/<str:run_id>/metrics", TravelViewSet.as_view({"get": "metrics"}), name="run-metrics"
    ),
    path("runs/<str:run_id>/export", TravelViewSet.as_view({"get": "export"}), name="run-export"),
    path("schemas", SchemaViewSet.as_view({"get": "list"}), name="schema-list"),
    path("schemas/<str:name>", SchemaViewSet.as_view({"get": "retrieve"}), name="schema-detail"),
    path("compare", TravelViewSet.as_view({"get": "compare"}), name="run-compare"),
]
