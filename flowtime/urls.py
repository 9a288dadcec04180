"""The address space: pages at the root, the API under /v1, its documents under /docs, health beside."""

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import include, path
from django.views.generic import RedirectView
from django_prometheus.exports import ExportToDjangoView

from flowtime import health, pages
from flowtime.api import docs, problems

handler400 = problems.bad_request
handler403 = problems.permission_denied
handler404 = problems.page_not_found
handler500 = pages.server_error

urlpatterns = [
    path("", include("flowtime.api.urls")),
    path("", RedirectView.as_view(url="/runs"), name="home"),
    path("", include("flowtime.page_urls")),
    path("", include("flowtime.people.urls")),
    path("", include("runs.urls")),
    path("", include("telemetry.urls")),
    path("admin/", admin.site.urls),
    path("docs/api", login_required(docs.SwaggerView.as_view()), name="docs-api"),
    path("docs/redoc", login_required(docs.RedocView.as_view()), name="docs-redoc"),
    path("docs/problems", docs.problem_index, name="docs-problems"),
    path("docs/problems/<slug:code>", docs.problem_page, name="docs-problem"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.public(ExportToDjangoView), name="metrics"),
]
