"""Forms other than JSON: CSV, Parquet and YAML, whose bytes are made before they come here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer

from flowtime.api.renderers import JSONRenderer


class SchemaRenderer(JSONRenderer):
    """A JSON Schema by its own media type."""

    media_type = "application/schema+json"
    format = "schema"


class BytesRenderer(BaseRenderer):
    """Hands on what it is given."""

    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else bytes(data)


class CSVRenderer(BytesRenderer):
    """``text/csv``."""

    media_type = "text/csv"
    format = "csv"


class NDJSONRenderer(BytesRenderer):
    """One JSON document a line."""

    media_type = "application/x-ndjson"
    format = "ndjson"


class ParquetRenderer(BytesRenderer):
    """Apache Parquet."""

    media_type = "application/vnd.apache.parquet"
    format = "parquet"


class YAMLRenderer(BytesRenderer):
    """``application/yaml`` (RFC 9512)."""

    media_type = "application/yaml"
    format = "yaml"
