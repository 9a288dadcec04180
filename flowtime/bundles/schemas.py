"""JSON Schemas of every JSON file of a bundle, made from the types that read and write them."""

import sys
from pathlib import Path
from typing import Any

import orjson
from pydantic import BaseModel

from flowtime.bundles.interchange import DataPackage
from flowtime.bundles.manifests import (
    AutoCapture,
    RunManifest,
    RunRecord,
    SeriesIndex,
    TelemetryManifest,
)

_KINDS: dict[str, type[BaseModel]] = {
    "run-manifest": RunManifest,
    "run": RunRecord,
    "series-index": SeriesIndex,
    "telemetry-manifest": TelemetryManifest,
    "autocapture": AutoCapture,
    "datapackage": DataPackage,
}


def json_schemas() -> dict[str, dict[str, Any]]:
    """The schema (draft 2020-12) of each file, by a name that says which file it is."""
    return {name: _schema(kind) for name, kind in _KINDS.items()}


def _schema(kind: type[BaseModel]) -> dict[str, Any]:
    schema = kind.model_json_schema(by_alias=True, mode="validation")
    if "schemaVersion" in schema["properties"]:
        schema["required"] = ["schemaVersion", *schema["required"]]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def schema_files() -> dict[str, bytes]:
    """The schemas as they are published: file name and content."""
    options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
    return {
        f"{name}.schema.json": orjson.dumps(schema, option=options)
        for name, schema in json_schemas().items()
    }


def main(directory: Path) -> None:
    """Write the schemas into ``directory``: ``python -m flowtime.bundles.schemas docs/reference/schemas``."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in schema_files().items():
        (directory / name).write_bytes(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
