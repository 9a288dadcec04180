"""Settings of FlowTime, all from the environment (docs/reference/configuration.md lists them)."""

import sys
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import environ
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from flowtime import __version__, faults
from flowtime.api.openapi import SPECTACULAR
from flowtime.logs import configure_logging
from flowtime.secret_key import SecretKeyMissing, data_dir, find_key

env = environ.Env()
BASE_DIR = Path(__file__).resolve().parent.parent
FLOWTIME_VERSION = __version__

###############################################################################
# Data on disk: the bundles are the truth, the database is their index.
###############################################################################
DATA_DIR = data_dir()
RUNS_ROOT = Path(env.str("FLOWTIME_RUNS_ROOT", default="") or DATA_DIR / "runs").absolute()
TELEMETRY_ROOT = Path(
    env.str("FLOWTIME_TELEMETRY_ROOT", default="") or DATA_DIR / "telemetry"
).absolute()
TEMPLATE_DIRS = [
    Path(directory).absolute() for directory in env.list("FLOWTIME_TEMPLATE_DIRS", default=[])
]
# With less free space than this FlowTime says that it is not ready; it still tries to write.
FLOWTIME_MIN_FREE_MB = env.int("FLOWTIME_MIN_FREE_MB", default=64)

###############################################################################
# Safety: off unless asked for; without a key nothing starts.
###############################################################################
DEBUG = env.bool("DEBUG", default=False)
try:
    SECRET_KEY = find_key()
except SecretKeyMissing as missing:
    raise ImproperlyConfigured(str(missing)) from None
if failpoints := env.str("FLOWTIME_FAILPOINTS", default=""):
    if not DEBUG:
        raise ImproperlyConfigured(
            "FLOWTIME_FAILPOINTS makes FlowTime fail on purpose: only with DEBUG."
        )
    try:
        faults.arm(failpoints)
    except faults.BadFailpoint as bad:
        raise ImproperlyConfigured(f"FLOWTIME_FAILPOINTS: {bad}") from None
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["localhost", "127.0.0.1", "[::1]"])

# The public address, such as https://flowtime.example; secure cookies and redirects follow from it.
FLOWTIME_HTTPS = env.bool("FLOWTIME_HTTPS", default=False)
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = FLOWTIME_HTTPS
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if FLOWTIME_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = FLOWTIME_HTTPS
if env.bool("FLOWTIME_BEHIND_PROXY", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "flowtime_session"
CSRF_COOKIE_NAME = "flowtime_csrf"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        # Widths and colours that belong to one element; styles cannot run anything.
        "style-src-attr": ["'unsafe-inline'"],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# The API refuses longer bodies in flowtime.api.middleware; this is the same limit for forms.
BODY_LIMIT = 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = BODY_LIMIT

###############################################################################
# What is installed
###############################################################################
INSTALLED_APPS = [
    # Before django_tasks_db: runs adds liveness to its db_worker command.
    "runs",
    "telemetry",
    "flowtime.api",
    "flowtime.people",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "rest_framework",
    "knox",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "axes",
    "csp",
    "django_htmx",
    "template_partials",
    "django_tasks",
    "django_tasks_db",
    "django_prometheus",
    "django_structlog",
]
MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "flowtime.api.middleware.RequestIdMiddleware",
    "flowtime.slow_requests.SlowRequestMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "flowtime.api.middleware.NulMiddleware",
    "flowtime.api.middleware.BodyLimitMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "flowtime.people.preferences.PreferencesMiddleware",
    "axes.middleware.AxesMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
ROOT_URLCONF = "flowtime.urls"
WSGI_APPLICATION = "flowtime.wsgi.application"
ASGI_APPLICATION = "flowtime.asgi.application"
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
            "builtins": ["template_partials.templatetags.partials"],
        },
    }
]

###############################################################################
# Database and cache
###############################################################################
DATABASES = {
    "default": env.db("DATABASE_URL", default=f"sqlite:///{DATA_DIR / 'flowtime.sqlite3'}")
}
DATABASES["default"]["CONN_MAX_AGE"] = None
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        # Take the write lock at BEGIN: a read that later writes would otherwise fail at once
        # with "database is locked", whatever the timeout.
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        # FULL: an answered request survives a power cut; NORMAL could lose the last commits.
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; "
        "PRAGMA mmap_size=134217728; PRAGMA cache_size=-16000;",
    }
else:
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
    # As long as SQLite waits above: then the request is told to come again, instead of being killed.
    DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c lock_timeout=20s")

# Shared by every process, so that limits are too. The table comes with `migrate`.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "flowtime_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}

###############################################################################
# Background work: the row is the job, the queue is only a doorbell.
###############################################################################
FLOWTIME_TASKS = env.str("FLOWTIME_TASKS", default="database")
TASK_BACKENDS = {
    "database": {"BACKEND": "django_tasks_db.DatabaseBackend", "QUEUES": []},
    "celery": {"BACKEND": "flowtime.tasks.celery.CeleryBackend", "QUEUES": []},
}
if FLOWTIME_TASKS not in TASK_BACKENDS:
    raise ImproperlyConfigured("FLOWTIME_TASKS is either `database` or `celery`.")
TASKS = {"default": TASK_BACKENDS[FLOWTIME_TASKS]}
CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", default="redis://127.0.0.1:6379/0")

###############################################################################
# People: sessions and bearer tokens, lockout
###############################################################################
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "/runs"
LOGOUT_REDIRECT_URL = "login"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "flowtime.api.authentication.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SESSION_ENGINE = "flowtime.people.sessions"
KNOX_TOKEN_MODEL = "people.Token"
# Its own table of tokens would be made all the same, and PostgreSQL could not flush people for it.
MIGRATION_MODULES = {"knox": None}
REST_KNOX = {"AUTH_HEADER_PREFIX": "Bearer", "TOKEN_TTL": timedelta(days=90)}
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_CALLABLE = "flowtime.pages.locked_out"
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
# The door opens when it was said to, however often somebody knocks meanwhile.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False

###############################################################################
# The API
###############################################################################
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "flowtime.api.authentication.BearerAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["flowtime.api.permissions.DenyByDefault"],
    "DEFAULT_RENDERER_CLASSES": ["flowtime.api.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["flowtime.api.parsers.JSONParser"],
    "DEFAULT_THROTTLE_CLASSES": ["flowtime.api.throttles.ActionThrottle"],
    "DEFAULT_FILTER_BACKENDS": [],
    "DEFAULT_PAGINATION_CLASS": None,
    "DEFAULT_METADATA_CLASS": None,
    "DEFAULT_SCHEMA_CLASS": "flowtime.api.schema.Schema",
    "EXCEPTION_HANDLER": "drf_standardized_errors.handler.exception_handler",
    "DEFAULT_THROTTLE_RATES": {
        "login": env.str("FLOWTIME_THROTTLE_LOGIN", default="20/min"),
        "runs.create": env.str("FLOWTIME_THROTTLE_RUNS", default="240/min"),
        "captures.create": env.str("FLOWTIME_THROTTLE_CAPTURES", default="240/min"),
    },
    "NUM_PROXIES": env.int("FLOWTIME_PROXIES", default=0),
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
DRF_STANDARDIZED_ERRORS = {
    "EXCEPTION_HANDLER_CLASS": "flowtime.api.problems.ProblemHandler",
    "EXCEPTION_FORMATTER_CLASS": "flowtime.api.problems.ProblemFormatter",
    "ENABLE_IN_DEBUG_FOR_UNHANDLED_EXCEPTIONS": True,
    # No field name holds a line feed, so it separates the steps of a pointer without doubt.
    "NESTED_FIELD_SEPARATOR": "\n",
}
SPECTACULAR_SETTINGS = SPECTACULAR

###############################################################################
# Language, time, static files
###############################################################################
LANGUAGE_CODE = "en-gb"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True
STATIC_URL = "/static/"
STATIC_ROOT = env.str("FLOWTIME_STATIC_ROOT", default="") or None
# Without a collected tree the files are served from where they are installed.
WHITENOISE_USE_FINDERS = STATIC_ROOT is None
VENDOR_DIRS = [
    ("vendor/uplot", BASE_DIR / "node_modules" / "uplot" / "dist"),
    ("vendor/dagre", BASE_DIR / "node_modules" / "@dagrejs" / "dagre" / "dist"),
]
STATICFILES_DIRS = [
    BASE_DIR / "flowtime" / "static",
    *((prefix, directory) for prefix, directory in VENDOR_DIRS if directory.is_dir()),
]

###############################################################################
# Logs and metrics
###############################################################################
LOGGING_CONFIG = None
configure_logging(
    level=env.str("FLOWTIME_LOG_LEVEL", default="INFO"),
    as_json=env.bool("FLOWTIME_LOG_JSON", default=not sys.stderr.isatty()),
    private={
        "<runs>": RUNS_ROOT,
        "<telemetry>": TELEMETRY_ROOT,
        "<data>": DATA_DIR,
        "<code>": BASE_DIR,
        "~": Path.home(),
    },
    secrets=(SECRET_KEY, urlsplit(env.str("DATABASE_URL", default="")).password or ""),
)
DJANGO_STRUCTLOG_TRUST_UPSTREAM_REQUEST_ID = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False
DJANGO_STRUCTLOG_STATUS_START_LOG_LEVEL = 10
DJANGO_STRUCTLOG_STATUS_4XX_LOG_LEVEL = 20
PROMETHEUS_EXPORT_MIGRATIONS = False
FLOWTIME_SLOW_REQUEST_MS = env.int("FLOWTIME_SLOW_REQUEST_MS", default=1000)
FLOWTIME_TRACES = env.bool("FLOWTIME_TRACES", default=False)

SILENCED_SYSTEM_CHECKS: list[str] = []
