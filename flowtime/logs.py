"""Log events: one line each, ``noun.verb_past`` with keys, never a path on disk and never a secret."""

import logging
import logging.config
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from flowtime.tracing import add_trace_ids

# What django-structlog calls its request events, in the words of this house.
EVENT_NAMES = {
    "request_started": "request.started",
    "request_finished": "request.finished",
    "request_failed": "request.failed",
    "request_cancelled": "request.cancelled",
    "streaming_started": "stream.started",
    "streaming_finished": "stream.finished",
    "streaming_failed": "stream.failed",
    "streaming_cancelled": "stream.cancelled",
}


def rename_events(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Give the request events their house names."""
    event["event"] = EVENT_NAMES.get(event["event"], event["event"])
    return event


def keep_to_one_line(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Write out what would begin a line, or colour one, on a terminal; JSON does so by itself.

    A name that somebody typed can hold a line of its own. Only tracebacks, which are ours, keep their lines.
    """
    return {
        _written_out(key): value if key in _OF_SEVERAL_LINES else _written_out(value)
        for key, value in event.items()
    }


_OF_SEVERAL_LINES = ("exception", "stack")


def _written_out(value: Any) -> Any:
    if not isinstance(value, str) or value.isprintable():
        return value
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in value)


class Redactor:
    """Replace directories and secrets in everything that is logged, tracebacks included.

    The longest text goes first: a root under the data directory is named by its own word.
    """

    def __init__(self, *, private: Mapping[str, Path], secrets: Iterable[str]) -> None:
        words = {str(path): word for word, path in private.items() if len(path.parts) > 1}
        words |= {sys.prefix: "<python>", sys.base_prefix: "<python>"}
        words |= {secret: "<secret>" for secret in secrets if secret}
        self.words = sorted(words.items(), key=lambda pair: len(pair[0]), reverse=True)

    def clean(self, text: str) -> str:
        """``text`` without private words."""
        for private, word in self.words:
            text = text.replace(private, word)
        return text

    def __call__(self, _: WrappedLogger, __: str, event: EventDict) -> EventDict:
        """Clean one event, keys and values, in place."""
        return {key: self._clean_value(value) for key, value in event.items()}

    def _clean_value(self, value: Any) -> Any:
        match value:
            case str():
                return self.clean(value)
            case bool() | int() | float() | None:
                return value
            case dict():
                return {str(key): self._clean_value(item) for key, item in value.items()}
            case list() | tuple() | set():
                return [self._clean_value(item) for item in value]
            case _:
                return self.clean(str(value))


def configure_logging(
    *, level: str, as_json: bool, private: Mapping[str, Path], secrets: Iterable[str]
) -> None:
    """Send structlog and the standard library through one chain to stderr.

    ``private`` maps a word to the directory it stands for in the log.
    """
    redact = Redactor(private=private, secrets=secrets)
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
    ]
    final: list[Processor] = [
        structlog.stdlib.ProcessorFormatter.remove_processors_meta,
        rename_events,
        add_trace_ids,
        structlog.processors.format_exc_info,
        structlog.processors.StackInfoRenderer(),
        redact,
        *(
            (structlog.processors.JSONRenderer(sort_keys=False),)
            if as_json
            else (
                keep_to_one_line,
                structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
            )
        ),
    ]
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "events": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "processors": final,
                    "foreign_pre_chain": [*shared, structlog.stdlib.ExtraAdder(allow=())],
                }
            },
            "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "events"}},
            "root": {"handlers": ["stderr"], "level": level},
            "loggers": {
                # Every request is one request.finished event already.
                "django.request": {"level": "CRITICAL"},
                "django.server": {"level": "WARNING"},
                "axes": {"level": "WARNING"},
                "django_tasks": {"level": "WARNING"},
                "django_tasks_db": {"level": "WARNING"},
                "httpx": {"level": "WARNING"},
            },
        }
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
