"""Records of one kind at a glance: how many in each state, the storage they take, the slowest and the latest failures.

Every figure costs the same however many rows there are: counts stop, sums rest on an index and are kept for a
minute, and the slowest are looked for among the newest.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from heapq import nlargest
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.cache import cache
from django.db.models import Sum
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString

from flowtime.api.pagination import COUNT_LIMIT, count_rows
from runs.admin import records
from runs.models import Integrity, Run
from runs.storage import runs_root
from runs.templatetags import flowtime_ui as ui
from runs.wording import say_bytes, say_duration, say_number

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from flowtime.bundles import Root

KEEP_SUM_S = 60
AMONG_NEWEST = 1000
SHOWN = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A count with its mark and words, leading to the rows that it counts."""

    mark: str
    label: str
    text: str
    url: str
    is_none: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One record that stands out: its link, what it was made from, and why it is here."""

    link: SafeString | str
    about: str
    fact: str | SafeString


class Overview:
    """What a kind of record says of itself; a subclass names its model, its states and its columns."""

    title: ClassVar[str]
    list_name: ClassVar[str]
    statuses: ClassVar[Sequence[tuple[str, str]]]
    model: ClassVar[Any]
    time_column: ClassVar[str]

    def root(self) -> Root:
        """Where the bundles of these records lie."""
        raise NotImplementedError

    def seconds_of(self, row: Mapping[str, Any]) -> float:
        """How long the work behind a succeeded ``row`` took."""
        return (row["finished_at"] - row["started_at"]).total_seconds()

    @property
    def url(self) -> str:
        return reverse(f"admin:{self.list_name}_changelist")

    @cached_property
    def _counts(self) -> dict[str, int]:
        rows = self.model.objects.all()
        asked: dict[str, QuerySet[Any]] = {
            f"status={value}": rows.filter(status=value) for value, _ in self.statuses
        }
        asked |= {f"integrity={value}": rows.filter(integrity=value) for value in Integrity.values}
        return count_rows(asked)

    def _figure(self, column: str, value: str, label: str) -> Figure:
        count = self._counts[f"{column}={value}"]
        text = f"more than {say_number(COUNT_LIMIT)}" if count > COUNT_LIMIT else say_number(count)
        url = records.list_url(self.list_name, **{f"{column}__exact": value})
        return Figure(mark=value, label=label, text=text, url=url, is_none=not count)

    @property
    def by_status(self) -> list[Figure]:
        """How many records have each status."""
        return [self._figure("status", value, str(label)) for value, label in self.statuses]

    @property
    def by_integrity(self) -> list[Figure]:
        """How many bundles are in each state, as the last look found them."""
        return [self._figure("integrity", value, str(label)) for value, label in Integrity.choices]

    @property
    def storage(self) -> str:
        """How much the current bundles take, as of a minute ago at most."""
        used = cache.get_or_set(f"flowtime.storage.{self.list_name}", self._sum, KEEP_SUM_S)
        return say_bytes(used)

    def _sum(self) -> int:
        found = self.model.objects.filter(status="succeeded").aggregate(sum=Sum("byte_count"))
        return found["sum"] or 0

    @property
    def free(self) -> str:
        """How much room the disk of the bundles has left."""
        try:
            return say_bytes(shutil.disk_usage(self.root().path).free)
        except OSError:
            return "unknown"

    @cached_property
    def slowest(self) -> list[Line]:
        """The longest works among the newest that succeeded."""
        columns = ("id", "template_id", "started_at", "finished_at", *self.more_columns)
        newest = (
            self.model.objects.filter(status="succeeded")
            .order_by(f"-{self.time_column}", "-id")
            .values(*columns)[:AMONG_NEWEST]
        )
        timed = (row for row in newest if row["started_at"] and row["finished_at"])
        return [
            Line(
                link=records.id_link(self.list_name, row["id"]),
                about=row["template_id"],
                fact=say_duration(timedelta(seconds=self.seconds_of(row))),
            )
            for row in nlargest(SHOWN, timed, key=self.seconds_of)
        ]

    more_columns: ClassVar[tuple[str, ...]] = ()

    @cached_property
    def failures(self) -> list[Line]:
        """The latest failures, with their code."""
        rows = self.model.objects.filter(status="failed").order_by(f"-{self.time_column}", "-id")
        columns = ("id", "template_id", "failure_code", "finished_at")
        return [
            Line(
                link=records.id_link(self.list_name, row["id"]),
                about=row["template_id"],
                fact=format_html(
                    "<code>{}</code> {}", row["failure_code"], ui.ago(row["finished_at"])
                ),
            )
            for row in rows.values(*columns)[:SHOWN]
        ]


class RunOverview(Overview):
    """Runs at a glance."""

    title = "Runs"
    list_name = "runs_run"
    statuses = Run.Status.choices
    model = Run
    time_column = "created_at"

    def root(self) -> Root:
        """Where run bundles lie."""
        return runs_root()
