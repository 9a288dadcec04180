"""The run list as a page asks for it: one page of rows, how many of each status, and what else could be asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import QueryDict

from flowtime.api.pagination import count_rows
from runs import selectors, wording
from runs.clock import to_text
from runs.filters import RunFilter
from runs.list_form import ListForm, Question, created_range, what_was_asked
from runs.models import Run
from runs.narrowing import FILTER_WORDS, Chip, Tab, Wider, chips_of, nearest_wider, tabs_of

if TYPE_CHECKING:
    from django.db.models import QuerySet

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


@dataclass(frozen=True, slots=True, kw_only=True)
class RunList:
    """One page of runs with what was asked for. ``counts`` are runs by status under the other filters."""

    form: ListForm
    page: Page
    question: Question
    counts: Mapping[str, int]
    is_first: bool

    @property
    def is_filtered(self) -> bool:
        return bool(self.question)

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

    def tabs(self) -> Iterator[Tab]:
        return tabs_of(self.question, self.counts, Run.Status.choices)

    def chips(self) -> list[Chip]:
        return chips_of(self.question)

    def wider(self) -> Wider | None:
        """The nearest wider question that has an answer; None where nothing does."""
        # The text is looked for once, whatever else is asked with it.
        text = self.question.asked.get("q")
        found = _matching({"q": text}) if text else Run.objects.all()

        def count(questions: Mapping[str, Question]) -> Mapping[str, int]:
            rows = {
                name: _matching(question.without("q").asked, among=found)
                if "q" in question.asked
                else _matching(question.asked)
                for name, question in questions.items()
            }
            return count_rows(rows, limit=PAGE_SIZE)

        return nearest_wider(self.question, count)


def list_runs(query: QueryDict) -> RunList:
    """The page of runs that the URL's ``query`` asks for: one query for the rows, one for all counts."""
    form = ListForm(query)
    question = Question(asked=what_was_asked(form), titles=form.titles)
    cursor = query.get("cursor") or None
    rest = _matching(question.without("status").asked)
    counts = count_rows({status: rest.filter(status=status) for status in Run.Status.values})
    chosen = question.asked.get("status")
    page = selectors.page_of_runs(
        rest.filter(status=chosen) if chosen else rest,
        page_size=PAGE_SIZE,
        cursor=cursor,
        columns=ROW_COLUMNS,
        counted=counts[chosen] if chosen else sum(counts.values()),
    )
    return RunList(form=form, page=page, question=question, counts=counts, is_first=cursor is None)


def rows_of(run_ids: list[str]) -> list[dict[str, Any]]:
    """Rows of the list by id, for those that are followed while they run."""
    return list(Run.objects.filter(id__in=run_ids[:MOST_LIVE_ROWS]).values(*ROW_COLUMNS))


def _matching(asked: Mapping[str, Any], *, among: QuerySet[Run] | None = None) -> QuerySet[Run]:
    data = QueryDict(mutable=True)
    for name in FILTER_WORDS.keys() - {"created"}:
        if name in asked:
            data[name] = asked[name]
    for name, moment in created_range(asked):
        data[name] = to_text(moment) or ""
    return RunFilter(data, queryset=Run.objects.all() if among is None else among).qs
