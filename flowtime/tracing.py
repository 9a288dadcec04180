"""Traces by OpenTelemetry, an extra: nothing is imported and nothing is sent unless FLOWTIME_TRACES is on.

Where they go is said by OpenTelemetry's own variables, such as OTEL_EXPORTER_OTLP_ENDPOINT.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from structlog.typing import EventDict, WrappedLogger


def start_tracing(service: str) -> None:
    """Trace this process as ``service``: every request, and every job by ``job_span``. Call it once."""
    if not settings.FLOWTIME_TRACES:
        return
    if find_spec("opentelemetry.sdk") is None:
        raise ImproperlyConfigured(
            "FLOWTIME_TRACES needs the extra `otel`: pip install 'flowtime[otel]'."
        )
    from opentelemetry import trace
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.instrumentation.django import DjangoInstrumentor
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    resource = Resource.create(
        {"service.name": service, "service.version": settings.FLOWTIME_VERSION}
    )
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace.set_tracer_provider(provider)
    DjangoInstrumentor().instrument()


@contextmanager
def job_span(kind: str, pk: Any) -> Iterator[None]:
    """The work on one row as a span; nothing where traces are off."""
    if not settings.FLOWTIME_TRACES:
        yield
        return
    from opentelemetry import trace

    facts = {f"flowtime.{kind}_id": str(pk)}
    with trace.get_tracer("flowtime").start_as_current_span(f"{kind}.work", attributes=facts):
        yield


def add_trace_ids(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Give a log line the ids by which it is found in its trace; nothing where traces are off."""
    # Not by the settings: lines are logged before there are any.
    trace = sys.modules.get("opentelemetry.trace")
    context = trace.get_current_span().get_span_context() if trace else None
    if trace and context and context.is_valid:
        event["trace_id"] = trace.format_trace_id(context.trace_id)
        event["span_id"] = trace.format_span_id(context.span_id)
    return event
