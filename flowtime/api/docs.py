"""The API's documents as pages: Swagger UI and Redoc from local files, and one page per problem."""

from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView

from flowtime.api.problem_kinds import PROBLEMS

# Both viewers write their own style elements; neither gets inline script.
STYLED = method_decorator(
    csp_update({"style-src": ["'unsafe-inline'"], "worker-src": ["blob:"], "img-src": ["blob:"]}),
    name="dispatch",
)


@STYLED
class SwaggerView(SpectacularSwaggerSplitView):
    """Swagger UI."""


@STYLED
class RedocView(SpectacularRedocView):
    """Redoc."""

    template_name = "docs/redoc.html"


@require_safe
def problem_page(request: HttpRequest, code: str) -> HttpResponse:
    """What one problem means; its address is the ``type`` of every such problem."""
    kind = PROBLEMS.get(code)
    if kind is None:
        raise Http404
    return render(request, "docs/problem.html", {"code": code, "kind": kind})
