"""What the admin of runs and of captures share: read-only records, fast lists, actions through services."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.admin import ShowFacets
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList
from django.core.paginator import Paginator
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import SafeString

from flowtime.errors import FlowTimeError
from runs.chronicle import tell
from runs.models import Integrity
from runs.templatetags import flowtime_ui as ui

# A list counts this far and no further: an exact count of a large table costs more than the page.
COUNT_LIMIT = 10_000
# One request acts on at most this many records; each gets its own message.
ACT_LIMIT = 100
RELATED_LIMIT = 20
EVENT_LIMIT = 50

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]


class BoundedPaginator(Paginator):
    """Counts no further than one row beyond ``COUNT_LIMIT``; deeper rows are found by narrowing."""

    @cached_property
    def count(self) -> int:
        """The number of rows, or ``COUNT_LIMIT + 1`` when there are more than that."""
        rows: QuerySet[Any] = self.object_list  # type: ignore[assignment]
        return rows.order_by()[: COUNT_LIMIT + 1].count()


@dataclass(frozen=True)
class DateLink:
    """One step of the date hierarchy; without a link it is where the list stands."""

    title: str
    link: str | None = None


@dataclass(frozen=True)
class DateLinks:
    """The date hierarchy of a list: the way back, and the finer dates to choose from."""

    back: DateLink | None
    choices: Sequence[DateLink]


class RecordChangeList(ChangeList):
    """A list whose date hierarchy and counts cost the same however many rows there are."""

    @property
    def count_text(self) -> str:
        """The number of rows in words, as far as they were counted."""
        options = self.opts
        count = self.result_count
        noun = str(options.verbose_name if count == 1 else options.verbose_name_plural)
        if count > COUNT_LIMIT:
            return f"more than {COUNT_LIMIT:,} {noun}"
        return f"{count:,} {noun}"

    @cached_property
    def date_links(self) -> DateLinks | None:
        """Years, months or days between the first and the last row of the list.

        Django's own tag groups the whole table by date; the two ends come from the index.
        """
        name = self.date_hierarchy
        if not isinstance(name, str) or self.query:
            return None
        moments = self.queryset.order_by()
        first = moments.order_by(name).values_list(name, flat=True).first()
        last = moments.order_by(f"-{name}").values_list(name, flat=True).first()
        if first is None or last is None:
            return None
        return self._links_between(name, first, last)

    def _links_between(self, name: str, first: datetime, last: datetime) -> DateLinks:
        year, month, day = (self._chosen(f"{name}__{part}") for part in ("year", "month", "day"))
        if year and month and day:
            back = DateLink(f"{MONTHS[month - 1]} {year}", self._link(name, year, month))
            return DateLinks(back, [DateLink(f"{day} {MONTHS[month - 1]}")])
        if year and month:
            days = range(first.day, last.day + 1)
            links = [DateLink(f"{day}", self._link(name, year, month, day)) for day in days]
            return DateLinks(DateLink(str(year), self._link(name, year)), links)
        if year:
            months = range(first.month, last.month + 1)
            links = [DateLink(MONTHS[month - 1], self._link(name, year, month)) for month in months]
            return DateLinks(DateLink("All dates", self._link(name)), links)
        years = range(first.year, last.year + 1)
        return DateLinks(None, [DateLink(str(year), self._link(name, year)) for year in years])

    def _chosen(self, parameter: str) -> int | None:
        text = self.params.get(parameter, "")
        return int(text) if str(text).isdecimal() else None

    def _link(self, name: str, *parts: int) -> str:
        chosen = {
            f"{name}__{part}": number
            for part, number in zip(("year", "month", "day"), parts, strict=False)
        }
        return self.get_query_string(chosen, [f"{name}__"])


@dataclass(frozen=True)
class RecordAction:
    """A button of the change page: an admin action on this one record, and whether it is allowed."""

    name: str
    label: str
    allowed: bool
    reason: str | None = None


@dataclass(frozen=True)
class Related:
    """Other records that belong to this one: the newest few, and a link to all of them."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str | SafeString]]
    all_url: str


@dataclass(frozen=True)
class RecordEvent:
    """One lifecycle event as the change page shows it."""

    at: datetime
    name: str
    sentence: str
    actor: str
    tone: str


@dataclass(frozen=True)
class RecordPage:
    """What the change page shows around the fields."""

    actions: Sequence[RecordAction] = ()
    related: Sequence[Related] = ()
    events: Sequence[RecordEvent] = ()
    events_url: str = ""


class RecordAdmin(admin.ModelAdmin):
    """Admin of rows that index files on disk: only the services write either, so nothing can be edited."""

    change_list_template = "admin/record_change_list.html"
    change_form_template = "admin/record_change_form.html"
    paginator = BoundedPaginator
    list_per_page = 50
    list_max_show_all = 0
    sortable_by = ()
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    actions_selection_counter = True

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Records come from services, never from a form."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """What happened is not edited."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """A row without its files, or files without their row, would be a lie."""
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list with bounded counts and dates."""
        return RecordChangeList

    def get_ordering(self, request: HttpRequest) -> Any:
        """Newest first; what was searched for by the beginning of an id comes in the order of ids."""
        return ("-pk",) if request.GET.get(SEARCH_VAR) else super().get_ordering(request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Narrow to the rows of which one of ``search_fields`` begins with the text."""
        prefix = search_term.strip()
        if not prefix:
            return queryset, False
        beginnings = (Q(**{f"{name}__beginswith": prefix}) for name in self.search_fields)
        return queryset.filter(reduce(or_, beginnings)), False

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the list under the name of what it lists."""
        title = str(self.opts.verbose_name_plural).capitalize()
        context = {"title": title, "overview": self.overview(), **(extra_context or {})}
        return super().changelist_view(request, context)

    def overview(self) -> Any:
        """Return what the list says of all records at a glance; None where it says nothing."""
        return None

    def record_page(self, request: HttpRequest, record: Any) -> RecordPage:
        """Return what the change page shows around the fields of ``record``."""
        return RecordPage()

    def render_change_form(
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """Show one record with its actions, its relations and its events."""
        context["title"] = str(self.opts.verbose_name).capitalize()
        context["record_page"] = self.record_page(request, obj)
        return super().render_change_form(request, context, add, change, form_url, obj)

    def chosen_ids(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[str]:
        """Return the ids an action was asked for, none when they are more than one request may take."""
        ids = list(queryset.order_by("pk").values_list("pk", flat=True)[: ACT_LIMIT + 1])
        if len(ids) > ACT_LIMIT:
            self.message_user(
                request, f"Choose at most {ACT_LIMIT} at a time.", level=messages.ERROR
            )
            return []
        return ids

    def sort_out(
        self, request: HttpRequest, records: Iterable[Any], why_not: Callable[[Any], str | None]
    ) -> list[Any]:
        """Return the records that ``why_not`` has nothing against; the others are told why."""
        allowed = []
        for record in records:
            reason = why_not(record)
            if reason is None:
                allowed.append(record)
            else:
                self.refuse(request, record, reason)
        return allowed

    def refuse(self, request: HttpRequest, record: Any, reason: str) -> None:
        """Say why nothing was done to ``record``."""
        self.message_user(
            request, format_html("{}: {}", record_link(record), reason), level=messages.ERROR
        )

    def act(
        self,
        request: HttpRequest,
        records: Iterable[Any],
        work: Callable[[Any], SafeString],
        *,
        description: str,
    ) -> None:
        """Do ``work`` to each record; a refusal of one is its own message and stops no other."""
        for record in records:
            try:
                sentence = work(record)
            except FlowTimeError as error:
                self.refuse(request, record, error.detail)
            else:
                self.message_user(request, format_html("{}: {}", record_link(record), sentence))
                self.log_change(request, record, description)

    def after_action(self, request: HttpRequest) -> HttpResponse | None:
        """Return to the record whose button was pressed; None goes back to the list."""
        if "from_record" not in request.POST:
            return None
        chosen = request.POST.get(ACTION_CHECKBOX_NAME, "")
        return HttpResponseRedirect(
            reverse(
                f"admin:{self.opts.app_label}_{self.opts.model_name}_change", args=[quote(chosen)]
            )
        )


class EventAdmin(RecordAdmin):
    """Admin of lifecycle events: newest first, found by record, name or actor."""

    change_form_template = "admin/change_form.html"
    list_select_related = ("actor",)
    list_display: tuple[str, ...] = ("moment", "name", "subject", "actor", "facts")
    list_display_links = None
    actions = None
    ordering = ("-id",)

    @admin.display(description="At")
    def moment(self, event: Any) -> str:
        """The time of the event."""
        return ui.when(event.at)

    @admin.display(description="Facts")
    def facts(self, event: Any) -> SafeString:
        """The attributes, each as a name and a value."""
        return facts_text(event.attributes)


def shown_events(events: QuerySet[Any]) -> list[RecordEvent]:
    """Return the newest few of ``events``, newest first, in the words of the operator pages."""
    # One line a file would bury the rest; the list of events has them all.
    newest = list(events.exclude(name="capture.file_written").order_by("-id")[:EVENT_LIMIT])
    return [
        RecordEvent(event.at, event.name, step.sentence, str(event.actor or ""), step.tone)
        for event, step in zip(newest, tell(newest), strict=True)
    ]


def facts_text(attributes: dict[str, Any]) -> SafeString:
    """Return event attributes as ``name value`` pairs on one line."""
    pairs = [f"{name} {value}" for name, value in attributes.items() if value not in (None, "")]
    return format_html('<span class="facts">{}</span>', " · ".join(pairs)[:400])


def admin_url(record: Any) -> str:
    """Return the admin page of a record."""
    options = record._meta
    return reverse(
        f"admin:{options.app_label}_{options.model_name}_change", args=[quote(record.pk)]
    )


def record_link(record: Any) -> SafeString:
    """Return a record's id as a link to its admin page."""
    return format_html('<a class="mono" href="{}">{}</a>', admin_url(record), record.pk)


def id_link(view_name: str, identifier: str) -> SafeString | str:
    """Return an id as a link to an admin page; a dash for none."""
    if not identifier:
        return "–"
    url = reverse(f"admin:{view_name}_change", args=[quote(identifier)])
    return format_html('<a class="mono" href="{}">{}</a>', url, identifier)


def short_link(view_name: str, identifier: str) -> SafeString | str:
    """Return the end of an id as a link, where a list has no room for all of it."""
    if not identifier:
        return "–"
    url = reverse(f"admin:{view_name}_change", args=[quote(identifier)])
    return format_html(
        '<a class="mono" href="{}" title="{}">{}</a>', url, identifier, ui.short_id(identifier)
    )


def list_url(view_name: str, **lookups: str) -> str:
    """Return the admin list narrowed by ``lookups``."""
    return f"{reverse(f'admin:{view_name}_changelist')}?{urlencode(lookups)}"


def marked(status: str, label: str) -> SafeString:
    """Return a status as the product shows it: shape and word."""
    return format_html('<span class="status">{}{}</span>', ui.status_mark(status), label)


def with_second(first: str, second: str) -> SafeString:
    """Return a cell of two lines, the second muted."""
    return format_html('{}<small class="second">{}</small>', first, second)


def integrity_mark(state: str) -> SafeString:
    """Return the integrity of a bundle as shape and word."""
    return marked(state, Integrity(state).label)


def code_text(text: str) -> SafeString | str:
    """Return a hash or a code in monospace; a dash for none."""
    return format_html('<code class="hash">{}</code>', text) if text else "–"
