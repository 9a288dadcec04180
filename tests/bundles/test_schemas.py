"""The published JSON Schemas are those of the code, and real bundles satisfy them (bundles §3)."""

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator, ValidationError

from flowtime.bundles.schemas import json_schemas, main, schema_files

PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "schemas"


def test_the_published_schemas_are_current():
    """Refresh them with ``python -m flowtime.bundles.schemas docs/reference/schemas``."""
    published = {path.name: path.read_bytes() for path in PUBLISHED.iterdir()}

    assert published == schema_files()


def test_writing_them_gives_the_same_files(tmp_path):
    main(tmp_path / "schemas")

    assert {p.name: p.read_bytes() for p in (tmp_path / "schemas").iterdir()} == schema_files()


@pytest.mark.parametrize("name", json_schemas())
def test_each_is_a_schema(name):
    Draft202012Validator.check_schema(json_schemas()[name])


def files_of(roots):
    roots.run("run_1")
    roots.capture()
    run, capture = roots.path_of_run(), roots.path_of_capture()
    return {
        "run-manifest": run / "manifest.json",
        "run": run / "run.json",
        "series-index": run / "series" / "index.json",
        "telemetry-manifest": capture / "manifest.json",
        "autocapture": capture / "autocapture.json",
        "datapackage": capture / "datapackage.json",
    }


@pytest.mark.parametrize("name", json_schemas())
def test_a_real_file_satisfies_its_schema(roots, name):
    document = json.loads(files_of(roots)[name].read_bytes())
    validator = Draft202012Validator(json_schemas()[name])

    validator.validate(document)
    with pytest.raises(ValidationError):
        validator.validate({**document, "unknown": 1})
    if name != "datapackage":
        # A format of others, which has no version of ours.
        with pytest.raises(ValidationError):
            validator.validate({**document, "schemaVersion": 99})
