"""The living page of components, for those who build pages: every component as it is, in all its states."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string

from flowtime.pages import NotAllowed, PageRequest, page
from runs import specimens
from runs.specimens import Specimen


@page("runs.view_run")
def show_components(request: PageRequest) -> HttpResponse:
    """Tokens, icons, components and situations, rendered from the templates that the pages use."""
    if not request.user.is_staff:
        raise NotAllowed("You need the admin role.")
    sprite = render_to_string("components/icons.html")
    context = {
        "colours": specimens.colours(),
        "icons": re.findall(r'id="i-([\w-]+)"', sprite),
        "frame": specimens.FRAME,
        "components": _rendered(request, specimens.specimens()),
        "situations": _rendered(request, specimens.situations()),
    }
    return render(request, "docs/ui.html", context)


def _rendered(
    request: PageRequest, shown: Iterable[Specimen]
) -> Iterator[tuple[Specimen, list[tuple[str, Any]]]]:
    for specimen in shown:
        states = [
            (state.label, render_to_string(specimen.template, dict(state.given), request))
            for state in specimen.states
        ]
        yield specimen, states
