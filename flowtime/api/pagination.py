"""Keyset pages: constant in depth and in table size, on SQLite and PostgreSQL."""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any

from django.core.exceptions import EmptyResultSet, ValidationError
from django.core.signing import BadSignature, Signer
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Q, QuerySet
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request

from flowtime.api.exceptions import InvalidQuery

DEFAULT_PAGE_SIZE = 50
MAX_PAGE_SIZE = 200
COUNT_LIMIT = 10_000
NEWEST, OLDEST = "newest", "oldest"
ORDERS = (NEWEST, OLDEST)
PAGE_QUERY = frozenset({"pageSize", "cursor", "order"})
PAGE_SIZE = re.compile(r"[0-9]{1,3}")
_signer = Signer(salt="flowtime.cursor")


@dataclass(frozen=True, slots=True)
class Page:
    """One page of rows, its neighbours, and how many rows there are as far as was counted."""

    items: Sequence[Any]
    page_size: int
    next_cursor: str | None
    previous_cursor: str | None
    total_count: int
    total_count_is_exact: bool

    def to_json(self, items: Sequence[Any]) -> dict[str, Any]:
        """The published body, with ``items`` as they are shown."""
        return {
            "items": items,
            "pageSize": self.page_size,
            "nextCursor": self.next_cursor,
            "previousCursor": self.previous_cursor,
            "totalCount": self.total_count,
            "totalCountIsExact": self.total_count_is_exact,
        }


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What a caller asks of a list."""

    page_size: int = DEFAULT_PAGE_SIZE
    cursor: str | None = None
    order: str = NEWEST

    @classmethod
    def from_query(cls, request: Request, *, default_order: str = NEWEST) -> "PageRequest":
        """Read ``pageSize``, ``cursor`` and ``order``. Raises InvalidQuery."""
        query = request.query_params
        errors: dict[str, list[ErrorDetail]] = {}
        size_text = query.get("pageSize", str(DEFAULT_PAGE_SIZE))
        page_size = int(size_text) if PAGE_SIZE.fullmatch(size_text) else 0
        if not 1 <= page_size <= MAX_PAGE_SIZE:
            errors["pageSize"] = [
                ErrorDetail(f"A whole number from 1 to {MAX_PAGE_SIZE}.", code="out_of_range")
            ]
        order = query.get("order", default_order)
        if order not in ORDERS:
            errors["order"] = [ErrorDetail("Either `newest` or `oldest`.", code="invalid_choice")]
        if errors:
            raise InvalidQuery(errors)
        return cls(page_size=page_size, cursor=query.get("cursor") or None, order=order)


class Searched(QuerySet[Any, Any]):
    """Rows that can be narrowed to those that fit one of several conditions, each with an index in their order."""

    alternatives: Sequence[Q] = ()
    # How many there are, where finding them told it; whoever narrows them further no longer knows.
    counted: int | None = None

    def fitting_any(self, alternatives: Sequence[Q]) -> "Searched":
        """Those that fit one of ``alternatives``; a page of them is read from each one's index."""
        found = self.filter(reduce(or_, alternatives))
        found.alternatives = alternatives
        return found

    def _clone(self) -> "Searched":
        clone: Searched = super()._clone()  # type: ignore[misc]
        clone.alternatives = self.alternatives
        return clone


def keyset_page(
    queryset: QuerySet[Any, Any],
    *,
    fields: Sequence[str] = ("created_at", "id"),
    columns: Sequence[str] = (),
    page_size: int = DEFAULT_PAGE_SIZE,
    cursor: str | None = None,
    order: str = NEWEST,
    count_limit: int = COUNT_LIMIT,
    counted: int | None = None,
) -> Page:
    """One page of ``queryset`` by one query, and one count that stops at ``count_limit``.

    A caller who has ``counted`` already, as far as the limit at least, spares the count.
    ``fields`` is the sort key, one or two columns that together are unique and never null. Rows are models, or
    with ``columns``, which hold the key, plain dicts of these. Raises InvalidQuery for a cursor that is not ours.
    """
    is_backward, position = False, None
    if cursor is not None:
        is_backward, position = _read_cursor(cursor, queryset=queryset, fields=fields, order=order)
    is_descending = (order == NEWEST) != is_backward
    sign = "-" if is_descending else ""
    rows = queryset if position is None else _after(queryset, fields, position, is_descending)
    ordered = rows.order_by(*(sign + field for field in fields))
    shown = _merged(ordered, getattr(queryset, "alternatives", ()), page_size + 1)
    found = list((shown.values(*columns) if columns else shown)[: page_size + 1])

    if counted is None:
        counted = getattr(queryset, "counted", None)
    has_more = len(found) > page_size
    items = found[:page_size]
    if is_backward:
        items.reverse()
    has_next = bool(items) and (is_backward or has_more)
    has_previous = bool(items) and (has_more if is_backward else position is not None)
    if position is None and not has_more:
        counted = len(items)
    if counted is None:
        counted = count_rows({"": queryset}, limit=count_limit)[""]
    return Page(
        items=items,
        page_size=page_size,
        next_cursor=_cursor(items[-1], fields, order, "n") if has_next else None,
        previous_cursor=_cursor(items[0], fields, order, "p") if has_previous else None,
        total_count=min(counted, count_limit),
        total_count_is_exact=counted <= count_limit,
    )


def _merged(ordered: QuerySet[Any, Any], any_of: Sequence[Q], most: int) -> QuerySet[Any, Any]:
    """Rows that fit one of ``any_of``: the first ``most`` of each, whatever else there is of it.

    Asked for all at once, a database would read and sort every row that fits any.
    """
    if len(any_of) < 2:
        return ordered
    firsts = (Q(pk__in=ordered.filter(one).values("pk")[:most]) for one in any_of)
    return ordered.filter(reduce(or_, firsts))


def count_rows(
    querysets: Mapping[str, QuerySet[Any, Any]], *, limit: int = COUNT_LIMIT
) -> dict[str, int]:
    """How many rows each queryset has, by name, in one query; counting stops just beyond ``limit``."""
    counts = dict.fromkeys(querysets, 0)
    parts, parameters, asked, alias = [], [], [], DEFAULT_DB_ALIAS
    for name, queryset in querysets.items():
        alias = queryset.db
        bounded = queryset.order_by().values("pk")[: limit + 1]
        try:
            sql, values = bounded.query.get_compiler(alias).as_sql()
        except EmptyResultSet:
            continue
        # The ORM's own text, its values apart from it.
        parts.append(f"(SELECT COUNT(*) FROM ({sql}) bounded)")  # nosec B608
        parameters += values
        asked.append(name)
    if parts:
        with connections[alias].cursor() as cursor:
            cursor.execute(f"SELECT {', '.join(parts)}", parameters)
            counts.update(zip(asked, cursor.fetchone(), strict=True))
    return counts


def count_by(
    queryset: QuerySet[Any, Any], field: str, values: Sequence[str], *, limit: int = COUNT_LIMIT
) -> dict[str, int]:
    """How many rows have each of ``values`` in ``field``; counting stops just beyond ``limit``.

    Where there are no more rows than that, one pass over them counts all; else each value is counted by itself.
    """
    bounded = queryset.order_by().values(field)[: limit + 1]
    counts = dict.fromkeys(values, 0)
    try:
        sql, parameters = bounded.query.get_compiler(queryset.db).as_sql()
    except EmptyResultSet:
        return counts
    connection = connections[queryset.db]
    column = connection.ops.quote_name(queryset.model._meta.get_field(field).column)
    with connection.cursor() as cursor:
        # The ORM's own text, its values apart from it.
        asked = f"SELECT {column}, COUNT(*) FROM ({sql}) bounded GROUP BY {column}"  # nosec B608
        cursor.execute(asked, parameters)
        found = dict(cursor.fetchall())
    if sum(found.values()) > limit:
        return count_rows(
            {value: queryset.filter(**{field: value}) for value in values}, limit=limit
        )
    return counts | found


def _after(
    queryset: QuerySet[Any, Any],
    fields: Sequence[str],
    position: Sequence[Any],
    is_descending: bool,
) -> QuerySet[Any, Any]:
    """Rows beyond ``position``.

    ``a <= x AND NOT (a = x AND b >= y)``: the form that both databases answer from the index. The
    usual ``a < x OR (a = x AND b < y)`` makes SQLite walk from the start: 100 times slower at depth.
    """
    within, beyond = ("lt", "gte") if is_descending else ("gt", "lte")
    if len(fields) == 1:
        return queryset.filter(**{f"{fields[0]}__{within}": position[0]})
    first, second = fields
    return queryset.filter(**{f"{first}__{within}e": position[0]}).exclude(
        **{first: position[0], f"{second}__{beyond}": position[1]}
    )


def _cursor(row: Any, fields: Sequence[str], order: str, direction: str) -> str:
    values = [row[field] if isinstance(row, dict) else getattr(row, field) for field in fields]
    texts = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    document = json.dumps([direction, order[0], *texts], separators=(",", ":"))
    encoded = base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")
    return _signer.sign(encoded).replace(":", ".")


def _read_cursor(
    cursor: str, *, queryset: QuerySet[Any, Any], fields: Sequence[str], order: str
) -> tuple[bool, list[Any]]:
    """Direction and position that a cursor holds."""
    try:
        encoded = _signer.unsign(cursor.replace(".", ":"))
        padded = encoded + "=" * (-len(encoded) % 4)
        direction, order_mark, *texts = json.loads(base64.urlsafe_b64decode(padded))
        if order_mark != order[0] or len(texts) != len(fields):
            raise ValueError("The cursor is of another list.")
        position = [
            queryset.model._meta.get_field(field).to_python(text)
            for field, text in zip(fields, texts, strict=True)
        ]
    except (BadSignature, ValueError, ValidationError, binascii.Error):
        raise InvalidQuery(
            {"cursor": [ErrorDetail("This cursor is not from this list.", code="invalid_cursor")]}
        ) from None
    return direction == "p", position


PAGE_PARAMETERS = [
    OpenApiParameter(
        "pageSize",
        {"type": "integer", "minimum": 1, "maximum": MAX_PAGE_SIZE, "default": DEFAULT_PAGE_SIZE},
        description="Items in a page.",
    ),
    OpenApiParameter(
        "cursor",
        OpenApiTypes.STR,
        description="`nextCursor` or `previousCursor` of another page of the same list.",
    ),
    OpenApiParameter(
        "order", OpenApiTypes.STR, enum=ORDERS, description="Which end of the list comes first."
    ),
]


def page_of(item: type[serializers.BaseSerializer[Any]], *, name: str) -> Any:
    """A serializer class, for the OpenAPI document, of a page of ``item``."""
    fields: dict[str, Any] = {
        "items": item(many=True),
        "pageSize": serializers.IntegerField(),
        "nextCursor": serializers.CharField(allow_null=True),
        "previousCursor": serializers.CharField(allow_null=True),
        "totalCount": serializers.IntegerField(
            help_text=f"How many items there are; counting stops at {COUNT_LIMIT}."
        ),
        "totalCountIsExact": serializers.BooleanField(),
        "__doc__": "One page of a list.",
    }
    return type(name, (serializers.Serializer,), fields)


def example_page(item: dict[str, Any]) -> dict[str, Any]:
    """The only page of a list of one, for the examples of the OpenAPI document."""
    page = Page([item], DEFAULT_PAGE_SIZE, None, None, total_count=1, total_count_is_exact=True)
    return page.to_json(page.items)
