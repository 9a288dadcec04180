"""The base of every view under /v1: permissions, limits and strict query parameters by action."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from rest_framework.exceptions import ErrorDetail
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.viewsets import ViewSet

from flowtime.api.conditional import tag_when_rendered
from flowtime.api.deprecation import Deprecation
from flowtime.api.exceptions import InvalidQuery
from flowtime.api.idempotency import Answered, Slot, slot_of
from flowtime.api.permissions import action_of
from flowtime.api.serializers import StrictSerializer


class NoFields(StrictSerializer):
    """The body of an action that takes none: every field of it is unknown."""


class StrictMixin:
    """Tables by action (or, on a plain view, by lower-case method).

    ``permissions_by_action``: permissions the caller needs; no entry means nobody may.
    ``query_by_action``: query parameters the action knows; no entry means none.
    ``repeatable``: the query parameters that may be given more than once.
    ``throttles_by_action``: the scope the action counts towards.
    ``deprecated_by_action``: the actions that will go, with when.
    ``bodiless``: the writing actions that take no body; one with fields is refused.
    ``secret_member``: the member of an answer that is kept nowhere; ``slot.secret`` makes it again.
    """

    http_method_names: ClassVar[Sequence[str]] = (
        "get",
        "post",
        "put",
        "patch",
        "delete",
        "head",
        "options",
    )
    permissions_by_action: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    query_by_action: ClassVar[Mapping[str, Collection[str]]] = {}
    repeatable: ClassVar[Collection[str]] = ()
    throttles_by_action: ClassVar[Mapping[str, str]] = {}
    deprecated_by_action: ClassVar[Mapping[str, Deprecation]] = {}
    bodiless: ClassVar[Collection[str]] = ()
    secret_member: ClassVar[str] = ""
    slot: Slot | None = None

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """Everything a request passes before its action."""
        super().initial(request, *args, **kwargs)  # type: ignore[misc]
        action = action_of(self, request)  # type: ignore[arg-type]
        if action is not None:
            check_query(
                request, known=self.query_by_action.get(action, ()), repeatable=self.repeatable
            )
            if action in self.bodiless:
                NoFields(data=request.data or {}).is_valid(raise_exception=True)
            if slot := slot_of(request, secret_member=self.secret_member):
                slot.reserve()
                self.slot = slot

    def handle_exception(self, exc: Exception) -> Response:
        """An answer given before is given again; anything else is a problem."""
        if isinstance(exc, Answered):
            return exc.response
        return super().handle_exception(exc)  # type: ignore[misc]

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """Tag what is read, announce what will go, and keep the answer where it may be asked for again."""
        response = super().finalize_response(request, response, *args, **kwargs)  # type: ignore[misc]
        deprecation = self.deprecated_by_action.get(action_of(self, request) or "")  # type: ignore[arg-type]
        for name, value in deprecation.headers.items() if deprecation else ():
            response[name] = value
        if isinstance(response, Response):
            tag_when_rendered(request, response)
            return self.slot.settle(response) if self.slot else response
        return response

    def options(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """The methods of this address, in the ``Allow`` that every answer has."""
        return Response(status=204)


def check_query(
    request: Request, *, known: Collection[str], repeatable: Collection[str] = ()
) -> None:
    """Refuse query parameters that are unknown, given twice, or hold NUL. Raises InvalidQuery."""
    errors: dict[str, list[ErrorDetail]] = {}
    for name, values in request.query_params.lists():
        if name not in known:
            errors[name] = [ErrorDetail("There is no such query parameter.", code="unknown")]
        elif len(values) > 1 and name not in repeatable:
            errors[name] = [ErrorDetail("Give this parameter once.", code="repeated")]
        elif any("\0" in value for value in values):
            errors[name] = [ErrorDetail("Text must not contain NUL.", code="nul_character")]
    if errors:
        raise InvalidQuery(errors)


class StrictView(StrictMixin, APIView):
    """A view of one address."""


class StrictViewSet(StrictMixin, ViewSet):
    """A viewset whose actions call selectors and services."""
