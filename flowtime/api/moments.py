"""A moment as a filter: any RFC 3339 time, asked of the database in UTC."""

from datetime import UTC, datetime
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django_filters.fields import IsoDateTimeField


class MomentField(IsoDateTimeField):
    """RFC 3339 allows offsets up to 23:59, of which PostgreSQL takes no more than 15:59."""

    def to_python(self, value: Any) -> datetime | None:
        """The moment in UTC; one that has no UTC is refused."""
        moment: datetime | None = super().to_python(value)
        try:
            return moment and moment.astimezone(UTC)
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class MomentFilter(django_filters.IsoDateTimeFilter):
    """Before or after a moment."""

    field_class = MomentField
