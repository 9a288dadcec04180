"""Slow requests are logged by their route, and quick ones are not."""

from typing import Any

import pytest

pytestmark = pytest.mark.django_db


def slow_lines(caplog: pytest.LogCaptureFixture) -> list[Any]:
    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    return [line for line in lines if line["event"] == "request.slow"]


def test_a_slow_request_is_told_without_what_was_asked_for(
    api: Any, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.FLOWTIME_SLOW_REQUEST_MS = 1e-6

    api.get("/v1/runs/run_secret", HTTP_ACCEPT="application/json")

    (line,) = slow_lines(caplog)
    assert (line["method"], line["code"]) == ("GET", 404)
    assert line["route"] == "v1/runs/<str:run_id>"
    assert "run_secret" not in str(line)


@pytest.mark.parametrize("limit", [0, 600_000])
def test_a_quick_request_is_not_told(
    api: Any, settings: Any, caplog: pytest.LogCaptureFixture, limit: int
) -> None:
    settings.FLOWTIME_SLOW_REQUEST_MS = limit

    api.get("/v1/runs")

    assert slow_lines(caplog) == []
