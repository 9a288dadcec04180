"""The accelerator for tests: built where a C compiler is, as ``make install`` does."""

from __future__ import annotations

import pytest

from flowtime.engine.native.build import build
from flowtime.engine.native.library import Library, open_library


@pytest.fixture(scope="session")
def library() -> Library:
    built = build()
    if built is None:
        pytest.skip("no C compiler here")
    found = open_library(built)
    assert found is not None
    return found
