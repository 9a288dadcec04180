"""Fields of bodies that take a value as it is: nothing is converted, trimmed or guessed."""

from __future__ import annotations

import math
from typing import Any

from django.core.validators import RegexValidator
from rest_framework import serializers

MAX_WHOLE = 2**32 - 1
# To the very end: `$` would let a line break through.
NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z"


class StrictText(serializers.CharField):
    """Text that is text: numbers are not turned into it, and nothing is trimmed away."""

    def __init__(self, **options: Any) -> None:
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class NameField(StrictText):
    """A name that the caller chooses, for a run or a key of the library."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        sentence = (
            "A name begins with a letter or digit and holds at most 128 letters, digits, dots, "
            "underscores and hyphens."
        )
        self.validators.append(RegexValidator(NAME, message=sentence, code="invalid"))


class StrictBoolean(serializers.BooleanField):
    """``true`` or ``false``, not words for them."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class WholeNumber(serializers.IntegerField):
    """A whole number, from 0 to 2³²-1 unless told otherwise, written as a number."""

    def __init__(self, *, min_value: int = 0, max_value: int = MAX_WHOLE, **options: Any) -> None:
        super().__init__(min_value=min_value, max_value=max_value, **options)

    def to_internal_value(self, data: Any) -> int:
        is_whole = isinstance(data, float) and math.isfinite(data) and data.is_integer()
        if isinstance(data, bool) or not (isinstance(data, int) or is_whole):
            self.fail("invalid")
        return super().to_internal_value(int(data))
