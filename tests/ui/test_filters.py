"""The controls of a list's filters: the same as Django's own, and what is typed stays text."""

from html.parser import HTMLParser

import pytest
from django import forms

from runs.filter_widgets import FilterDate, FilterHidden, FilterSelect, FilterText
from tests.pages import element_of

CHOICES = [("", "Any <b>"), ("a&b", "A & B"), ("c", "C")]


@pytest.mark.parametrize("value", [None, "", "a&b", "nonsense", '"><script>'])
@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        (FilterSelect(choices=CHOICES), forms.Select(choices=CHOICES)),
        (FilterText(attrs={"maxlength": 9}), forms.TextInput(attrs={"maxlength": 9})),
        (FilterHidden(), forms.HiddenInput()),
        (FilterDate(), forms.DateInput(attrs={"type": "date"})),
    ],
)
def test_a_control_says_what_djangos_own_says(ours, theirs, value):
    written, expected = (
        widget.render("field", value, {"id": "f-field", "required": False})
        for widget in (ours, theirs)
    )

    assert parsed(written) == parsed(expected)


def parsed(html):
    """Tags with their attributes, and the words between them."""
    found = []
    parser = HTMLParser()
    parser.handle_starttag = lambda tag, attrs: found.append((tag, sorted(attrs, key=str)))
    parser.handle_data = lambda data: found.append(data.strip())
    parser.feed(str(html))
    return [what for what in found if what]


@pytest.mark.django_db
def test_what_was_asked_stands_in_the_controls(pages):
    page = pages.get(
        "/runs?q=%22%3E%3Cscript%3E&mode=telemetry&created=between&createdFrom=2026-01-02"
    )

    assert element_of(page, "f-q")["value"] == '"><script>'
    assert element_of(page, "f-createdFrom")["value"] == "2026-01-02"
    assert '<option value="telemetry" selected>' in page.content.decode()
