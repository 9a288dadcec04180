"""A client generated from the committed OpenAPI document does the main job on a running server."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
GENERATOR = Path(sys.prefix) / "generator" / "bin"


@pytest.mark.slow
def test_a_generated_client_does_the_main_job(live_server: Any, token: str, tmp_path: Path) -> None:
    if not GENERATOR.is_dir():
        pytest.skip("the generator is not installed: make install does it")
    made = subprocess.run(
        [
            *(GENERATOR / "openapi-python-client", "generate", "--meta", "none"),
            *("--path", ROOT / "docs" / "reference" / "openapi.yaml"),
            *("--output-path", tmp_path / "flowtime_generated"),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stdout + made.stderr

    done = subprocess.run(
        [
            GENERATOR / "python",
            Path(__file__).with_name("generated_main_job.py"),
            live_server.url,
            token,
        ],
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["status"] == "succeeded"
    assert told["source"] == told["run"]
    assert told["files"] > 0
    assert told["identical"] is True
    assert told["waitingAtJfk"] == 36
    assert told["again"] == [409, "capture_exists"]
