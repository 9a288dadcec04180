"""What every request passes: its id, in and out, and the size of its body."""

import re
import uuid
from collections.abc import Callable

from django.conf import settings
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

from flowtime.api.problems import is_api, problem_response

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
GetResponse = Callable[[HttpRequest], HttpResponse]


class RequestIdMiddleware:
    """Keep a well-formed ``X-Request-Id``, make one otherwise; answer with it and log with it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.META.get("HTTP_X_REQUEST_ID", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        # django-structlog binds the id from here; ours has been checked, so no log line can be forged.
        request.META["HTTP_X_REQUEST_ID"] = request_id
        response = self.get_response(request)
        response["X-Request-Id"] = request_id
        return response


class NulMiddleware:
    """Refuse addresses of pages that hold NUL: no name has one, and PostgreSQL takes none. The API says which part."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        has_nul = "\0" in request.path_info or "%00" in request.META.get("QUERY_STRING", "")
        if has_nul and not is_api(request):
            raise BadRequest("The address holds NUL.")
        return self.get_response(request)


class BodyLimitMiddleware:
    """Refuse a long body under /v1 by its announced length, before anything reads it."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if is_api(request):
            length = request.META.get("CONTENT_LENGTH") or "0"
            if not length.isdecimal():
                return problem_response(request, "invalid_request", "Content-Length is no number.")
            if int(length) > settings.BODY_LIMIT:
                return problem_response(request, "too_large", "The body is longer than 1 MiB.")
            if "HTTP_TRANSFER_ENCODING" in request.META and not int(length):
                # A body without a length would be read as no body at all.
                return problem_response(
                    request, "invalid_request", "Send the body with a Content-Length."
                )
        return self.get_response(request)
