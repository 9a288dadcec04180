"""`make fuzz MINUTES=30`: a program makes up requests against `serve` on scratch data, as long as it is told."""

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
# Limits would answer instead of the operations; tokens would revoke themselves.
NO_LIMITS = {f"FLOWTIME_THROTTLE_{scope}": "1000000/min" for scope in ("LOGIN", "RUNS", "CAPTURES")}
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,response_schema_conformance"


def main() -> int:
    """Start `serve`, send requests for so many minutes, and pass on what was found."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 3.0
    with tempfile.TemporaryDirectory(prefix="flowtime-fuzz-") as data:
        environment = os.environ | NO_LIMITS | {"FLOWTIME_DATA_DIR": data, "PYTHONUNBUFFERED": "1"}
        made = subprocess.run(
            [sys.executable, "manage.py", "bootstrap", "--json"],
            cwd=REPOSITORY,
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
        )
        token = json.loads(made.stdout)["users"]["operator"]["token"]
        served = subprocess.Popen(
            [sys.executable, "manage.py", "serve", "--port", "0"],
            cwd=REPOSITORY,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            url = next(
                found[1]
                for line in served.stdout or ()
                if (found := re.search(r"(http://\S+)/ ", line))
            )
            make_document(url, token)
            tool = Path(sys.executable).with_name("schemathesis")
            command = [
                str(tool),
                "run",
                f"{url}/v1/schema",
                "--header",
                f"Authorization: Bearer {token}",
            ]
            command += ["--exclude-path-regex", "^/v1/auth/", "--checks", CHECKS]
            command += [
                "--max-time",
                str(round(60 * minutes)),
                "--continue-on-failure",
                "--generation-database",
                "none",
            ]
            return subprocess.run(command, cwd=data, check=False).returncode
        finally:
            served.terminate()
            served.wait(timeout=60)


def make_document(url: str, token: str) -> None:
    """Have the server make its document, which the tool would wait for only ten seconds on a busy machine."""
    asked = urllib.request.Request(f"{url}/v1/schema", headers={"Authorization": f"Bearer {token}"})
    with urllib.request.urlopen(asked, timeout=120) as answer:
        answer.read()


if __name__ == "__main__":
    raise SystemExit(main())
