"""The accelerator reads and writes nothing but what is its own: every comparison again, watched by sanitizers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from flowtime.engine.native.build import FLAGS
from flowtime.engine.native.library import SOURCE

SANITIZED = ("-g", "-O1", "-fsanitize=address,undefined", "-fno-sanitize-recover=undefined")
COMPARISONS = Path(__file__).with_name("test_same_results.py")


@pytest.mark.slow
def test_every_comparison_keeps_to_its_own_memory(tmp_path: Path) -> None:
    compiler = shutil.which("gcc")
    if compiler is None:
        pytest.skip("no gcc here, whose sanitizers watch")
    built = tmp_path / "watched.native"
    command = [compiler, *FLAGS, *SANITIZED, "-o", str(built), str(SOURCE), "-lm"]
    if subprocess.run(command, check=False).returncode:
        pytest.skip("this gcc comes without sanitizers")

    environment = os.environ | {
        "FLOWTIME_TEST_NATIVE": str(built),
        "LD_PRELOAD": " ".join(_runtime(compiler, name) for name in ("libasan.so", "libubsan.so")),
        "ASAN_OPTIONS": f"detect_leaks=0:log_path={tmp_path}/report",
        "UBSAN_OPTIONS": f"log_path={tmp_path}/report",
    }
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-n",
            "0",
            "-p",
            "no:cacheprovider",
            str(COMPARISONS),
        ],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )

    reports = [path.read_text(encoding="utf-8")[:3000] for path in tmp_path.glob("report*")]
    assert reports == []
    assert run.returncode == 0, run.stdout[-3000:]


def _runtime(compiler: str, name: str) -> str:
    """The library of a sanitizer, which has to be there before everything else."""
    asked = [compiler, f"-print-file-name={name}"]
    return subprocess.run(asked, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
