"""A word in the log about every request that took longer than it should."""

import time
from collections.abc import Callable

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase

log = structlog.get_logger(__name__)


class SlowRequestMiddleware:
    """Log ``request.slow`` for answers that took FLOWTIME_SLOW_REQUEST_MS or more; 0 turns it off.

    The line names the route, not the address: ids and what was searched for stay out of it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.perf_counter()
        response = self.get_response(request)
        took = (time.perf_counter() - started) * 1000
        limit = settings.FLOWTIME_SLOW_REQUEST_MS
        if limit and took >= limit:
            match = request.resolver_match
            log.warning(
                "request.slow",
                durationMs=round(took),
                method=request.method,
                route=match.route if match else "",
                code=response.status_code,
            )
        return response
