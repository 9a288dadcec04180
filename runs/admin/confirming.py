"""Work on chosen records that is asked about first: the question, the page that asks it, and the audit entry after."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString

from runs import gating
from runs.admin.records import RecordAction, RecordAdmin, admin_url

# What runs and captures have alike, with the permission that each takes.
CONFIRMED = ("verify", "reindex", "retry", "cancel")
PERMISSIONS = {"verify": "verify", "reindex": "verify", "retry": "add", "cancel": "cancel"}
LABELS = {"verify": "Verify…", "reindex": "Re-index…", "retry": "Retry…", "cancel": "Cancel…"}


@dataclass(frozen=True, kw_only=True)
class Work:
    """One kind of work: what it would do in a sentence, what may stand against it, and how it is done.

    ``description`` is the audit entry of each record it was done to; ``why_not`` looks at the record alone.
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


class ConfirmedActions(RecordAdmin):
    """Verify, re-index, retry and cancel, in the list and as buttons of one record; each kind says what it does."""

    def works(self, request: HttpRequest) -> Mapping[str, Work]:
        """Return what each of ``CONFIRMED`` does to this kind of record."""
        raise NotImplementedError

    def chosen(self, request: HttpRequest, queryset: QuerySet[Any]) -> Iterator[Any]:
        """Yield the chosen records as they are now."""
        raise NotImplementedError

    def may(self, request: HttpRequest, permission: str) -> bool:
        """Whether the user has ``permission`` for this kind of record."""
        return request.user.has_perm(f"{self.opts.app_label}.{permission}_{self.opts.model_name}")

    def has_verify_permission(self, request: HttpRequest) -> bool:
        """Whether the user may verify these records."""
        return self.may(request, PERMISSIONS["verify"])

    def has_retry_permission(self, request: HttpRequest) -> bool:
        """Whether the user may try these records again."""
        return self.may(request, PERMISSIONS["retry"])

    def has_cancel_permission(self, request: HttpRequest) -> bool:
        """Whether the user may cancel these records."""
        return self.may(request, PERMISSIONS["cancel"])

    def why_not(self, request: HttpRequest, name: str, record: Any) -> str | None:
        """Why ``name`` is not done to the record now, or not by this user."""
        reason = self.works(request)[name].why_not(record)
        if reason is None and not self.may(request, PERMISSIONS[name]):
            return gating.NEEDS_OPERATOR
        return reason

    def button(self, request: HttpRequest, name: str, record: Any) -> RecordAction:
        """Return the button of one record for one of ``CONFIRMED``."""
        reason = self.why_not(request, name, record)
        return RecordAction(name, LABELS[name], reason is None, reason)

    @admin.action(description="Verify", permissions=["verify"])
    def verify(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Hash the files of each chosen record again."""
        return self._ask_and_do("verify", request, queryset)

    @admin.action(description="Re-index", permissions=["verify"])
    def reindex(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Bring the row of each chosen record in step with its files."""
        return self._ask_and_do("reindex", request, queryset)

    @admin.action(description="Retry", permissions=["retry"])
    def retry(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Ask once more for what each chosen record was asked for."""
        return self._ask_and_do("retry", request, queryset)

    @admin.action(description="Cancel", permissions=["cancel"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Stop each chosen record."""
        return self._ask_and_do("cancel", request, queryset)

    def _ask_and_do(
        self, name: str, request: HttpRequest, queryset: QuerySet[Any]
    ) -> HttpResponse | None:
        work = replace(self.works(request)[name], why_not=partial(self.why_not, request, name))
        return carry_out(self, request, self.chosen(request, queryset), work)
