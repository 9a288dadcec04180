"""The maintenance page of the admin: the same jobs as the commands, for admins alone."""

import pytest

from runs.models import Run
from telemetry.admin import maintaining
from telemetry.models import Capture
from tests.flows import make_capture, make_run

pytestmark = pytest.mark.django_db

PAGE = "/admin/telemetry/capture/maintenance"


@pytest.fixture
def run(api):
    return make_run(api)


@pytest.fixture
def capture(api, run):
    return make_capture(api, run["runId"])


def do(pages, job):
    return pages.post(PAGE, {"job": job})


def test_shows_every_job_and_does_none(admin_pages, capture):
    text = admin_pages.get(PAGE).content.decode()

    for job in maintaining.JOBS:
        assert f'value="{job.name}"' in text
    assert "bundles checked" not in text


def test_verifies(admin_pages, capture):
    text = do(admin_pages, "verify-deep").content.decode()

    assert "All is well" in text
    assert "2 bundles checked, 0 not valid." in text


def test_says_what_is_wrong_and_never_where(admin_pages, run, capture, data_dirs):
    (data_dirs.runs / run["runId"] / "run.json").write_text("{}")

    text = do(admin_pages, "verify").content.decode()

    assert "Something is wrong" in text
    assert f"{run['runId']}: corrupt" in text
    assert str(data_dirs.data) not in text


def test_reindexes(admin_pages, run, capture):
    Capture.objects.all().delete()
    Run.objects.all().delete()

    text = do(admin_pages, "reindex").content.decode()

    assert f"runs: adopted {run['runId']}" in text
    assert Run.objects.get().pk == run["runId"]


@pytest.mark.parametrize(("job", "says"), [("sweep", "0 removed."), ("reap", "0 rung again")])
def test_sweeps_and_reaps(admin_pages, capture, job, says):
    assert says in do(admin_pages, job).content.decode()


def test_more_than_a_request_can_do_is_for_the_command(admin_pages, capture, monkeypatch):
    monkeypatch.setattr(maintaining, "BUNDLE_LIMIT", 1)

    response = do(admin_pages, "verify")

    assert response.status_code == 413
    assert "too many for a page" in response.content.decode()


def test_a_root_that_is_away_is_told_and_no_bundle_is_called_missing(
    admin_pages, run, capture, data_dirs
):
    data_dirs.runs.rename(data_dirs.data / "away")

    response = do(admin_pages, "reindex")

    assert response.status_code == 503
    assert "The runs root cannot be opened" in response.content.decode()
    assert Run.objects.get().integrity == "valid"


def test_is_for_admins_alone(pages, capture):
    assert pages.get(PAGE).status_code in (302, 403)
    assert do(pages, "verify").status_code in (302, 403)
