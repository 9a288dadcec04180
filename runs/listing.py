"""The run list as a page asks for it: filters from the URL, one page of rows, and words for both."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.http import QueryDict
from django.utils import timezone

from runs import catalog, selectors, wording
from runs.clock import to_text
from runs.filters import RunFilter
from runs.models import Run

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.utils.datastructures import MultiValueDict

    from flowtime.api.pagination import Page

PAGE_SIZE = 50
ROW_COLUMNS = (
    *selectors.LIST_COLUMNS,
    "failure_code",
    "progress_done",
    "progress_total",
    "progress_unit",
)
# A list shows one page of rows, so no page can ask for more of them.
MOST_LIVE_ROWS = 200

SPANS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
SPAN_WORDS = {
    "24h": "created in the last 24 hours",
    "7d": "created in the last 7 days",
    "30d": "created in the last 30 days",
}
CREATED_CHOICES = [
    ("", "Any time"),
    ("24h", "Last 24 hours"),
    ("7d", "Last 7 days"),
    ("30d", "Last 30 days"),
    ("between", "Between two dates"),
]
# The nearest wider question first: what was asked last and narrows most is dropped first.
WIDENING = (
    "created",
    "status",
    "hasWarnings",
    "telemetryAvailable",
    "mode",
    "sourceRunId",
    "templateId",
    "q",
)
FILTER_WORDS = {
    "created": "time",
    "status": "status",
    "hasWarnings": "warnings",
    "telemetryAvailable": "telemetry",
    "mode": "mode",
    "sourceRunId": "source run",
    "templateId": "template",
    "q": "text",
}


def select_field(choices: list[tuple[str, str]] | None = None, **attrs: str) -> Any:
    """A filter of a list: one of ``choices``, or nothing."""
    return forms.ChoiceField(
        choices=choices or [],
        required=False,
        widget=forms.Select(attrs={"class": "input", **attrs}),
    )


def search_field(placeholder: str) -> Any:
    """The search of a list, which "/" focuses."""
    attrs = {"type": "search", "class": "input", "aria-keyshortcuts": "/"}
    widget = forms.TextInput(attrs={**attrs, "placeholder": placeholder})
    return forms.CharField(required=False, max_length=128, widget=widget)


def date_field() -> Any:
    """One end of a range of days."""
    widget = forms.DateInput(attrs={"type": "date", "class": "input"})
    return forms.DateField(required=False, widget=widget)


class ListForm(forms.Form):
    """The filters as the URL holds them. What it cannot read it leaves out and says so at the field."""

    q = search_field("Run id or title")
    templateId = select_field()  # noqa: N815
    mode = select_field([("", "Any mode"), *Run.Mode.choices])
    status = select_field([("", "Any status"), *Run.Status.choices])
    telemetryAvailable = select_field([("", "Telemetry: any"), ("true", "Yes"), ("false", "No")])  # noqa: N815
    hasWarnings = select_field([("", "Warnings: any"), ("true", "With"), ("false", "Without")])  # noqa: N815
    created = select_field(CREATED_CHOICES)
    createdFrom = date_field()  # noqa: N815
    createdTo = date_field()  # noqa: N815
    sourceRunId = forms.CharField(required=False, max_length=128, widget=forms.HiddenInput)  # noqa: N815

    def __init__(self, data: MultiValueDict[str, str]) -> None:
        super().__init__(data, auto_id="f-%s")
        self.titles = offer_templates(self, data.get("templateId", ""))


def offer_templates(form: forms.Form, asked: str) -> dict[str, str]:
    """Let ``form`` choose among the templates of the catalog; their titles by id.

    Runs outlive their template, so one that left the catalog can still be asked for.
    """
    titles = {entry.template_id: entry.title for entry in catalog.all_entries()}
    if asked and asked not in titles:
        titles[asked] = asked[:80]
    field = cast("forms.ChoiceField", form.fields["templateId"])
    field.choices = [("", "Any template"), *titles.items()]
    return titles


@dataclass(frozen=True, slots=True, kw_only=True)
class Wider:
    """A filter whose absence would find something: its name in words, how many, and where."""

    count: int
    words: str
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunList:
    """One page of runs with what was asked for."""

    form: ListForm
    page: Page
    asked: dict[str, Any]
    is_first: bool

    @property
    def is_filtered(self) -> bool:
        return bool(self.asked)

    @property
    def active_ids(self) -> list[str]:
        return [row["id"] for row in self.page.items if row["status"] in Run.Status.active()]

    @property
    def total(self) -> str:
        count = wording.say_number(self.page.total_count)
        return count if self.page.total_count_is_exact else f"more than {count}"

    @property
    def said(self) -> str:
        """``Newest 50 of 1,284``."""
        shown = len(self.page.items)
        if self.page.total_count_is_exact and shown == self.page.total_count:
            return "All " + wording.say_count(shown, "run")
        return f"{'Newest ' if self.is_first else ''}{shown} of {self.total}"

    def filters_in_words(self) -> str:
        """``Template Shared database, status Failed, created in the last 24 hours.``"""
        words = ", ".join(_words_of(self.asked, self.form.titles))
        return f"{words[:1].upper()}{words[1:]}."

    def wider(self) -> Wider | None:
        """The nearest wider question that has an answer; None where nothing does."""
        for name in WIDENING:
            if name not in self.asked:
                continue
            kept = {key: value for key, value in self.asked.items() if key != name}
            if name == "created":
                kept = {k: v for k, v in kept.items() if k not in ("createdFrom", "createdTo")}
            count = _matching(kept)[: PAGE_SIZE + 1].count()
            if count:
                return Wider(count=count, words=FILTER_WORDS[name], query=query_of(kept))
        return None


def what_was_asked(form: forms.Form) -> dict[str, Any]:
    """What a list's form holds, by field, without the empty and the unreadable."""
    form.is_valid()
    asked = {key: value for key, value in form.cleaned_data.items() if value}
    if asked.get("created") != "between":
        asked.pop("createdFrom", None)
        asked.pop("createdTo", None)
    return asked


def list_runs(query: QueryDict) -> RunList:
    """The page of runs that the URL's ``query`` asks for."""
    form = ListForm(query)
    asked = what_was_asked(form)
    cursor = query.get("cursor") or None
    page = selectors.page_of_runs(
        _matching(asked),
        page_size=PAGE_SIZE,
        cursor=cursor,
        columns=ROW_COLUMNS,
    )
    return RunList(form=form, page=page, asked=asked, is_first=cursor is None)


def rows_of(run_ids: list[str]) -> list[dict[str, Any]]:
    """Rows of the list by id, for those that are followed while they run."""
    return list(Run.objects.filter(id__in=run_ids[:MOST_LIVE_ROWS]).values(*ROW_COLUMNS))


def _matching(asked: dict[str, Any]) -> QuerySet[Run]:
    data = QueryDict(mutable=True)
    for name in (
        "q",
        "templateId",
        "mode",
        "status",
        "telemetryAvailable",
        "hasWarnings",
        "sourceRunId",
    ):
        if name in asked:
            data[name] = asked[name]
    for name, moment in created_range(asked):
        data[name] = to_text(moment) or ""
    return RunFilter(data, queryset=Run.objects.all()).qs


def created_range(asked: dict[str, Any]) -> Iterator[tuple[str, datetime]]:
    """The API's two parameters for the span or the two days that were asked for."""
    span = SPANS.get(asked.get("created", ""))
    if span is not None:
        yield "createdAfter", timezone.now() - span
    if "createdFrom" in asked:
        yield "createdAfter", datetime.combine(asked["createdFrom"], time(), UTC)
    if "createdTo" in asked:
        # The day itself belongs to the range, and the filter's end does not.
        yield (
            "createdBefore",
            datetime.combine(asked["createdTo"], time(), UTC) + timedelta(days=1),
        )


def _words_of(asked: dict[str, Any], titles: dict[str, str]) -> Iterator[str]:
    if "q" in asked:
        yield f"id or title “{asked['q']}”"
    if "templateId" in asked:
        yield f"template {titles.get(asked['templateId'], asked['templateId'])}"
    if "mode" in asked:
        yield f"mode {Run.Mode(asked['mode']).label}"
    if "status" in asked:
        yield f"status {Run.Status(asked['status']).label}"
    if "telemetryAvailable" in asked:
        yield ("with telemetry" if asked["telemetryAvailable"] == "true" else "without telemetry")
    if "hasWarnings" in asked:
        yield "with warnings" if asked["hasWarnings"] == "true" else "without warnings"
    if "sourceRunId" in asked:
        yield f"replayed from {asked['sourceRunId']}"
    if asked.get("created") in SPAN_WORDS:
        yield SPAN_WORDS[asked["created"]]
    if "createdFrom" in asked:
        yield f"created from {asked['createdFrom']:%-d %b %Y}"
    if "createdTo" in asked:
        yield f"created to {asked['createdTo']:%-d %b %Y}"


def query_of(asked: dict[str, Any]) -> str:
    """The query string that asks for exactly ``asked``."""
    query = QueryDict(mutable=True)
    query.update({name: str(value) for name, value in asked.items()})
    return f"?{query.urlencode()}"
