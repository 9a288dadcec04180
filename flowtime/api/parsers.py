"""JSON in, strictly: UTF-8, no NaN, bounded depth, no NUL characters."""

from collections.abc import Iterator, Mapping
from typing import IO, Any

import orjson
from django.conf import settings
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import BaseParser

from flowtime.api.exceptions import TooLarge


class JSONParser(BaseParser):
    """``application/json``, no longer than settings.BODY_LIMIT."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[bytes],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The document. Raises ParseError, ValidationError or TooLarge."""
        raw = stream.read(settings.BODY_LIMIT + 1)
        if len(raw) > settings.BODY_LIMIT:
            raise TooLarge("The body is longer than 1 MiB.")
        try:
            document = orjson.loads(raw)
        except orjson.JSONDecodeError as error:
            raise ParseError(
                f"The body is not JSON: line {error.lineno}, column {error.colno}."
            ) from None
        # PostgreSQL can store NUL neither in text nor in JSON.
        if b"\\u0000" in raw and any("\0" in text for text in _texts(document)):
            raise ValidationError("Text must not contain NUL characters.", code="nul_character")
        return document


def _texts(document: Any) -> Iterator[str]:
    """Every string in ``document``, keys too."""
    waiting = [document]
    while waiting:
        match waiting.pop():
            case str() as text:
                yield text
            case dict() as members:
                yield from members
                waiting.extend(members.values())
            case list() as items:
                waiting.extend(items)
