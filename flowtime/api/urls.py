"""Everything under /v1. The apps bring their own routes; whatever is left is an unknown route."""

from django.urls import include, path, re_path

from flowtime.api.docs import SchemaView
from flowtime.api.problems import UnknownRoute
from flowtime.api.tokens import TokensView, TokenView

urlpatterns = [
    path("v1/schema", SchemaView.as_view(), name="schema"),
    path("v1/auth/tokens", TokensView.as_view(), name="tokens"),
    re_path(r"^v1/auth/tokens/(?P<token_id>[0-9a-f]{32})$", TokenView.as_view(), name="token"),
    path("v1/", include("runs.api.urls")),
    path("v1/", include("telemetry.api.urls")),
    re_path(r"^v1(?:/.*)?$", UnknownRoute.as_view(), name="unknown"),
]
