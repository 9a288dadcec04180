"""Tags of the admin: records at a glance."""

from __future__ import annotations

from typing import Any

from django import template
from django.contrib import admin
from django.template.context import Context

register = template.Library()


@register.simple_tag(takes_context=True)
def overviews(context: Context) -> list[Any]:
    """An overview of each kind of record that has one and that the reader may see."""
    request = context["request"]
    registered: dict[Any, Any] = admin.site._registry
    found = [
        model_admin.overview()
        for model_admin in registered.values()
        if hasattr(model_admin, "overview") and model_admin.has_view_permission(request)
    ]
    return sorted(
        (overview for overview in found if overview is not None),
        key=lambda overview: overview.title != "Runs",
    )
