"""The filters of a list as its URL holds them: their fields, what was asked, and the same in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

from django import forms
from django.http import QueryDict
from django.utils import timezone

from runs import catalog, wording
from runs.models import Run

if TYPE_CHECKING:
    from django.utils.datastructures import MultiValueDict

SPANS = {"24h": timedelta(hours=24), "7d": timedelta(days=7), "30d": timedelta(days=30)}
SPAN_WORDS = {"24h": "last 24 hours", "7d": "last 7 days", "30d": "last 30 days"}
CREATED_CHOICES = [
    ("", "Any time"),
    *((span, words.capitalize()) for span, words in SPAN_WORDS.items()),
    ("between", "Between two dates"),
]
BETWEEN = ("createdFrom", "createdTo")
EVERYTHING = "?view=all"
"""Asks for every run, where nothing at all would open the reader's own view."""


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
    status = forms.ChoiceField(
        choices=[("", "Any status"), *Run.Status.choices], required=False, widget=forms.HiddenInput
    )
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
class Question:
    """What a list is asked: the filters that narrow it, by field, without the empty and the unreadable."""

    everything: ClassVar[str] = EVERYTHING
    text_words: ClassVar[str] = "id or title"
    time_word: ClassVar[str] = "created"

    asked: Mapping[str, Any]
    titles: Mapping[str, str]

    def __bool__(self) -> bool:
        return bool(self.asked)

    @property
    def query(self) -> str:
        """The query string that asks for exactly this."""
        query = QueryDict(mutable=True)
        query.update({name: str(value) for name, value in self.asked.items()})
        return f"?{query.urlencode()}" if query else self.everything

    def without(self, name: str) -> Self:
        """The wider question; with a span of time its two dates go too."""
        gone = {name, *BETWEEN} if name == "created" else {name}
        kept = {key: value for key, value in self.asked.items() if key not in gone}
        return replace(self, asked=kept)

    def asking(self, **changes: Any) -> Self:
        """The same with other values."""
        return replace(self, asked={**self.asked, **changes})

    @property
    def words(self) -> str:
        """``Template Shared database, status Failed, created in the last 24 hours``."""
        return wording.begin(", ".join(self.words_of(name) for name in self.names))

    @property
    def names(self) -> list[str]:
        """The filters that were asked for; two dates belong to one of them."""
        return [name for name in self.asked if name not in BETWEEN]

    def words_of(self, name: str) -> str:
        """One filter in words."""
        value = self.asked[name]
        match name:
            case "q":
                return f"{self.text_words} “{value}”"
            case "templateId":
                return f"template {self.titles.get(value, value)}"
            case "mode":
                return f"mode {Run.Mode(value).label}"
            case "status":
                return f"status {self.status_label(value)}"
            case "telemetryAvailable":
                return "with telemetry" if value == "true" else "without telemetry"
            case "hasWarnings":
                return "with warnings" if value == "true" else "without warnings"
            case "sourceRunId":
                return f"replayed from {value}"
        return f"{self.time_word} {self._time_words()}"

    def status_label(self, status: str) -> str:
        """A status as it is spelt on screen."""
        return Run.Status(status).label

    def _time_words(self) -> str:
        span = self.asked["created"]
        if span in SPAN_WORDS:
            return f"in the {SPAN_WORDS[span]}"
        ends = (("from", "createdFrom"), ("to", "createdTo"))
        return " ".join(
            f"{word} {self.asked[name]:%-d %b %Y}" for word, name in ends if name in self.asked
        )


def read_question(query: str) -> Question:
    """What the query string of a run list asks for."""
    form = ListForm(QueryDict(query.removeprefix("?")))
    return Question(asked=what_was_asked(form), titles=form.titles)


def what_was_asked(form: forms.Form) -> dict[str, Any]:
    """What a list's form holds, by field, without the empty and the unreadable."""
    form.is_valid()
    asked = {key: value for key, value in form.cleaned_data.items() if value}
    has_ends = any(name in asked for name in BETWEEN)
    if asked.get("created") != "between":
        asked = {key: value for key, value in asked.items() if key not in BETWEEN}
    elif not has_ends:
        del asked["created"]
    return asked


def created_range(asked: Mapping[str, Any]) -> Iterator[tuple[str, datetime]]:
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
