"""Finding runs by text: the beginning of their id, or words of their title. An index answers both, on every database."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import CharField, Lookup, Q
from django.db.models.functions import Left
from django.db.models.lookups import Exact

from flowtime.api.pagination import Searched, count_rows
from flowtime.bundles import is_name
from runs.models import Run

MAX_WORDS = 8
MAX_TITLES = 40
FEW = 1000
# Runs are many and their titles few: each step finds the next title by the index, past all runs of the last one.
TITLES = """
WITH RECURSIVE titles(title) AS (
    SELECT MIN(template_title) FROM runs_run
    UNION ALL
    SELECT (SELECT MIN(template_title) FROM runs_run WHERE template_title > titles.title)
    FROM titles WHERE titles.title IS NOT NULL
)
SELECT title FROM titles WHERE title IS NOT NULL
"""


@CharField.register_lookup
class BeginsWith(Lookup[Any]):
    """``startswith`` by an index: on SQLite LIKE ignores case, and with it every index."""

    lookup_name = "beginswith"

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        lhs, parameters = self.process_lhs(compiler, connection)
        text = connection.ops.prep_for_like_query(self.rhs)
        return f"{lhs} LIKE %s", (*parameters, f"{text}%")

    def as_sqlite(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        lhs, parameters = self.process_lhs(compiler, connection)
        # Nothing that begins with the text comes after the text with the last of all characters.
        end = f"{self.rhs}\U0010ffff"
        return f"({lhs} >= %s AND {lhs} < %s)", (*parameters, self.rhs, *parameters, end)


def find_runs(runs: Searched, text: str) -> Searched:
    """Runs whose id begins with ``text``, or whose title has all its words."""
    words = text.casefold().split()[:MAX_WORDS]
    titles = [title for title in _titles() if all(word in title.casefold() for word in words)]
    found = [Q(template_title=title) for title in titles]
    if len(titles) > MAX_TITLES:
        found = [Q(template_title__in=titles)]
    # What begins a name may end with a dot, which no name does.
    named = _count_by_id(text) if is_name(f"{text}0") else 0
    if named:
        found.append(_by_id(text, named))
    searched = runs.fitting_any(found or [Q(pk__in=())])
    if not titles and not runs.query.where:
        searched.counted = named
    return searched


def _titles() -> list[str]:
    """Every title that any run has."""
    with connection.cursor() as cursor:
        cursor.execute(TITLES)
        return [title for (title,) in cursor.fetchall()]


def _count_by_id(text: str) -> int:
    """How many ids begin with ``text``, as far as a list counts: from the index of ids alone."""
    return count_rows({"": Run.objects.filter(id__beginswith=text)})[""]


def _by_id(text: str, count: int) -> Q:
    """The ``count`` runs whose id begins with ``text``.

    A few are named and sorted. Of many the first are soon met on the way through the list, which a comparison
    that no index of ids can answer keeps to.
    """
    if count <= FEW:
        return Q(pk__in=Run.objects.filter(id__beginswith=text).values("pk"))
    return Q(Exact(Left("id", len(text)), text))
