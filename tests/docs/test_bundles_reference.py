"""The reference of the bundle formats says what the code does: fields, examples, layouts, codes."""

import hashlib
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator

from flowtime.bundles import (
    METRICS,
    Grid,
    Rng,
    Root,
    RunRecord,
    RunWindow,
    SeriesFacts,
    decode,
    encode,
    errors,
    format_series,
    parse_series,
    write_run_bundle,
)
from flowtime.bundles.interchange import DataPackage
from flowtime.bundles.manifests import (
    AutoCapture,
    RunManifest,
    SeriesIndex,
    TelemetryManifest,
)
from flowtime.bundles.schemas import json_schemas

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "bundles.md").read_text()
KINDS = {
    "run-manifest": RunManifest,
    "run": RunRecord,
    "series-index": SeriesIndex,
    "telemetry-manifest": TelemetryManifest,
    "autocapture": AutoCapture,
}
# Written for others and never read.
NOT_READ = {"datapackage": DataPackage}


def marked(mark: str) -> str:
    """What follows a mark in the page, up to the next heading or mark."""
    (_, found) = PAGE.split(f"<!-- {mark} -->\n")
    return re.split(r"\n(?:#|<!--)", found)[0]


def block(mark: str) -> str:
    found = re.match(r"```\w+\n(.*?)```", marked(mark), re.DOTALL)
    assert found
    return found.group(1)


def words(text: str) -> set[str]:
    return set(re.findall(r"`([^`]+)`", text))


def field_names(schema: dict) -> set[str]:
    parts = [schema, *schema.get("$defs", {}).values()]
    return {name for part in parts for name in part.get("properties", {})}


@pytest.mark.parametrize("name", {**KINDS, **NOT_READ})
def test_every_field_is_described(name):
    assert field_names(json_schemas()[name]) <= words(marked(f"fields: {name}"))


@pytest.mark.parametrize("name", KINDS)
def test_every_example_is_accepted(name):
    example = block(f"example: {name}")

    decode(KINDS[name], example.encode(), file="example")
    Draft202012Validator(json_schemas()[name]).validate(json.loads(example))


@pytest.mark.parametrize("name", NOT_READ)
def test_an_example_for_others_is_as_it_would_be_written(name):
    example = json.loads(block(f"example: {name}"))

    written = encode(NOT_READ[name].model_validate_json(block(f"example: {name}")))

    assert json.loads(written) == example
    Draft202012Validator(json_schemas()[name]).validate(example)


def test_the_example_of_a_series_is_what_is_written():
    text = block("example: csv").encode()
    values = parse_series(text, points=4, file="example")

    assert np.array_equal(values, [3, 0.1, np.nan, -2.5], equal_nan=True)
    assert format_series(values) == text


def test_every_metric_is_named():
    assert words(marked("metrics")) == set(METRICS)


def test_every_refusal_has_its_status():
    rows = dict(re.findall(r"^\| `(\w+)` \| (\d+) \|", marked("codes"), re.MULTILINE))
    raised = {
        kind.code: str(kind.status)
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.BundleError)
    }
    internal = {"error", "bundle_exists", "cancelled"}

    assert rows == {code: status for code, status in raised.items() if code not in internal}


@pytest.fixture
def run(tmp_path):
    model, digest = b"{}", "sha256:" + hashlib.sha256(b"{}").hexdigest()
    hashes = dict.fromkeys(("input_hash", "parameters_hash", "scenario_hash", "model_hash"), digest)
    record = RunRecord(
        run_id="run_1",
        template_id="intake",
        template_version="1.0.0",
        mode="simulation",
        grid=Grid(bins=2, bin_size=1, bin_unit="hours"),
        window=RunWindow(duration_minutes=120),
        rng=Rng(seed=7),
        engine_version="1.0.0",
        created_utc="2026-11-23T10:15:00Z",
        **hashes,
    )
    write_run_bundle(
        Root(tmp_path),
        "run_1",
        record=record,
        template_text="id: intake\n",
        model_document=model,
        model_yaml="{}\n",
        index=[SeriesFacts(series_id="a@A@DEFAULT", kind="flow", unit="entities/bin")],
        arrays={"a@A@DEFAULT": np.ones(2)},
    )
    return tmp_path / "run_1"


def test_the_layout_is_the_one_on_disk(run):
    written = {str(path.relative_to(run)) for path in run.rglob("*") if path.is_file()}
    described = {
        line.replace("<seriesId>", "a@A@DEFAULT")
        for line in block("layout: run").splitlines()
        if not line.startswith("telemetry/")
    }

    assert written == described


@pytest.mark.skipif(not shutil.which("sha256sum"), reason="sha256sum is not installed")
@pytest.mark.parametrize("tool", ["sha256sum", "jq"])
def test_a_command_for_a_shell_tells_good_from_bad(run, tool):
    if not shutil.which(tool):
        pytest.skip(f"{tool} is not installed")
    (command,) = re.findall(rf"^\$ ({tool} .*)$", PAGE, re.MULTILINE)

    def check() -> int:
        return subprocess.run(command, shell=True, cwd=run, capture_output=True).returncode

    assert check() == 0
    (run / "series" / "a@A@DEFAULT.csv").write_bytes(b"bin_index,value\n0,1\n1,2\n")
    assert check() == 1
