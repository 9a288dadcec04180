"""The API's documents as pages: Swagger UI and Redoc from local files, and a page per problem with an index."""

import json
from functools import cache
from typing import Any, ClassVar

from csp.decorators import csp_update
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.decorators import method_decorator
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe
from drf_spectacular.renderers import OpenApiJsonRenderer2, OpenApiYamlRenderer2
from drf_spectacular.views import (
    SpectacularAPIView,
    SpectacularRedocView,
    SpectacularSwaggerSplitView,
)
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response

from flowtime.api.exceptions import InvalidQuery
from flowtime.api.permissions import DenyByDefault
from flowtime.api.problem_examples import example_of
from flowtime.api.problem_kinds import PROBLEMS
from flowtime.api.views import StrictMixin

# Both viewers write their own style elements; neither gets inline script.
STYLED = method_decorator(
    csp_update({"style-src": ["'unsafe-inline'"], "worker-src": ["blob:"], "img-src": ["blob:"]}),
    name="dispatch",
)


FORMS = {"json": OpenApiJsonRenderer2, "yaml": OpenApiYamlRenderer2}


class SchemaView(StrictMixin, SpectacularAPIView):
    """The OpenAPI document itself, as YAML or JSON by ``format`` or ``Accept``; it is made once."""

    schema = None
    permission_classes = (DenyByDefault,)
    permissions_by_action: ClassVar = {"get": ()}
    query_by_action: ClassVar = {"get": ("format",)}

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        """By ``Accept``, but a form that the address names wins."""
        named = FORMS.get(request.query_params.get("format", ""))
        return (
            (named(), named.media_type)
            if named
            else super().perform_content_negotiation(request, force)
        )

    def get(self, request: Request) -> Response:
        """The document of the operations that this version has."""
        if request.query_params.get("format", "json") not in FORMS:
            raise InvalidQuery(
                {"format": [ErrorDetail("Either json or yaml.", code="invalid_choice")]}
            )
        return Response(_document())


@cache
def _document() -> Any:
    return SpectacularAPIView.generator_class().get_schema(request=None, public=True)


@STYLED
class SwaggerView(SpectacularSwaggerSplitView):
    """Swagger UI."""

    template_name = "docs/swagger.html"


@STYLED
class RedocView(SpectacularRedocView):
    """Redoc."""

    template_name = "docs/redoc.html"


@require_safe
def problem_index(request: HttpRequest) -> HttpResponse:
    """Every problem by its status, each with a link to its page."""
    by_status = sorted(PROBLEMS.items(), key=lambda found: found[1].status)
    return render(request, "docs/problems.html", {"problems": by_status})


@require_safe
def problem_page(request: HttpRequest, code: str) -> HttpResponse:
    """What one problem means, what an answer of it looks like, and what to do; its address is the problem's ``type``."""
    kind = PROBLEMS.get(code)
    if kind is None:
        raise Http404
    example = json.dumps(example_of(code), indent=2, ensure_ascii=False)
    facts = {
        "code": code,
        "kind": kind,
        "meaning": _with_code(kind.meaning),
        "advice": _with_code(kind.advice),
        "example": example,
    }
    return render(request, "docs/problem.html", facts)


def _with_code(text: str) -> SafeString:
    """``text`` for a page: what stands in backticks is code, as in the document."""
    parts = enumerate(text.split("`"))
    return format_html_join(
        "", "{}", ((format_html("<code>{}</code>", part) if i % 2 else part,) for i, part in parts)
    )
