"""Work on chosen records that is asked about first: the question, the page that asks it, and the audit entry after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from runs.admin.records import RecordAdmin, admin_url


@dataclass(frozen=True, kw_only=True)
class Work:
    """One kind of work: what it would do in a sentence, what may stand against it, and how it is done.

    ``description`` is the audit entry of each record it was done to.
    """

    title: str
    consequence: str
    description: str
    why_not: Callable[[Any], str | None]
    do: Callable[[Any], SafeString]


def carry_out(
    admin: RecordAdmin, request: HttpRequest, records: Iterable[Any], work: Work
) -> HttpResponse | None:
    """Do ``work`` to the records that allow it once that is confirmed; until then ask, and do nothing."""
    allowed = admin.sort_out(request, records, work.why_not)
    if not allowed or is_confirmed(request):
        admin.act(request, allowed, work.do, description=work.description)
        return admin.after_action(request)
    return ask(
        admin,
        request,
        allowed,
        "admin/confirm_action.html",
        title=work.title,
        consequence=work.consequence,
    )


def is_confirmed(request: HttpRequest) -> bool:
    """Whether the question was asked before and answered with yes."""
    return request.POST.get("confirmed") == "yes"


def ask(
    admin: RecordAdmin,
    request: HttpRequest,
    chosen: Sequence[Any],
    template: str,
    **facts: Any,
) -> HttpResponse:
    """The page that asks about the ``chosen`` records; its form sends the same action again, confirmed."""
    is_from_record = "from_record" in request.POST
    context: dict[str, Any] = {
        **admin.admin_site.each_context(request),
        **facts,
        "records": chosen,
        "opts": admin.opts,
        "action": request.POST["action"],
        "is_from_record": is_from_record,
        "checkbox_name": ACTION_CHECKBOX_NAME,
        # Where "keep" leads: to the record whose button was pressed, else to the list.
        "back": admin_url(chosen[0]) if is_from_record else request.get_full_path(),
    }
    request.current_app = admin.admin_site.name
    return TemplateResponse(request, template, context)
