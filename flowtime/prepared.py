"""Prepared queries: rows by one key, whose SQL is made once instead of at every request."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connection
from django.db.models import Model, QuerySet
from django.db.models.query import get_related_populators

M = TypeVar("M", bound=Model)
PLACEHOLDER = "prepared-key"


class PreparedRow(Generic[M]):
    """The row that a key names, with what its query selects along; asked in each request, made of SQL once.

    Putting a query of sixty columns into words takes the ORM longer than the database takes to answer it.
    ``query`` gives the query for a key: a filter on text, ``select_related`` and ``defer`` as they come.
    """

    def __init__(self, query: Callable[[str], QuerySet[M]]) -> None:
        self._query = query
        self._prepared: tuple[str, Callable[[Any], M]] | None = None

    def find(self, key: str) -> M | None:
        """The row of ``key`` as the database has it now, or None."""
        if self._prepared is None:
            self._prepared = self._prepare()
        sql, build = self._prepared
        with connection.cursor() as cursor:
            cursor.execute(sql, [key])
            row = cursor.fetchone()
        return None if row is None else build(row)

    def _prepare(self) -> tuple[str, Callable[[Any], M]]:
        compiler = self._query(PLACEHOLDER).query.get_compiler(DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        if tuple(parameters) != (PLACEHOLDER,):
            raise ValueError("A prepared query has its key as its only parameter.")
        chosen = compiler.klass_info["select_fields"]
        start, end = chosen[0], chosen[-1] + 1
        names = [column.target.attname for column, *_ in compiler.select[start:end]]
        converters = compiler.get_converters([column for column, *_ in compiler.select])
        related = get_related_populators(  # type: ignore[call-arg]  # the stubs are of a later Django
            compiler.klass_info, compiler.select, DEFAULT_DB_ALIAS
        )
        model = compiler.klass_info["model"]

        def build(row: Any) -> M:
            (values,) = compiler.apply_converters([row], converters)
            found = model.from_db(DEFAULT_DB_ALIAS, names, values[start:end])
            for populator in related:
                populator.populate(values, found)
            return found

        return sql, build
