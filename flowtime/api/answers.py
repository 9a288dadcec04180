"""What the list, event and making routes of every resource answer alike: one page, and what was made."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from django.db.models import QuerySet
from rest_framework.request import Request
from rest_framework.response import Response

from flowtime.api.pagination import NEWEST, OLDEST, Page, PageRequest, keyset_page
from flowtime.api.requests import ASYNC_HEADERS


class Event(Protocol):
    """One step in the life of a record, as its app keeps it."""

    pk: Any
    at: datetime
    name: str
    actor: Any
    attributes: dict[str, Any]


def page_answer(
    request: Request,
    read: Callable[..., Page],
    show: Callable[[Any], dict[str, Any]],
    *,
    default_order: str = NEWEST,
) -> Response:
    """The page that the query asks for: ``read`` takes its size, cursor and order, ``show`` each row of it."""
    asked = PageRequest.from_query(request, default_order=default_order)
    page = read(page_size=asked.page_size, cursor=asked.cursor, order=asked.order)
    return Response(page.to_json([show(row) for row in page.items]))


def events_answer(request: Request, events: QuerySet[Any, Any]) -> Response:
    """A page of ``events``, oldest first unless asked otherwise."""
    read = partial(keyset_page, events, fields=("id",))
    return page_answer(request, read, event_facts, default_order=OLDEST)


def event_facts(event: Event) -> dict[str, Any]:
    """One event as it is shown."""
    return {
        "eventId": str(event.pk),
        "atUtc": event.at,
        "name": event.name,
        "actor": event.actor.get_username() if event.actor else None,
        "attributes": event.attributes,
    }


def made_answer(shown: dict[str, Any], address: str, *, is_async: bool) -> Response:
    """201 with what was made, or 202 with what was queued, and where it is."""
    headers = {"Location": address} | (ASYNC_HEADERS if is_async else {})
    return Response(shown, status=202 if is_async else 201, headers=headers)
