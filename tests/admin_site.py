"""The few steps most tests of the admin begin with."""

from __future__ import annotations

from html import unescape
from typing import Any

from django.contrib.admin.utils import quote
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import strip_tags


def list_url(model: str, **query: str) -> str:
    """The list of a model such as ``runs_run``."""
    return reverse(f"admin:{model}_changelist", query=query)


def record_url(model: str, pk: str) -> str:
    """The page of one record."""
    return reverse(f"admin:{model}_change", args=[quote(pk)])


def act(client: Client, model: str, action: str, *pks: str, **extra: str) -> Any:
    """Run an admin action on records, as the list does (or its page, with ``from_record``)."""
    return client.post(list_url(model), {"action": action, "_selected_action": pks, **extra})


def messages_of(response: Any) -> list[str]:
    """What the action said, without its markup."""
    return [_text(str(message)) for message in get_messages(response.wsgi_request)]


def plan_of(sql: str) -> str:
    """How SQLite answers a query; the plan rests on the indexes, not on the number of rows."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}")
        return "\n".join(str(row[-1]) for row in cursor.fetchall())


def _text(markup: str) -> str:
    return unescape(strip_tags(markup))


def queries_of(client: Client, url: str) -> list[str]:
    """The SQL behind one page."""
    client.get(url)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return [query["sql"] for query in captured.captured_queries]
