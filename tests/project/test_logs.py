"""Log lines: events with keys, no places, no secrets, nothing forged."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from flowtime.logs import Redactor

pytestmark = pytest.mark.failure(22)

SCRIPT = """
import logging, sys
from pathlib import Path
from flowtime.logs import configure_logging
configure_logging(
    level="INFO",
    as_json=True,
    private={"<runs>": Path("/data/place/runs"), "<data>": Path("/data/place")},
    secrets=("s3cret-key",),
)
import structlog
log = structlog.get_logger("test")
log.info("capture.generated", capture_key="a\\nb", run_id="run_1", where=Path("/data/place/runs/x"))
log.info("request_finished", code=200)
logging.getLogger("plain").warning("key is %s", "s3cret-key")
try:
    raise OSError(5, "broken", "/data/place/file")
except OSError:
    log.exception("job.failed")
"""


def log_lines() -> list[dict[str, object]]:
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=True, timeout=30
    )
    return [json.loads(line) for line in result.stderr.splitlines()]


def test_an_event_is_one_line_with_its_keys():
    first = log_lines()[0]

    assert first["event"] == "capture.generated"
    assert first["capture_key"] == "a\nb"
    assert first["level"] == "info"
    assert str(first["timestamp"]).endswith("Z")


def test_places_and_secrets_are_words():
    first, _, third, fourth = log_lines()

    assert first["where"] == "<runs>/x"
    assert third["event"] == "key is <secret>"
    assert "/data/place" not in json.dumps(fourth)
    assert "<data>/file" in str(fourth["exception"])


def test_events_of_others_get_our_names():
    assert log_lines()[1]["event"] == "request.finished"


def test_the_longest_place_is_replaced_first():
    redact = Redactor(private={"<data>": Path("/d/a"), "<runs>": Path("/d/a/runs")}, secrets=("",))

    assert redact.clean("/d/a/runs/1 /d/a/x") == "<runs>/1 <data>/x"


def test_a_root_directory_is_no_private_word():
    assert Redactor(private={"~": Path("/")}, secrets=()).clean("/v1/runs") == "/v1/runs"


def test_a_request_is_logged_under_its_id(client, caplog):
    with caplog.at_level(logging.INFO):
        client.get("/healthz", HTTP_X_REQUEST_ID="look-for-me")

    assert any("look-for-me" in record.getMessage() for record in caplog.records)
