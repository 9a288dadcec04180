"""Prepared rows are the ORM's rows, as the database has them at each call."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from flowtime.people.models import Token
from flowtime.prepared import PreparedRow
from runs import selectors
from runs.models import Run
from tests.factories import RunFactory

pytestmark = pytest.mark.django_db


def test_a_row_is_the_one_that_the_orm_makes(alice):
    run = RunFactory(created_by=alice)

    found = selectors.get_run(run.pk)

    known = Run.objects.select_related("document", "created_by").get(pk=run.pk)
    columns = [field.attname for field in Run._meta.concrete_fields]
    assert [getattr(found, name) for name in columns] == [getattr(known, name) for name in columns]
    assert found.created_by == alice
    assert found.document.request == known.document.request
    assert found.document.get_deferred_fields() == {"template_text"}


def test_what_may_be_absent_is_none():
    run = RunFactory(created_by=None)

    assert selectors.get_run(run.pk).created_by is None
    assert selectors.find_run("run_none") is None


def test_a_row_is_read_anew_by_one_query():
    run = RunFactory()
    selectors.get_run(run.pk)
    Run.objects.filter(pk=run.pk).update(template_title="Renamed")

    with CaptureQueriesContext(connection) as asked:
        found = selectors.get_run(run.pk)

    assert found.template_title == "Renamed"
    assert len(asked) == 1


def test_a_row_can_be_saved_like_any_other():
    run = RunFactory()

    found = selectors.get_run(run.pk)
    found.warning_count = 3
    found.save(update_fields=("warning_count",))

    assert Run.objects.get(pk=run.pk).warning_count == 3
    assert Run.objects.count() == 1


def test_a_query_with_another_parameter_is_refused():
    row = PreparedRow(lambda digest: Token.objects.filter(pk=digest, token_key="a"))

    with pytest.raises(ValueError, match="only parameter"):
        row.find("x")
