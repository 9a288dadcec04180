"""The accelerator for tests: the one that ``FLOWTIME_TEST_NATIVE`` names, or built as ``make install`` does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flowtime.engine.native.build import build
from flowtime.engine.native.library import Library, open_library


@pytest.fixture(scope="session")
def library() -> Library:
    given = os.environ.get("FLOWTIME_TEST_NATIVE")
    built = Path(given) if given else build()
    if built is None:
        pytest.skip("no C compiler here")
    found = open_library(built)
    assert found is not None
    return found
