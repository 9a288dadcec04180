"""Refusals of the request itself, before any domain is asked."""

from rest_framework import exceptions


class TooLarge(exceptions.APIException):
    """The body is longer than the limit."""

    status_code = 413
    default_code = "too_large"


class InvalidQuery(exceptions.ValidationError):
    """A query parameter is unknown or wrong; ``detail`` maps its name to what is wrong with it."""
