"""The catalog that the run tests use."""

import pytest

from runs import selectors
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
def make_run(api):
    """Call it for the row of a finished run of a template."""
    return lambda template="desk": selectors.get_run(flows.make_run(api, template)["runId"])
