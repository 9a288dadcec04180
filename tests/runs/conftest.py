"""The catalog that the run tests use."""

import pytest

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
