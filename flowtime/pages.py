"""What every page shares: who may see it, refusals shown in place, the door, the theme, and error pages."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import wraps
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode, urlsplit

import structlog
from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.contrib.auth.views import LoginView
from django.db import Error as AnyDatabaseError
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import HttpResponseClientRedirect
from rest_framework.exceptions import APIException, ValidationError

from flowtime.api import problems
from flowtime.api.problems import convert_error, is_api, problem_response, request_id_of
from flowtime.errors import FlowTimeError
from flowtime.people.preferences import THEMES, set_single_keys, set_theme, theme_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django_htmx.middleware import HtmxDetails

log = structlog.get_logger(__name__)

ONE_YEAR = 365 * 24 * 3600

ADVICE = {
    "run_not_found": "It may have been removed, or the id may be cut short.",
    "capture_not_found": "It may have been removed, or the id may be cut short.",
    "template_not_found": "Its file may have been removed from the catalog. Pick another template.",
    "not_found": "The address may be cut short.",
    "not_two_runs": "Go back, tick two runs in the list, and press Compare.",
    "view_not_found": "It may have been deleted in another window.",
    "view_exists": "Choose another name, or replace what it holds.",
    "invalid_request": "It may be cut short. Nothing was changed.",
    "permission_denied": "An administrator can change your role.",
    "capture_in_progress": "Wait until it has finished; this panel follows it.",
    "run_unreadable": "Run the template again with the same parameters; the result will be the same.",
    "nothing_to_capture": "Give the template's nodes roles such as arrivals and served, then run it again.",
    "run_not_capturable": "Open a simulation run that has succeeded and generate telemetry there.",
    "bundle_missing": "Generate telemetry again; the run itself is not affected.",
    "bundle_corrupt": "Generate telemetry again; the run itself is not affected.",
    "bundle_mismatch": "Use telemetry of a run of this template with the same grid.",
    "outside_roots": "Use a name of letters, digits, dots, hyphens and underscores.",
    "invalid_id": "Use a name of letters, digits, dots, hyphens and underscores.",
    "busy": "Nothing is lost. Try again in a moment.",
    "storage_unavailable": "Nothing is lost. Try again; if it happens again, tell an administrator.",
    "insufficient_storage": "What was there before is untouched. An administrator can make room.",
}
"""What to do about a refusal, by its code: the second sentence after its detail."""

UNREADABLE_ADDRESS = "The address holds something this page cannot read."
REFUSALS = (FlowTimeError, APIException, AnyDatabaseError, OSError)


class PageRequest(HttpRequest):
    """A request as the middleware hands it to a page."""

    htmx: HtmxDetails


def person_of(request: HttpRequest) -> User:
    """Whoever is signed in: no page is shown to anybody else."""
    return cast("User", request.user)


class NotAllowed(FlowTimeError):
    """The caller's role does not reach this page or action."""

    code = "permission_denied"
    title = "Not allowed"
    status = 403


class Converted(FlowTimeError):
    """A refusal that came from the API's plumbing, the database or the disk."""

    def __init__(self, error: APIException) -> None:
        is_invalid = isinstance(error, ValidationError)
        super().__init__(
            UNREADABLE_ADDRESS if is_invalid else str(error.detail),
            retryAfter=getattr(error, "wait", None) or 1,
        )
        self.code = "invalid_request" if is_invalid else str(error.get_codes())  # type: ignore[misc]
        self.status = error.status_code  # type: ignore[misc]


def advice_for(refusal: FlowTimeError) -> str:
    """The sentence that says what to do; nothing where the detail says it all."""
    return ADVICE.get(refusal.code, "")


def page(
    permission: str,
    *,
    methods: Sequence[str] = ("GET", "HEAD"),
    refused: Callable[..., HttpResponse] | None = None,
) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Make a page of a view: its methods, its permission (none: whoever is signed in), and where refusals are shown.

    ``refused`` renders the page the reader came from; it gets the view's arguments and the refusal. Without it
    a refusal is a page of its own. Either way the status is the refusal's.
    """

    def decorate(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @wraps(view)
        def wrapper(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if request.method not in methods:
                return HttpResponseNotAllowed(methods)
            try:
                if permission and not request.user.has_perm(permission):
                    raise NotAllowed(_missing_role(permission))
                response = view(request, *args, **kwargs)
            except REFUSALS as error:
                response = _refuse(request, _as_refusal(error), refused, args, kwargs)
            # One URL answers with a whole page or with a fragment of it.
            patch_vary_headers(response, ("HX-Request",))
            return response

        return wrapper

    return decorate


def _refuse(
    request: HttpRequest,
    refusal: FlowTimeError,
    refused: Callable[..., HttpResponse] | None,
    args: tuple[Any, ...],
    kwargs: dict[str, Any],
) -> HttpResponse:
    try:
        if refused is None or not request.user.has_perm("runs.view_run"):
            return show_refusal(request, refusal)
        response = refused(request, *args, refusal=refusal, **kwargs)
    except REFUSALS:
        # The page they came from cannot be shown either: what was refused first is what they asked.
        return show_refusal(request, refusal)
    response.status_code = refusal.status
    return _with_retry(response, refusal)


def _as_refusal(error: Exception) -> FlowTimeError:
    """The refusal that ``error`` is or stands for; raises it again when nobody foresaw it."""
    if isinstance(error, FlowTimeError):
        return error
    converted = convert_error(error)
    if not isinstance(converted, APIException):
        raise error
    if converted is not error:
        log.warning("storage.failed", code=converted.get_codes(), error=str(error))
    return Converted(converted)


def _missing_role(permission: str) -> str:
    action = permission.partition(".")[2]
    return f"You need the {'viewer' if action.startswith('view_') else 'operator'} role."


def show_refusal(request: HttpRequest, refusal: FlowTimeError) -> HttpResponse:
    """A page that says what was refused, what is safe, what to do, and the request where that helps."""
    can_retry = refusal.status in (429, 503)
    context = {
        "heading": refusal.detail.removesuffix("."),
        "text": advice_for(refusal),
        "can_retry": can_retry,
        "request_id": request_id_of(request),
    }
    response = render(request, "errors/refusal.html", context, status=refusal.status)
    return _with_retry(response, refusal)


def _with_retry(response: HttpResponse, refusal: FlowTimeError) -> HttpResponse:
    """When to try again, where that helps."""
    if refusal.status in (429, 503):
        response["Retry-After"] = str(int(refusal.extra.get("retryAfter", 1)))
    return response


def server_error(request: HttpRequest) -> HttpResponseBase:
    """handler500. What the database or the disk refused outside a view is no bug: it is told as one is told it inside."""
    error = sys.exc_info()[1]
    converted = convert_error(error) if isinstance(error, REFUSALS) else None
    if not isinstance(converted, APIException):
        return problems.server_error(request)
    log.warning("storage.failed", code=converted.get_codes(), error=str(error))
    refusal = Converted(converted)
    if is_api(request):
        wait = refusal.extra["retryAfter"] if refusal.status == 503 else None
        return problem_response(request, refusal.code, refusal.detail, retry_after=wait)
    return show_refusal(request, refusal)


###############################################################################
# The door
###############################################################################
class SignIn(LoginView):
    """Sign in, and go where one was going."""

    template_name = "registration/sign_in.html"
    redirect_authenticated_user = True
    next_page = "/runs"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        here = request.headers.get("HX-Current-URL")
        if request.headers.get("HX-Request") and here:
            # A fragment was asked for after the session had ended: the whole page goes to the door.
            was = urlsplit(here)
            back = urlencode({"next": f"{was.path}?{was.query}" if was.query else was.path})
            return HttpResponseClientRedirect(f"{request.path}?{back}")
        return super().dispatch(request, *args, **kwargs)

    def get_form(self, form_class: Any = None) -> Any:
        form = super().get_form(form_class)
        form.fields["username"].widget.attrs.update({"class": "input", "spellcheck": "false"})
        form.fields["password"].widget.attrs.update({"class": "input"})
        for name, field in form.fields.items():
            if name in form.errors:
                field.widget.attrs["aria-invalid"] = "true"
                field.widget.attrs["aria-describedby"] = f"id_{name}-error"
        return form


def locked_out(
    request: HttpRequest,
    original_response: HttpResponse,
    credentials: dict[str, Any] | None,
) -> HttpResponse:
    """The sign-in page after too many attempts, with how long it stays closed; a problem under /v1."""
    seconds = _seconds_closed(request, credentials)
    minutes = math.ceil(seconds / 60)
    how_long = f"{minutes} minute{'' if minutes == 1 else 's'}"
    if is_api(request):
        response = problem_response(
            request, "throttled", f"Too many attempts. Try again in {how_long}."
        )
    else:
        view = SignIn()
        view.setup(request)
        context = view.get_context_data(
            closed_for=how_long, locked_name=(credentials or {}).get("username", "")[:80]
        )
        response = render(request, view.template_name, context, status=429)
    response["Retry-After"] = str(seconds)
    return response


def _seconds_closed(request: HttpRequest, credentials: dict[str, Any] | None) -> int:
    """How long the door stays closed for this name and address, counted from the last attempt that was heard."""
    attempts = [
        one
        for found in AxesProxyHandler.get_implementation().get_user_attempts(request, credentials)
        for one in found
    ]
    opens_at = max(
        (attempt.attempt_time for attempt in attempts), default=timezone.now()
    ) + timedelta(seconds=settings.AXES_COOLOFF_TIME.total_seconds())
    return max(1, math.ceil((opens_at - timezone.now()).total_seconds()))


###############################################################################
# The system
###############################################################################
@require_safe
def system_banner(request: HttpRequest) -> HttpResponse:
    """What is wrong with the system now, as the banner of every page says it.

    It is asked again and again: a session that ended meanwhile gets nothing, and keeps what was typed.
    """
    if not request.user.is_authenticated:
        return HttpResponse(status=204)
    return render(request, "components/banner.html")


###############################################################################
# The theme
###############################################################################
@require_POST
def choose_theme(request: HttpRequest) -> HttpResponse:
    """Keep light or dark for the next page; no choice means the other one. Whoever is signed in has it everywhere."""
    chosen = request.POST.get("theme", "")
    if chosen not in THEMES:
        chosen = "light" if theme_of(request) == "dark" else "dark"
    target = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(target, allowed_hosts={request.get_host()}):
        target = "/runs"
    if request.user.is_authenticated:
        set_theme(request.user, chosen)
    return keep_theme(HttpResponseRedirect(target), chosen)


def keep_theme(response: HttpResponse, theme: str) -> HttpResponse:
    """Put the theme in the cookie that pages without a reader are made with; none, where the system decides."""
    if theme in THEMES:
        response.set_cookie("theme", theme, max_age=ONE_YEAR, samesite="Lax", httponly=True)
    else:
        response.delete_cookie("theme", samesite="Lax")
    return response


@require_POST
def choose_keys(request: HttpRequest) -> HttpResponse:
    """Keep whether single keys do something, as the keyboard map was told."""
    set_single_keys(person_of(request), are_on=request.POST.get("on") == "true")
    return HttpResponse(status=204)
