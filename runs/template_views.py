"""The page of one flow template: the model behind its runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render

from flowtime.pages import PageRequest, page
from runs import catalog
from runs.template_page import TemplatePage

if TYPE_CHECKING:
    from django.http import HttpResponse


@page("runs.view_run")
def show_template(request: PageRequest, template_id: str) -> HttpResponse:
    """A template of the catalog, valid or not: its story, parameters, topology and formulas."""
    entry = catalog.get_entry(template_id)
    return render(request, "runs/template.html", {"entry": entry, "shown": TemplatePage(entry)})
