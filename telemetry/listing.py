"""The telemetry library as a page asks for it: filters from the URL, one page of captures, and words for both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.db.models import Q
from django.http import QueryDict

from flowtime.api.pagination import count_by, count_rows
from runs import wording
from runs.clock import to_text
from runs.list_form import (
    CREATED_CHOICES,
    Question,
    created_range,
    date_field,
    offer_templates,
    search_field,
    select_field,
    what_was_asked,
)
from runs.listing import MOST_LIVE_ROWS, PAGE_SIZE
from runs.narrowing import Chip, Tab, Wider, chips_of, nearest_wider, tabs_of
from telemetry import selectors
from telemetry.filters import CaptureFilter
from telemetry.models import Capture

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.utils.datastructures import MultiValueDict

    from flowtime.api.pagination import Page


class ListForm(forms.Form):
    """The filters as the URL holds them."""

    q = search_field("Capture key, run id or capture id")
    templateId = select_field()  # noqa: N815
    status = forms.ChoiceField(
        choices=[("", "Any status"), *Capture.Status.choices],
        required=False,
        widget=forms.HiddenInput,
    )
    hasWarnings = select_field([("", "Warnings: any"), ("true", "With"), ("false", "Without")])  # noqa: N815
    created = select_field(CREATED_CHOICES)
    createdFrom = date_field()  # noqa: N815
    createdTo = date_field()  # noqa: N815

    def __init__(self, data: MultiValueDict[str, str]) -> None:
        super().__init__(data, auto_id="f-%s")
        self.titles = offer_templates(self, data.get("templateId", ""))


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureQuestion(Question):
    """What the library is asked, in its own words."""

    everything: ClassVar[str] = ""
    text_words: ClassVar[str] = "key or id"
    time_word: ClassVar[str] = "requested"

    def status_label(self, status: str) -> str:
        return Capture.Status(status).label


@dataclass(frozen=True, slots=True, kw_only=True)
class CaptureList:
    """One page of captures with what was asked for. ``counts`` are captures by status under the other filters."""

    form: ListForm
    page: Page
    question: CaptureQuestion
    counts: Mapping[str, int]

    @property
    def is_filtered(self) -> bool:
        return bool(self.question)

    def tabs(self) -> Iterator[Tab]:
        return tabs_of(self.question, self.counts, Capture.Status.choices)

    def chips(self) -> list[Chip]:
        return chips_of(self.question)

    def wider(self) -> Wider | None:
        """The nearest wider question that has an answer; None where nothing does."""

        def count(questions: Mapping[str, Question]) -> Mapping[str, int]:
            rows = {name: _matching(question.asked) for name, question in questions.items()}
            return count_rows(rows, limit=PAGE_SIZE)

        return nearest_wider(self.question, count)

    @property
    def active_ids(self) -> list[str]:
        return [capture.pk for capture in self.page.items if not capture.is_finished]

    @property
    def total(self) -> str:
        count = wording.say_number(self.page.total_count)
        return count if self.page.total_count_is_exact else f"more than {count}"

    @property
    def said(self) -> str:
        """``50 of 1,284``."""
        shown = len(self.page.items)
        if self.page.total_count_is_exact and shown == self.page.total_count:
            return "All " + wording.say_count(shown, "capture")
        return f"{shown} of {self.total}"


def list_captures(query: QueryDict) -> CaptureList:
    """The page of captures that the URL's ``query`` asks for: one query for the rows, one for all counts."""
    form = ListForm(query)
    question = CaptureQuestion(asked=what_was_asked(form), titles=form.titles)
    rest = _matching(question.without("status").asked)
    counts = count_by(rest, "status", Capture.Status.values)
    chosen = question.asked.get("status")
    page = selectors.page_of_captures(
        rest.filter(status=chosen) if chosen else rest,
        page_size=PAGE_SIZE,
        cursor=query.get("cursor") or None,
        counted=counts[chosen] if chosen else sum(counts.values()),
    )
    return CaptureList(form=form, page=page, question=question, counts=counts)


def rows_of(capture_ids: list[str]) -> list[Capture]:
    """Captures of the list by id, for those that are followed while they are generated."""
    return list(selectors.captures_for_list().filter(pk__in=capture_ids[:MOST_LIVE_ROWS]))


def _matching(asked: Mapping[str, Any]) -> QuerySet[Capture]:
    data = QueryDict(mutable=True)
    for name in ("templateId", "status", "hasWarnings"):
        if name in asked:
            data[name] = asked[name]
    for name, moment in created_range(asked):
        data[name] = to_text(moment) or ""
    captures = CaptureFilter(data, queryset=selectors.captures_for_list()).qs
    if "q" in asked:
        text = asked["q"]
        captures = captures.filter(
            Q(capture_key__beginswith=text)
            | Q(source_run__id__beginswith=text)
            | Q(pk__beginswith=text)
        )
    return captures
