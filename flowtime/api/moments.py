"""A moment as a filter: any RFC 3339 time, asked of the database in UTC."""

import re
from datetime import UTC, datetime
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django_filters.fields import IsoDateTimeField

NO_MOMENT = "A time as RFC 3339 has it, such as 2026-11-23T10:15:00Z."
# A whole time with its offset: no day alone, and nothing that is read by the clock of whoever reads it.
RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", re.IGNORECASE | re.ASCII
)


class MomentField(IsoDateTimeField):
    """RFC 3339 allows offsets up to 23:59, of which PostgreSQL takes no more than 15:59."""

    def to_python(self, value: Any) -> datetime | None:
        """The moment in UTC; one that has no UTC is refused."""
        if isinstance(value, str):
            if value and not RFC_3339.fullmatch(value):
                raise ValidationError(NO_MOMENT, code="invalid")
            value = value.upper()
        moment: datetime | None = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise ValidationError(NO_MOMENT, code="invalid") from None


class MomentFilter(django_filters.IsoDateTimeFilter):
    """Before or after a moment."""

    field_class = MomentField
