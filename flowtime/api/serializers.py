"""Serializers that refuse what they do not know."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail


class StrictSerializer(serializers.Serializer[Any]):
    """A body in which every field is known; unknown ones are errors beside all the others."""

    def to_internal_value(self, data: Any) -> Any:
        unknown = (
            [key for key in data if key not in self.fields] if isinstance(data, Mapping) else []
        )
        try:
            value = super().to_internal_value(data)
        except serializers.ValidationError as error:
            if unknown and isinstance(error.detail, dict):
                error.detail |= _unknown(unknown)
            raise
        if unknown:
            raise serializers.ValidationError(_unknown(unknown))
        return value


def _unknown(keys: list[Any]) -> dict[str, Any]:
    return {str(key): [ErrorDetail("There is no such field.", code="unknown")] for key in keys}
