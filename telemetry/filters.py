"""Filters of the capture list, the same for GET /v1/telemetry/captures and the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import django_filters

from flowtime.api.moments import MomentFilter
from runs.filters import ORDERS, ChoicesFilter, ClaimFilter, TextsFilter, warned
from telemetry.models import Capture

if TYPE_CHECKING:
    from django.db.models import QuerySet


class CaptureFilter(django_filters.FilterSet):
    """What the capture list can be narrowed by. Times are inclusive after, exclusive before."""

    sourceRunId = TextsFilter(field_name="source_run_id")  # noqa: N815
    captureKey = TextsFilter(field_name="capture_key")  # noqa: N815
    status = ChoicesFilter(choices=Capture.Status.choices)
    templateId = TextsFilter(field_name="template_id")  # noqa: N815
    hasWarnings = ClaimFilter(method="filter_warnings")  # noqa: N815
    createdAfter = MomentFilter(field_name="requested_at", lookup_expr="gte")  # noqa: N815
    createdBefore = MomentFilter(field_name="requested_at", lookup_expr="lt")  # noqa: N815
    order = django_filters.ChoiceFilter(choices=ORDERS, method="keep_order")

    class Meta:
        model = Capture
        fields: tuple[str, ...] = ()

    def filter_warnings(self, captures: QuerySet[Any], name: str, value: bool) -> QuerySet[Any]:
        return warned(captures) if value else captures.filter(warning_count=0)

    def keep_order(self, captures: QuerySet[Any], name: str, value: str) -> QuerySet[Any]:
        """The order is the page's business; it is declared here so that it is known and checked."""
        return captures
