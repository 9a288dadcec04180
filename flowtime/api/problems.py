"""Errors as RFC 9457 problem documents: one shape for everything under /v1."""

import errno
import re
from collections.abc import Mapping
from typing import Any, ClassVar

import structlog
from django.core.exceptions import SuspiciousOperation
from django.db import DatabaseError, InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseServerError
from django.template import loader
from django.views import defaults
from drf_standardized_errors.formatter import ExceptionFormatter
from drf_standardized_errors.handler import ExceptionHandler
from rest_framework import exceptions
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.settings import api_settings
from rest_framework.views import APIView

from flowtime.api.exceptions import InvalidQuery
from flowtime.api.problem_kinds import PROBLEMS
from flowtime.api.renderers import PROBLEM_MEDIA_TYPE, ProblemRenderer, dump_json
from flowtime.errors import FlowTimeError

log = structlog.get_logger(__name__)

# More than people read; enough for a program to repair its request in one go.
MAX_FIELD_ERRORS = 100
QUOTED = re.compile(r"([\"'“])(.{80}).{2,}?([\"'”])", re.DOTALL)
CODES_BY_STATUS = {
    401: "not_authenticated",
    403: "permission_denied",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    413: "too_large",
    415: "unsupported_media_type",
    429: "throttled",
}
STATUS_OF_ERRNO = {
    errno.ENOSPC: "insufficient_storage",
    errno.EDQUOT: "insufficient_storage",
    errno.EFBIG: "insufficient_storage",
}


class _Refused(exceptions.APIException):
    """A FlowTimeError on its way through DRF."""

    def __init__(self, error: FlowTimeError) -> None:
        super().__init__(error.detail, error.code)
        self.status_code = error.status
        self.error = error
        if error.status in (429, 503):
            self.wait = int(error.extra.get("retryAfter", 1))


class _Unavailable(exceptions.APIException):
    """The database or the disk is in no state to answer."""

    SENTENCES: ClassVar[dict[str, str]] = {
        "busy": "The database is busy. Try again in a moment.",
        "storage_unavailable": "Storage is not available. Try again later.",
        "insufficient_storage": "There is no space left to store this.",
    }

    def __init__(self, code: str) -> None:
        super().__init__(self.SENTENCES[code], code)
        self.status_code = PROBLEMS[code].status
        if self.status_code == 503:
            self.wait = 1 if code == "busy" else 5


def convert_error(error: Exception) -> Exception:
    """The API exception that stands for ``error``; ``error`` itself when it is unexpected."""
    match error:
        case FlowTimeError():
            return _Refused(error)
        case SuspiciousOperation():
            return exceptions.ValidationError(
                "The request is not valid: it holds too much, or too strange things."
            )
        case OperationalError() if "lock" in str(error).lower() or "timeout" in str(error).lower():
            return _Unavailable("busy")
        case OperationalError() | InterfaceError():
            return _Unavailable("storage_unavailable")
        case DatabaseError():
            return error
        case OSError() if error.errno is not None:
            return _Unavailable(STATUS_OF_ERRNO.get(error.errno, "storage_unavailable"))
        case _:
            return error


class ProblemHandler(ExceptionHandler):
    """DRF's exception handler: every exception of a view becomes a problem response."""

    def convert_known_exceptions(self, exc: Exception) -> Exception:
        return convert_error(super().convert_known_exceptions(exc))

    def should_not_handle(self, exc: Exception) -> bool:
        return False

    def get_response(self, exc: exceptions.APIException, data: dict[str, Any]) -> Response:
        request = self.context["request"]
        if request is not None:
            # A problem is JSON even where the request asked for CSV, or for nothing we have.
            request.accepted_renderer = ProblemRenderer()
            request.accepted_media_type = PROBLEM_MEDIA_TYPE
        headers = self.get_headers(exc)
        if "Retry-After" in headers:
            headers["Retry-After"] = str(max(1, int(headers["Retry-After"])))
        return Response(
            data, status=exc.status_code, headers=headers, content_type=PROBLEM_MEDIA_TYPE
        )

    def report_exception(self, exc: exceptions.APIException, response: Response) -> None:
        if isinstance(exc, _Unavailable):
            log.warning("storage.failed", code=exc.get_codes(), error=str(self.exc))
        elif not isinstance(exc, _Refused):
            super().report_exception(exc, response)


class ProblemFormatter(ExceptionFormatter):
    """The problem document of one API exception."""

    def run(self) -> dict[str, Any]:
        request = self.context["request"]
        code = self._code()
        detail = str(self.exc.detail) if isinstance(self.exc.detail, str) else ""
        extra: Mapping[str, Any] = {}
        if isinstance(self.exc, _Refused):
            extra = {
                key: value for key, value in self.exc.error.extra.items() if key != "retryAfter"
            }
        elif isinstance(self.exc, exceptions.ValidationError):
            errors = self._field_errors(is_query=self._is_query(request))
            extra = {"errors": errors[:MAX_FIELD_ERRORS]}
            detail = _sentence(errors)
        elif code == "internal_error":
            detail = "The request could not be completed. The log holds the cause."
        return problem_document(
            code,
            detail=detail,
            status=self.exc.status_code,
            request_id=request_id_of(request),
            title=self.exc.error.title if isinstance(self.exc, _Refused) else None,
            **extra,
        )

    def _code(self) -> str:
        match self.exc:
            case _Refused():
                return self.exc.error.code
            case _Unavailable():
                return str(self.exc.get_codes())
            case exceptions.ValidationError():
                return "invalid_request"
            case exceptions.ParseError():
                return "malformed_json"
            case _:
                return CODES_BY_STATUS.get(self.exc.status_code, "internal_error")

    def _is_query(self, request: Request | None) -> bool:
        if isinstance(self.exc, InvalidQuery):
            return True
        return request is not None and request.method in ("GET", "HEAD")

    def _field_errors(self, *, is_query: bool) -> list[dict[str, str]]:
        return [
            {
                "code": error.code,
                "detail": shorten_quotes(error.detail),
                "pointer": _pointer(error.attr, is_query=is_query),
            }
            for error in self.get_errors()
        ]


def _pointer(attr: str | None, *, is_query: bool) -> str:
    """A JSON Pointer (RFC 6901) into the body, or ``?name``."""
    steps = [step for step in (attr or "").split("\n") if step]
    if steps and steps[-1] == api_settings.NON_FIELD_ERRORS_KEY:
        steps.pop()
    if is_query:
        return "?" + (steps[0][:80] if steps else "")
    return "".join("/" + step[:80].replace("~", "~0").replace("/", "~1") for step in steps)


def _sentence(errors: list[dict[str, str]]) -> str:
    """What a person reads first."""
    if not errors:
        return "The request is not valid."
    first = errors[0]
    where = f"{first['pointer']}: " if first["pointer"].strip("?") else ""
    more = f" ({len(errors) - 1} more.)" if len(errors) > 1 else ""
    return f"{where}{first['detail']}{more}"


def shorten_quotes(text: str) -> str:
    """``text`` with every quoted passage cut to 80 characters, and never endless itself."""
    return QUOTED.sub(r"\1\2…\3", text)[:400]


def request_id_of(request: HttpRequest | Request | None) -> str:
    """The id under which the log knows ``request``."""
    return str(getattr(request, "request_id", ""))


def problem_document(
    code: str,
    *,
    detail: str,
    request_id: str,
    status: int | None = None,
    title: str | None = None,
    **extra: Any,
) -> dict[str, Any]:
    """The members every problem has, then the typed extras of its code."""
    kind = PROBLEMS.get(code)
    return {
        "type": f"/docs/problems/{code}",
        "title": title or (kind.title if kind else code),
        "status": status or (kind.status if kind else 500),
        "detail": detail or (kind.meaning if kind else ""),
        "code": code,
        "requestId": request_id,
        **extra,
    }


def problem_response(
    request: HttpRequest, code: str, detail: str = "", *, retry_after: int | None = None
) -> HttpResponse:
    """A problem from outside DRF: middleware and Django's own error handlers."""
    document = problem_document(code, detail=detail, request_id=request_id_of(request))
    response = HttpResponse(
        dump_json(document), content_type=PROBLEM_MEDIA_TYPE, status=document["status"]
    )
    if retry_after is not None:
        response["Retry-After"] = str(retry_after)
    return response


def is_api(request: HttpRequest) -> bool:
    """Whether ``request`` is answered in JSON whatever happens."""
    return request.path_info == "/v1" or request.path_info.startswith("/v1/")


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """handler400."""
    if is_api(request):
        return problem_response(request, "invalid_request", "The request is not valid.")
    return defaults.bad_request(request, exception)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """handler403."""
    if is_api(request):
        return problem_response(request, "permission_denied", "You do not have permission.")
    return defaults.permission_denied(request, exception)


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """handler404."""
    if is_api(request):
        return problem_response(request, "not_found", "There is nothing at this address.")
    return defaults.page_not_found(request, exception)


def server_error(request: HttpRequest) -> HttpResponseBase:
    """handler500."""
    if is_api(request):
        return problem_response(
            request,
            "internal_error",
            "The request could not be completed. The log holds the cause.",
        )
    # Without the request's context: whatever failed may fail again while the page is made.
    page = loader.get_template("500.html").render({"request_id": request_id_of(request)})
    return HttpResponseServerError(page)


class UnknownRoute(APIView):
    """Whatever under /v1 is not a route: 404 to everybody, by every method, in every form."""

    authentication_classes = ()
    permission_classes = (AllowAny,)
    schema = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        raise exceptions.NotFound("There is nothing at this address.")
