"""`make audit`: known vulnerabilities of what is locked, and plainly what could not be looked up."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Report = dict[str, list[dict[str, Any]]]
LOCKED = ("requirements/base.txt", "requirements/dev.txt")


def main(files: Sequence[str]) -> int:
    """1 where a vulnerability is known; what could not be looked up is said, and fails nothing."""
    lines, code = judge({file: ask(file) for file in files or LOCKED})
    print("\n".join(lines))
    return code


def judge(reports: Mapping[str, Report | None]) -> tuple[list[str], int]:
    """What to say of the reports by file, and the exit code; None is a service that did not answer."""
    vulnerable: set[str] = set()
    unknown: set[str] = {file for file, report in reports.items() if report is None}
    for report in reports.values():
        for package in (report or {"dependencies": []})["dependencies"]:
            if package.get("skip_reason"):
                unknown.add(package["name"])
            for found in package.get("vulns", ()):
                mended = f", mended in {' or '.join(found['fix_versions'])}"
                vulnerable.add(
                    f"Vulnerable: {package['name']} {package['version']}, {found['id']}"
                    f"{mended if found['fix_versions'] else ''}."
                )
    lines = sorted(vulnerable)
    if unknown:
        names = ", ".join(sorted(unknown))
        lines.append(
            f"NOT AUDITED, because the service knows nothing of them or does not answer: {names}."
        )
    if not lines:
        lines.append("No known vulnerability.")
    return lines, int(bool(vulnerable))


def ask(file: str) -> Report | None:
    """What pip-audit says of one lock file; None where it could not ask."""
    command = [str(Path(sys.executable).parent / "pip-audit"), "--disable-pip", "--format", "json"]
    command += ["--progress-spinner", "off", "--timeout", "15", "--requirement", file]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        report: Report = json.loads(told.stdout)
    except (ValueError, subprocess.TimeoutExpired):
        return None
    return report


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
