"""Settings: safe by default, refusing what is unsafe, clean in production."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
KEY = "k" * 20 + "0123456789abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJKLMN"


def manage(*arguments: str, data: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run manage.py in a process of its own, with only this environment."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=REPOSITORY,
        env=kept | {"FLOWTIME_DATA_DIR": str(data)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def ask(expression: str, *, data: Path, **environment: str) -> str:
    """What ``settings`` say in a process of its own."""
    code = f"from django.conf import settings; print(repr({expression}))"
    result = manage("shell", "--no-imports", "-c", code, data=data, **environment)
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    for name in ("runs", "telemetry"):
        (tmp_path / "data" / name).mkdir(parents=True)
    return tmp_path / "data"


class TestKey:
    def test_without_a_key_nothing_starts_and_the_sentence_says_why(self, data):
        result = manage("check", data=data)

        assert result.returncode != 0
        assert result.stderr.startswith("FlowTime cannot start. SECRET_KEY is not set")
        assert "Traceback" not in result.stderr
        assert str(data) not in result.stderr

    def test_a_local_key_is_made_once_and_is_nobody_elses(self, tmp_path):
        from flowtime.secret_key import find_key, make_local_key

        environment = {"FLOWTIME_DATA_DIR": str(tmp_path / "new")}

        assert make_local_key(environment) is True
        key = find_key(environment)
        assert make_local_key(environment) is False
        assert find_key(environment) == key
        assert len(key) > 50
        mode = (tmp_path / "new" / "secret-key").stat().st_mode
        assert stat.S_IMODE(mode) == 0o600

    def test_the_environment_goes_before_the_file(self, tmp_path):
        from flowtime.secret_key import find_key, make_local_key

        make_local_key({"FLOWTIME_DATA_DIR": str(tmp_path)})

        assert find_key({"FLOWTIME_DATA_DIR": str(tmp_path), "SECRET_KEY": "given"}) == "given"


class TestDefaults:
    def test_debug_is_off_and_only_this_machine_is_answered(self, data):
        told = ask("[settings.DEBUG, settings.ALLOWED_HOSTS]", data=data, SECRET_KEY=KEY)

        assert told == "[False, ['localhost', '127.0.0.1', '[::1]']]"

    def test_sqlite_is_durable_and_takes_its_lock_at_once(self, data):
        told = ask("settings.DATABASES['default']['OPTIONS']", data=data, SECRET_KEY=KEY)

        assert "'transaction_mode': 'IMMEDIATE'" in told
        assert "journal_mode=WAL" in told
        assert "synchronous=FULL" in told

    def test_the_roots_can_lie_anywhere(self, data, tmp_path):
        told = ask(
            "[str(settings.RUNS_ROOT), str(settings.TELEMETRY_ROOT)]",
            data=data,
            SECRET_KEY=KEY,
            FLOWTIME_RUNS_ROOT=str(tmp_path / "r"),
        )

        assert told == repr([str(tmp_path / "r"), str(data / "telemetry")])

    def test_a_kind_of_queue_that_is_not_there_is_refused(self, data):
        result = manage("check", data=data, SECRET_KEY=KEY, FLOWTIME_TASKS="pigeons")

        assert result.returncode != 0
        assert "FLOWTIME_TASKS is either `database` or `celery`." in result.stderr

    def test_celery_is_one_setting_away(self, data):
        told = ask(
            "settings.TASKS['default']['BACKEND']",
            data=data,
            SECRET_KEY=KEY,
            FLOWTIME_TASKS="celery",
        )

        assert told == "'flowtime.tasks.celery.CeleryBackend'"


@pytest.mark.slow
@pytest.mark.failure(23)
class TestProduction:
    def test_the_deployment_check_is_clean(self, data):
        result = manage(
            "check",
            "--deploy",
            "--fail-level",
            "WARNING",
            data=data,
            SECRET_KEY=KEY,
            FLOWTIME_HTTPS="true",
            ALLOWED_HOSTS="flowtime.example",
        )

        assert result.returncode == 0, result.stderr
        assert "no issues" in result.stdout

    def test_a_root_inside_the_other_is_an_error(self, data):
        result = manage(
            "check", data=data, SECRET_KEY=KEY, FLOWTIME_TELEMETRY_ROOT=str(data / "runs" / "x")
        )

        assert result.returncode != 0
        assert "flowtime.E003" in result.stderr
        assert str(data) not in result.stderr


class TestHeaders:
    def test_a_page_may_run_only_our_scripts(self, client, db):
        policy = client.get("/sign-in")["Content-Security-Policy"]

        directives = dict(part.strip().partition(" ")[::2] for part in policy.split(";"))
        assert directives["default-src"] == "'self'"
        assert directives["script-src"] == "'self'"
        assert directives["style-src"] == "'self'"
        assert directives["frame-ancestors"] == "'none'"
        assert directives["object-src"] == "'none'"

    def test_cookies_are_not_for_scripts_or_other_sites(self, client, alice):
        client.post("/sign-in", {"username": "alice", "password": "alicealice"})

        cookie = client.cookies["flowtime_session"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"

    def test_the_usual_headers_are_there(self, client):
        response = client.get("/healthz")

        assert response["X-Frame-Options"] == "DENY"
        assert response["X-Content-Type-Options"] == "nosniff"
        assert response["Referrer-Policy"] == "same-origin"


def test_every_variable_is_documented():
    code = "".join(
        (REPOSITORY / name).read_text()
        for name in ("flowtime/settings.py", "flowtime/secret_key.py", "tests/run.py")
    )
    names = set(re.findall(r"(?:env\.\w+|\.get)\(\s*\"([A-Z][A-Z_]+)\"", code)) - {"CI"}
    page = (REPOSITORY / "docs" / "reference" / "configuration.md").read_text()

    assert len(names) > 15
    assert {name for name in names if f"`{name}`" not in page} == set()
