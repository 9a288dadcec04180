"""The living page of components: staff only, complete, and made of the very templates that the pages use."""

from pathlib import Path

import pytest

from runs.specimens import FRAME, specimens
from tests.pages import text_of

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
COMPONENTS = sorted(Path(__file__).resolve().parents[2].glob("templates/components/*.html"))


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_every_component_is_shown(admin_pages, path):
    named = {f"components/{part.template}.html" for part in FRAME}
    named |= {specimen.template for specimen in specimens()}
    rendered = {template.name for template in admin_pages.get("/docs/ui").templates}

    assert f"components/{path.name}" in named
    assert f"components/{path.name}" in rendered


def test_nothing_is_named_that_is_not_there():
    named = {f"components/{part.template}.html" for part in FRAME}
    named |= {specimen.template for specimen in specimens()}

    assert named == {f"components/{path.name}" for path in COMPONENTS}


def test_each_says_what_to_do_and_what_not(admin_pages):
    said = text_of(admin_pages.get("/docs/ui"))

    assert all(specimen.do in said and specimen.dont in said for specimen in specimens())


def test_situations_are_those_of_the_pages(admin_pages):
    said = text_of(admin_pages.get("/docs/ui"))

    for sentence in (
        "No runs yet",
        "In the last 7 days there are 3 such runs.",
        "The database is busy",
        "This run failed.",
        "5,212 of 8,760 bins",
        "11 of 15 files",
        "Replace the existing telemetry?",
        "You need the operator role.",
    ):
        assert sentence in said


def test_colours_are_those_of_the_token_file(admin_pages):
    page = admin_pages.get("/docs/ui").content.decode()

    assert 'fill="var(--now)"' in page
    assert "--dlq-soft" in page


def test_only_staff_sees_it(pages, viewer_pages):
    for client in (pages, viewer_pages):
        response = client.get("/docs/ui")
        assert response.status_code == 403
        assert "You need the admin role" in text_of(response)
