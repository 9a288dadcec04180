"""Controls of the filters above a list, written without a template: ten of them were a fifth of what the page costs."""

from __future__ import annotations

from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString


class FilterSelect(forms.Select):
    """A choice among a few words."""

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any) -> SafeString:
        widget = context["widget"]
        options = format_html_join(
            "",
            '<option value="{}"{}>{}</option>',
            (
                (option["value"], flatatt(option["attrs"]), option["label"])
                for _, group, _ in widget["optgroups"]
                for option in group
            ),
        )
        attrs = flatatt({"name": widget["name"], **widget["attrs"]})
        return format_html("<select{}>{}</select>", attrs, options)


class _Written:
    """Writes one ``input``."""

    def _render(self, template_name: str, context: dict[str, Any], renderer: Any) -> SafeString:
        widget = context["widget"]
        value = {} if widget["value"] is None else {"value": widget["value"]}
        attrs = {"type": widget["type"], "name": widget["name"], **value, **widget["attrs"]}
        return format_html("<input{}>", flatatt(attrs))


class FilterText(_Written, forms.TextInput):
    """Words that are looked for."""


class FilterDate(_Written, forms.DateInput):
    """One end of a range of days."""

    input_type = "date"


class FilterHidden(_Written, forms.HiddenInput):
    """A filter that something else on the page chooses."""
