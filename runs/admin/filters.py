"""Filters that the lists of runs, captures and events share; none of them asks the database for its choices."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from runs import catalog


class WarningFilter(admin.SimpleListFilter):
    """Runs or captures with warnings, or without."""

    title = "warnings"
    parameter_name = "warnings"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The two choices."""
        return [("yes", "With warnings"), ("no", "Without warnings")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow by the count on the row."""
        match self.value():
            case "yes":
                return queryset.filter(warning_count__gt=0)
            case "no":
                return queryset.filter(warning_count=0)
        return queryset


class TemplateFilter(admin.SimpleListFilter):
    """Rows of one template; the choices come from the catalog, not from a scan of the table."""

    title = "template"
    parameter_name = "template"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The catalog's templates."""
        return [(entry.template_id, entry.title) for entry in catalog.all_entries()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow to one template."""
        return queryset.filter(template_id=self.value()) if self.value() else queryset


class EventNameFilter(admin.SimpleListFilter):
    """Events of one kind; ``names`` are the kinds there are."""

    title = "event"
    parameter_name = "event"
    names: ClassVar[tuple[str, ...]] = ()

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """The names of the events."""
        return [(name, name) for name in self.names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Narrow to one name."""
        return queryset.filter(name=self.value()) if self.value() else queryset
