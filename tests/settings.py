"""The settings of the test suite: FlowTime's own, on a scratch directory, with a cheap password hash."""

import atexit
import os
import shutil
import tempfile

SCRATCH = tempfile.mkdtemp(prefix="flowtime-tests-")
# A fork (multiprocessing in a test) inherits this exit handler; only the maker cleans up.
MAKER = os.getpid()
atexit.register(lambda: os.getpid() == MAKER and shutil.rmtree(SCRATCH, ignore_errors=True))

os.environ["FLOWTIME_DATA_DIR"] = SCRATCH
for name in ("runs", "telemetry"):
    os.mkdir(os.path.join(SCRATCH, name))
os.environ["SECRET_KEY"] = "sentinel-secret-key-of-the-test-suite-7d1f0c5b9a3e4d2c8b6a"
os.environ.setdefault("FLOWTIME_LOG_LEVEL", "WARNING")
# A browser test leaves its event loop running in the process; Django would take every later test for
# asynchronous code and refuse it the database.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
for name in ("FLOWTIME_RUNS_ROOT", "FLOWTIME_TELEMETRY_ROOT", "FLOWTIME_TEMPLATE_DIRS", "DEBUG"):
    os.environ.pop(name, None)
if url := os.environ.get("FLOWTIME_TEST_DATABASE_URL"):
    os.environ["DATABASE_URL"] = url
else:
    os.environ.pop("DATABASE_URL", None)

from flowtime.settings import *
from flowtime.settings import DATABASES, REST_FRAMEWORK

ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AXES_ENABLED = False
# Every test has a client of its own, which would read all static files' names and times anew.
WHITENOISE_AUTOREFRESH = True
# The live server of tests serves uploads below this address; without one it takes every address for its own.
MEDIA_URL = "/uploads-that-nobody-makes/"
REST_FRAMEWORK |= {
    "DEFAULT_THROTTLE_RATES": dict.fromkeys(REST_FRAMEWORK["DEFAULT_THROTTLE_RATES"], None)
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, because threads and processes of one test share it; unsynced, because it is scratch.
    DATABASES["default"]["TEST"] = {"NAME": os.path.join(SCRATCH, "test.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"
else:
    # Two runs at once on one server must not meet.
    DATABASES["default"]["TEST"] = {"NAME": f"flowtime_test_{os.getpid()}"}
    DATABASES["default"]["OPTIONS"]["options"] += " -c synchronous_commit=off"
