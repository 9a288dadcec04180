"""The pages as readers see them: small templates, finished runs made through the services, and their parts."""

from collections.abc import Callable
from typing import Any

import pytest

from runs.models import Run
from tests import flows


@pytest.fixture(autouse=True)
def catalog_of_tests(data_dirs):
    """The small templates of ``flows``, beside those that are shipped."""
    flows.add_template(data_dirs.templates, flows.DESK, name="desk")
    flows.add_template(
        data_dirs.templates, flows.COUNTED, name="counted", counted_csv=flows.COUNTED_CSV
    )
    flows.add_template(data_dirs.templates, flows.BARE, name="bare")
    flows.add_template(data_dirs.templates, flows.BROKEN, name="broken")


@pytest.fixture
def make_run(alice: Any) -> Callable[..., Run]:
    """Call it for a finished run of a template, made by Alice."""
    from runs.services import RunRequest, create_run

    def make(template_id: str = "desk", **asked: Any) -> Run:
        return create_run(RunRequest(template_id=template_id, **asked), user=alice).run

    return make


@pytest.fixture
def make_capture(alice: Any) -> Callable[..., Any]:
    """Call it for a finished capture of a run, asked for by Alice."""
    from telemetry.services import request_capture

    def make(run: Run, **asked: Any) -> Any:
        capture = request_capture(run=run, user=alice, **asked)
        run.refresh_from_db()
        return capture

    return make
