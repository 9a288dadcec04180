"""What somebody prefers: read with the reader, in force while it is made."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from flowtime.api.problems import is_api
from flowtime.people.models import Preferences
from flowtime.people.sessions import note_seen

THEMES = (Preferences.Theme.LIGHT.value, Preferences.Theme.DARK.value)


class PreferencesMiddleware:
    """Make a page in its reader's time zone; ``request.preferences`` says the rest. The API has none of this."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Whatever the page puts in force ends with it: the next request on this thread is somebody else's.
        with timezone.override(None):
            return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], _args: Any, _kwargs: Any
    ) -> None:
        """Put the reader's preferences in force, where the page is for somebody who is signed in."""
        if is_api(request) or not getattr(view, "login_required", True):
            return
        if request.user.is_authenticated:
            note_seen(request)
            preferences = preferences_of(request.user)
            request.preferences = preferences  # type: ignore[attr-defined]
            timezone.activate(zone_of(preferences))


def preferences_of(user: Any) -> Preferences:
    """The preferences of ``user``; those of a new visitor where there is no row. A session's user brings them along."""
    try:
        kept: Preferences = user.preferences
    except Preferences.DoesNotExist:
        return Preferences(user=user)
    return kept


def theme_of(request: HttpRequest) -> str:
    """``light`` or ``dark`` when the reader chose one, here or anywhere; nothing leaves it to the system."""
    preferences = getattr(request, "preferences", None)
    if preferences is None and getattr(request, "user", None) and request.user.is_authenticated:
        preferences = preferences_of(request.user)
    chosen = (preferences and preferences.theme) or request.COOKIES.get("theme", "")
    return chosen if chosen in THEMES else ""


def set_theme(user: Any, theme: str) -> None:
    """Keep the theme alone, whatever else is being changed meanwhile."""
    Preferences.objects.update_or_create(pk=user.pk, defaults={"theme": theme})


def set_single_keys(user: Any, *, are_on: bool) -> None:
    """Keep alone whether single keys do something."""
    Preferences.objects.update_or_create(pk=user.pk, defaults={"has_single_keys": are_on})


def zone_of(preferences: Preferences) -> ZoneInfo:
    """The time zone to tell times in; UTC where this machine no longer knows the one that was chosen."""
    try:
        return ZoneInfo(preferences.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


@lru_cache(maxsize=1)
def zone_names() -> tuple[str, ...]:
    """Zones to choose from: UTC, then continents and oceans by name."""
    continents = (
        "Africa/",
        "America/",
        "Antarctica/",
        "Asia/",
        "Atlantic/",
        "Australia/",
        "Europe/",
        "Indian/",
        "Pacific/",
    )
    return ("UTC", *sorted(name for name in available_timezones() if name.startswith(continents)))
