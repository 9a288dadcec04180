"""The audit of dependencies: a known vulnerability fails, and what was not looked up is said."""

import subprocess

from tests.audit import judge
from tests.conftest import REPOSITORY

WELL = {"name": "django", "version": "5.2.1", "vulns": []}
ILL = {"name": "x", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["1.1", "2.0"]}]}
UNKNOWN = {"name": "y", "skip_reason": "not found"}


def test_a_known_vulnerability_fails_and_says_what_mends_it():
    lines, code = judge({"base.txt": {"dependencies": [WELL, ILL]}})

    assert code == 1
    assert lines == ["Vulnerable: x 1.0, PYSEC-1, mended in 1.1 or 2.0."]


def test_what_the_service_does_not_know_is_named_and_fails_nothing():
    reports = {"base.txt": {"dependencies": [WELL, UNKNOWN]}, "dev.txt": None}

    lines, code = judge(reports)

    assert code == 0
    assert lines[0].startswith("NOT AUDITED")
    assert lines[0].endswith("dev.txt, y.")


def test_nothing_known_is_said():
    assert judge({"base.txt": {"dependencies": [WELL]}}) == (
        ["No known vulnerability."],
        0,
    )


def test_the_check_looks_for_hazards_and_vulnerabilities():
    recipe = subprocess.run(
        ["make", "-n", "check"], cwd=REPOSITORY, capture_output=True, text=True, check=True
    ).stdout

    assert (
        "bandit --quiet --configfile pyproject.toml --recursive flowtime runs telemetry" in recipe
    )
    assert "-m tests.audit" in recipe
