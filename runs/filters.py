"""Filters of the run list, the same for GET /v1/runs and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Func, IntegerField

from flowtime.api.moments import MomentFilter
from runs import search
from runs.models import Run

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from flowtime.api.pagination import Searched

MAX_REPEATS = 50
MAX_TEXT = 128

ORDERS = (("newest", "Newest first"), ("oldest", "Oldest first"))
CLAIMS = (("true", "Yes"), ("false", "No"))


class TextsField(forms.MultipleChoiceField):
    """Any texts of bounded length and number: a repeated parameter means "one of these"."""

    def validate(self, value: list[str]) -> None:
        if len(value) > MAX_REPEATS:
            raise ValidationError(f"At most {MAX_REPEATS} values are accepted.", code="too_many")
        if any(len(text) > MAX_TEXT for text in value):
            raise ValidationError(f"At most {MAX_TEXT} characters are accepted.", code="too_long")
        if any("\0" in text for text in value):
            raise ValidationError("NUL is not accepted.", code="null_characters_not_allowed")


class TextsFilter(django_filters.MultipleChoiceFilter):
    """A repeatable parameter of free text; several values are alternatives."""

    field_class = TextsField

    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        return qs.filter(**{f"{self.field_name}__in": value}) if value else qs


class ChoicesFilter(django_filters.MultipleChoiceFilter):
    """A repeatable parameter of named values; several values are alternatives."""

    def filter(self, qs: QuerySet[Any], value: list[str]) -> QuerySet[Any]:
        return qs.filter(**{f"{self.field_name}__in": value}) if value else qs


class _Zero(Func):
    """A zero written out: a parameter would keep SQLite from using a partial index."""

    template = "0"
    output_field = IntegerField()


def warned(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Rows with warnings, from the partial index that holds just those."""
    return rows.filter(warning_count__gt=_Zero())


class ClaimFilter(django_filters.TypedChoiceFilter):
    """``true`` or ``false``, and nothing else."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=CLAIMS, coerce=lambda text: text == "true", **options)


class RunFilter(django_filters.FilterSet):
    """What the run list can be narrowed by. Times are inclusive after, exclusive before."""

    mode = ChoicesFilter(choices=Run.Mode.choices)
    status = ChoicesFilter(choices=Run.Status.choices)
    templateId = TextsFilter(field_name="template_id")  # noqa: N815
    hasWarnings = ClaimFilter(method="filter_warnings")  # noqa: N815
    telemetryAvailable = ClaimFilter(method="filter_telemetry")  # noqa: N815
    sourceRunId = TextsFilter(field_name="source_run_id")  # noqa: N815
    createdAfter = MomentFilter(field_name="created_at", lookup_expr="gte")  # noqa: N815
    createdBefore = MomentFilter(field_name="created_at", lookup_expr="lt")  # noqa: N815
    q = django_filters.CharFilter(method="filter_text", max_length=MAX_TEXT)
    order = django_filters.ChoiceFilter(choices=ORDERS, method="keep_order")

    class Meta:
        model = Run
        fields: tuple[str, ...] = ()

    def filter_warnings(self, runs: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        return warned(runs) if value else runs.filter(warning_count=0)

    def filter_telemetry(self, runs: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        # Compared with a value: SQLite does not look for a bare boolean column in an index.
        return runs.filter(telemetry_available__in=(value,))

    def filter_text(self, runs: Searched, name: str, value: str) -> Searched:
        """Runs whose id begins with the text, or whose title has all its words."""
        return search.find_runs(runs, value)

    def keep_order(self, runs: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """The order is the page's business; it is declared here so that it is known and checked."""
        return runs
