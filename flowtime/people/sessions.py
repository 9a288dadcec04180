"""Where somebody is signed in: the session store, what it notes, and ending sessions from elsewhere."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.http import HttpRequest
from django.utils import timezone

from flowtime.people.models import Session

# A page that follows a run asks every second; one write in five minutes says enough.
SEEN_EVERY = timedelta(minutes=5)
DEVICE, SIGNED_IN, SEEN = "device", "signed_in_at", "seen_at"
MAX_DEVICE = 300

# The first that fits: each browser also calls itself by the names of those before it.
_BROWSERS = (
    ("Edge", r"\bEdg(?:e|A|iOS)?/"),
    ("Opera", r"\bOPR/"),
    ("Firefox", r"\b(?:Firefox|FxiOS)/"),
    ("Chrome", r"\b(?:Chrome|CriOS|HeadlessChrome)/"),
    ("Safari", r"\bVersion/[\d.]+.*\bSafari/"),
    ("curl", r"^curl/"),
)
_SYSTEMS = (
    ("an iPhone", r"\biPhone\b"),
    ("an iPad", r"\biPad\b"),
    ("Android", r"\bAndroid\b"),
    ("ChromeOS", r"\bCrOS\b"),
    ("Windows", r"\bWindows\b"),
    ("a Mac", r"\bMacintosh\b|\bMac OS X\b"),
    ("Linux", r"\bLinux\b"),
)


class SessionStore(DatabaseStore):
    """Sessions in the database, with the columns of people.Session."""

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Session:
        """The row of a session, its columns filled from its data."""
        row: Session = super().create_model_instance(data)  # type: ignore[assignment]
        row.user_id = data.get(SESSION_KEY)
        row.device = data.get(DEVICE, "")
        row.signed_in_at = _moment(data.get(SIGNED_IN))
        row.seen_at = _moment(data.get(SEEN))
        return row


def _moment(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, tz=UTC)


def note_sign_in(sender: Any, *, request: HttpRequest | None, **_: Any) -> None:
    """Note on the session that has just begun what began it; rows of sessions that are over go."""
    if request is None or not hasattr(request, "session"):
        return
    now = timezone.now()
    agent = request.META.get("HTTP_USER_AGENT", "")
    request.session[DEVICE] = "".join(c for c in agent if c.isprintable())[:MAX_DEVICE]
    request.session[SIGNED_IN] = request.session[SEEN] = now.timestamp()
    Session.objects.filter(expire_date__lt=now).delete()


def note_seen(request: HttpRequest) -> None:
    """Note that the session is in use, once in a while."""
    now = timezone.now().timestamp()
    if now - request.session.get(SEEN, 0) >= SEEN_EVERY.total_seconds():
        request.session[SEEN] = now


@dataclass(frozen=True, slots=True)
class SignedIn:
    """One session as its owner sees it; the id is not the key, which opens the session."""

    identifier: str
    device: str
    signed_in_at: datetime | None
    seen_at: datetime | None
    is_current: bool


def sessions_of(user: Any, *, current: str | None) -> list[SignedIn]:
    """Sessions of ``user`` that are not over, this one first, then the one seen last."""
    rows = Session.objects.filter(user=user, expire_date__gt=timezone.now()).order_by("-seen_at")
    shown = [
        SignedIn(
            identifier=_identifier(row.session_key),
            device=say_device(row.device),
            signed_in_at=row.signed_in_at,
            seen_at=row.seen_at,
            is_current=row.session_key == current,
        )
        for row in rows
    ]
    return sorted(shown, key=lambda one: not one.is_current)


def end_session(user: Any, identifier: str) -> bool:
    """Sign out one session of ``user``; False when there is none of that id."""
    keys = Session.objects.filter(user=user).values_list("session_key", flat=True)
    found = [key for key in keys if _identifier(key) == identifier]
    return bool(found) and Session.objects.filter(session_key__in=found).delete()[0] > 0


def end_other_sessions(user: Any, *, current: str | None) -> int:
    """Sign out every session of ``user`` but this one; how many there were."""
    return Session.objects.filter(user=user).exclude(session_key=current).delete()[0]


def _identifier(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def say_device(agent: str) -> str:
    """``Firefox on Linux``: what a browser calls itself, in words; the system or browser alone where that is all."""
    browser = next((name for name, sign in _BROWSERS if re.search(sign, agent)), "")
    system = next((name for name, sign in _SYSTEMS if re.search(sign, agent)), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or (f"A browser on {system}" if system else "An unknown browser")
