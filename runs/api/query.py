"""Query parameters of the run and capture routes, read strictly."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from django import forms
from rest_framework.exceptions import ErrorDetail

from flowtime.api.problems import InvalidQuery

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request


def filtered(
    request: Request, filter_class: Any, queryset: QuerySet[Any, Any]
) -> QuerySet[Any, Any]:
    """``queryset`` narrowed by the request's filters. Raises InvalidQuery naming every wrong one."""
    asked = frozenset(filter_class.base_filters.keys() & request.query_params.keys())
    if not asked:
        return queryset
    filters = _narrowed(filter_class, asked)(request.query_params, queryset=queryset)
    for field in filters.form.fields.values():
        # Text may be empty; nothing else is said by an empty value.
        field.required = not isinstance(field, forms.CharField)
    if not filters.is_valid():
        raise InvalidQuery(
            {
                name: [
                    ErrorDetail(error.messages[0], code=error.code or "invalid") for error in errors
                ]
                for name, errors in filters.form.errors.as_data().items()
            }
        )
    return filters.qs


@lru_cache(maxsize=256)
def _narrowed(filter_class: Any, names: frozenset[str]) -> Any:
    """``filter_class`` with these filters alone: every instance copies all that its class has."""
    narrowed: Any = type(filter_class.__name__, (filter_class,), {})
    narrowed.base_filters = {name: filter_class.base_filters[name] for name in names}
    return narrowed


def bin_number(request: Request, name: str, *, bins: int) -> int:
    """The bin that the parameter ``name`` must name, of a run of ``bins``. Raises InvalidQuery."""
    needed(request, name)
    return _bin(request, name, bins=bins, default=0)


def bin_range(request: Request, *, bins: int) -> tuple[int, int]:
    """The first and last bin of ``from`` and ``to``, inclusive; the whole run by default. Raises InvalidQuery."""
    first = _bin(request, "from", bins=bins, default=0)
    last = _bin(request, "to", bins=bins, default=bins - 1)
    if last < first:
        detail = f"The range ends before it begins: from {first} to {last}."
        raise InvalidQuery({"from": [ErrorDetail(detail, code="out_of_range")]})
    return first, last


def _bin(request: Request, name: str, *, bins: int, default: int) -> int:
    number = whole_number(request, name, minimum=0, maximum=bins - 1, default=default)
    return default if number is None else number


def needed(request: Request, name: str) -> str:
    """The text of a parameter that must be there. Raises InvalidQuery."""
    text = request.query_params.get(name)
    if not text:
        raise InvalidQuery({name: [ErrorDetail("This parameter is required.", code="required")]})
    return text


def whole_number(
    request: Request, name: str, *, minimum: int, maximum: int, default: int | None = None
) -> int | None:
    """The parameter ``name`` as a number in its bounds. Raises InvalidQuery."""
    text = request.query_params.get(name)
    if text is None:
        return default
    is_number = text.isascii() and text.isdecimal() and len(text) <= 9
    number = int(text) if is_number else -1
    if not minimum <= number <= maximum:
        raise InvalidQuery(
            {
                name: [
                    ErrorDetail(f"A whole number from {minimum} to {maximum}.", code="out_of_range")
                ]
            }
        )
    return number
