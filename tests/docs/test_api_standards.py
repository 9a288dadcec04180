"""Every rule of the API standards names a test that is there."""

import re
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
PAGE = REPOSITORY / "docs" / "api-standards.md"
RULE = re.compile(r"\d+\. .+ `(?P<file>tests/[\w/]+\.py)::(?P<test>\w+)`")


def test_every_rule_names_the_test_that_holds_it():
    rules = [line for line in PAGE.read_text().splitlines() if line[:1].isdigit()]

    assert len(rules) >= 20
    for rule in rules:
        held = RULE.fullmatch(rule)
        assert held, rule
        source = (REPOSITORY / held["file"]).read_text()
        assert re.search(rf"(?:def|class) {held['test']}\b", source), rule
