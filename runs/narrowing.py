"""How a list is narrowed and widened: statuses as tabs, filters as chips, and the nearest wider question with an answer."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from flowtime.api.pagination import COUNT_LIMIT
from runs import wording
from runs.list_form import SPAN_WORDS, SPANS, Question

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
    """A wider question that has an answer: its words, how many rows, and where."""

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
    """A status as a tab: how many rows it holds under the other filters, and where they are."""

    status: str
    label: str
    count: str
    query: str
    is_current: bool


def tabs_of(
    question: Question, counts: Mapping[str, int], statuses: Sequence[tuple[str, str]]
) -> Iterator[Tab]:
    """Every status with its count, with the whole before them."""
    chosen = question.asked.get("status", "")
    rest = question.without("status")
    yield Tab(
        status="",
        label="All",
        count=_say_counted(sum(counts.values())),
        query=rest.query,
        is_current=not chosen,
    )
    for status, label in statuses:
        yield Tab(
            status=status,
            label=label,
            count=_say_counted(counts[status]),
            query=rest.asking(status=status).query,
            is_current=status == chosen,
        )


def chips_of(question: Question) -> list[Chip]:
    """The filters that narrow the list; the status is a tab."""
    return [
        Chip(words=wording.begin(question.words_of(name)), query=question.without(name).query)
        for name in question.names
        if name != "status"
    ]


def nearest_wider(
    question: Question, count: Callable[[Mapping[str, Question]], Mapping[str, int]]
) -> Wider | None:
    """The nearest wider question for which ``count`` finds rows; None where nothing does."""
    wider = list(_wider_questions(question))
    counts = count({str(at): asked for at, (_, asked) in enumerate(wider)})
    for at, (words, asked) in enumerate(wider):
        if found := counts[str(at)]:
            return Wider(words=words, query=asked.query, count=found)
    return None


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
