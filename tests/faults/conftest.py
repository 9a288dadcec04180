"""What the campaign starts from: small templates, people, a tally, and a word on every row it covers."""

from collections.abc import Callable
from typing import Any

import pytest

from tests import flows
from tests.faults.campaign import Tally


@pytest.fixture(autouse=True)
def catalog_of_tests(data_dirs):
    """The small templates of ``flows``, beside those that are shipped."""
    flows.add_template(data_dirs.templates, flows.DESK, name="desk")
    flows.add_template(
        data_dirs.templates, flows.COUNTED, name="counted", counted_csv=flows.COUNTED_CSV
    )


@pytest.fixture
def tally(record_property: Callable[[str, Any], None]) -> Tally:
    """Count what is tried."""
    return Tally(record_property)
