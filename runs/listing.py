"""The run list as a page asks for it: one page of rows, how many of each status, and what else could be asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.http import QueryDict

from flowtime.api.pagination import COUNT_LIMIT, count_rows
from runs import selectors, wording
from runs.clock import to_text
from runs.filters import RunFilter
from runs.list_form import SPAN_WORDS, SPANS, ListForm, Question, created_range, what_was_asked
from runs.models import Run

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Wider:
    """A wider question that has an answer: its words, how many runs, and where."""

    words: str
    query: str
    count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    """A filter that narrows the list, and where the list is without it."""

    words: str
    query: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A status as a tab: how many runs it holds under the other filters, and where they are."""

    status: str
    label: str
    count: str
    query: str
    is_current: bool


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
        """Every status, with the whole before them."""
        chosen = self.question.asked.get("status", "")
        rest = self.question.without("status")
        yield Tab(
            status="",
            label="All",
            count=_say_counted(sum(self.counts.values())),
            query=rest.query,
            is_current=not chosen,
        )
        for status, label in Run.Status.choices:
            yield Tab(
                status=status,
                label=label,
                count=_say_counted(self.counts[status]),
                query=rest.asking(status=status).query,
                is_current=status == chosen,
            )

    def chips(self) -> list[Chip]:
        """The filters that narrow the list; the status is a tab."""
        return [
            Chip(
                words=wording.begin(self.question.words_of(name)),
                query=self.question.without(name).query,
            )
            for name in self.question.names
            if name != "status"
        ]

    def wider(self) -> Wider | None:
        """The nearest wider question that has an answer; None where nothing does."""
        wider = list(_wider_questions(self.question))
        # The text is looked for once, whatever else is asked with it.
        text = self.question.asked.get("q")
        found = _matching({"q": text}) if text else Run.objects.all()
        rows = {
            str(at): _matching(question.without("q").asked, among=found)
            if "q" in question.asked
            else _matching(question.asked)
            for at, (_, question) in enumerate(wider)
        }
        counts = count_rows(rows, limit=PAGE_SIZE)
        for at, (words, question) in enumerate(wider):
            if count := counts[str(at)]:
                return Wider(words=words, query=question.query, count=count)
        return None


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


def _wider_questions(question: Question) -> Iterator[tuple[str, Question]]:
    """Each wider question with its words, the nearest first: a longer time, one filter less, then more of them."""
    span = question.asked.get("created")
    if span in SPANS:
        longer = [name for name in SPANS if SPANS[name] > SPANS[span]]
        for name in longer:
            yield f"In the {SPAN_WORDS[name]}", question.asking(created=name)
    names = [name for name in WIDENING if name in question.asked]
    for name in names:
        yield f"Without the filter on {FILTER_WORDS[name]}", question.without(name)
    wider = question
    for at, name in enumerate(names[:-1]):
        wider = wider.without(name)
        if at:
            gone = [FILTER_WORDS[name] for name in names[: at + 1]]
            yield f"Without the filters on {', '.join(gone[:-1])} and {gone[-1]}", wider


def _say_counted(count: int) -> str:
    """``1,284``, or ``10,000+`` where counting stopped."""
    return (
        wording.say_number(count) if count <= COUNT_LIMIT else f"{wording.say_number(COUNT_LIMIT)}+"
    )
