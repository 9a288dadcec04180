"""Bundles made by somebody else: consistent hashes, bad content; refused by file, line and column (bundles §7)."""

import hashlib
import json
import tracemalloc

import pytest

from flowtime.bundles import BundleCorrupt, BundleError, open_run_bundle, verify_run_bundle

pytestmark = pytest.mark.failure(15)

SERIES = "series/served@SERVED@DEFAULT.csv"


def forge(roots, path: str, content: bytes) -> None:
    """Put ``content`` in the place of a file, and make the manifest agree with it."""
    (roots.path_of_run() / path).write_bytes(content)
    manifest = read_manifest(roots)
    for file in manifest["files"]:
        if file["path"] == path:
            file["bytes"] = len(content)
            file["sha256"] = hashlib.sha256(content).hexdigest()
    write_manifest(roots, manifest)


def read_manifest(roots):
    return json.loads((roots.path_of_run() / "manifest.json").read_bytes())


def write_manifest(roots, manifest) -> None:
    (roots.path_of_run() / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        (b"bin_index,value\n0,3\n1,3\n2,x\n3,3\n", 4, 3),
        (b"bin_index,value\n0,3\n1,3\n2,1e999\n3,3\n", 4, 3),
        (b"bin_index,value\r\n0,3\r\n1,3\r\n2,3\r\n3,3\r\n", 1, 16),
        (b"bin_index,value\n0,3\n1,3\n", 4, 1),
        (b"\0" * 1000, 1, 1),
        (b"=cmd|' /C calc'!A0\n", 1, 1),
    ],
)
def test_a_forged_series_is_refused_where_it_is_wrong(roots, content, line, column):
    roots.run()
    forge(roots, SERIES, content)

    with open_run_bundle(roots.runs, "run_1") as bundle, pytest.raises(BundleCorrupt) as refused:
        bundle.series("served@SERVED@DEFAULT")

    assert refused.value.extra == {"file": SERIES, "line": line, "column": column}


def test_a_forged_model_is_refused_where_it_is_wrong(roots):
    roots.run()
    forge(roots, "model/model.json", b'{"nodes":\n [1,}')

    with open_run_bundle(roots.runs, "run_1") as bundle, pytest.raises(BundleCorrupt) as refused:
        assert bundle.model_document

    assert refused.value.extra == {"file": "model/model.json", "line": 2, "column": 5}
    assert verify_run_bundle(roots.runs, "run_1").state == "corrupt"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe{}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b'{"schemaVersion":' + b"9" * 100_000 + b"}",
        b'{"schemaVersion": 1e999}',
        b'{"schemaVersion": true}',
        b"{" + b" " * 1_000_000 + b"}",
        b'"' + b"x" * 1_000_000 + b'"',
        '{"\u202e": 1}'.encode(),
    ],
)
@pytest.mark.parametrize("path", ["manifest.json", "run.json", "series/index.json"])
def test_json_that_is_not_ours_is_refused_by_name(roots, path, content):
    roots.run()
    if path == "manifest.json":
        (roots.path_of_run() / path).write_bytes(content)
    else:
        forge(roots, path, content)

    tracemalloc.start()
    with pytest.raises(BundleCorrupt) as refused, open_run_bundle(roots.runs, "run_1") as bundle:
        assert bundle.record and bundle.index
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert refused.value.extra["file"] == path
    assert len(refused.value.detail) < 400
    assert refused.value.detail.isprintable()
    assert peak < 50 << 20


@pytest.mark.parametrize(
    "path",
    [
        "../../outside/secret.csv",
        "/etc/passwd",
        "series/../../../outside/secret.csv",
        "./run.json",
        "series//index.json",
        "series\\index.json",
        "run.json\0",
        "~/x",
        ".hidden",
        "manifest.json",
        "RUN.JSON/",
        "a/" * 20 + "b",
        "x" * 3000,
        "",
        None,
        7,
        ["run.json"],
    ],
)
def test_a_manifest_that_names_a_path_is_refused_whole(roots, path):
    roots.run()
    manifest = read_manifest(roots)
    manifest["files"][0]["path"] = path
    write_manifest(roots, manifest)
    before = roots.everything()

    with pytest.raises(BundleCorrupt) as refused:
        open_run_bundle(roots.runs, "run_1")

    assert refused.value.extra["file"] == "manifest.json"
    assert "secret" not in refused.value.detail
    assert verify_run_bundle(roots.runs, "run_1").state == "corrupt"
    assert roots.everything() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schemaVersion", 2),
        ("schemaVersion", "1"),
        ("schemaVersion", None),
        ("runId", "../outside"),
        ("runId", "run_2"),
        ("grid", {"bins": 10**12, "binSize": 1, "binUnit": "minutes"}),
        ("grid", {"bins": 4.5, "binSize": 1, "binUnit": "minutes"}),
        ("grid", {"bins": 0, "binSize": 1, "binUnit": "minutes"}),
        ("modelHash", "sha256:xyz"),
        ("rng", {"kind": "other", "seed": 1}),
        ("rng", {"kind": "pcg32", "seed": -1}),
        ("files", [{"path": "run.json", "bytes": -1, "sha256": "0" * 64}]),
        ("files", [{"path": "run.json", "bytes": 10**30, "sha256": "0" * 64}]),
        ("files", "run.json"),
        ("extra", 1),
        ("kind", "telemetry"),
    ],
)
def test_a_manifest_with_one_wrong_fact_is_refused(roots, field, value):
    roots.run()
    manifest = read_manifest(roots)
    manifest[field] = value
    write_manifest(roots, manifest)

    with pytest.raises(BundleCorrupt):
        open_run_bundle(roots.runs, "run_1")


def test_a_manifest_without_a_version_is_refused(roots):
    roots.run()
    manifest = read_manifest(roots)
    del manifest["schemaVersion"]
    write_manifest(roots, manifest)

    with pytest.raises(BundleCorrupt, match="schemaVersion"):
        open_run_bundle(roots.runs, "run_1")


def test_a_file_listed_twice_is_refused(roots):
    roots.run()
    manifest = read_manifest(roots)
    manifest["files"].append({**manifest["files"][0], "path": "RUN.json"})
    write_manifest(roots, manifest)

    with pytest.raises(BundleCorrupt, match="two files have the same path"):
        open_run_bundle(roots.runs, "run_1")


def test_a_manifest_that_forgets_a_file_is_corrupt_when_it_is_needed(roots):
    roots.run()
    manifest = read_manifest(roots)
    manifest["files"] = [file for file in manifest["files"] if file["path"] != "run.json"]
    write_manifest(roots, manifest)

    with open_run_bundle(roots.runs, "run_1") as bundle, pytest.raises(BundleCorrupt) as refused:
        assert bundle.record

    assert refused.value.detail == "manifest.json of run bundle run_1 does not list run.json."
    assert verify_run_bundle(roots.runs, "run_1").state == "incomplete"


def test_numbers_that_are_not_finite_are_refused_in_free_json(roots):
    roots.run()
    record = json.loads((roots.path_of_run() / "run.json").read_bytes())
    record["parameters"] = {"demand": [1.0, float("nan")]}
    forge(roots, "run.json", json.dumps(record).encode())

    with open_run_bundle(roots.runs, "run_1") as bundle, pytest.raises(BundleCorrupt):
        assert bundle.record


def test_a_record_of_another_run_is_refused(roots):
    roots.run("run_1")
    roots.run("run_2")
    forge(roots, "run.json", (roots.path_of_run("run_2") / "run.json").read_bytes())

    with open_run_bundle(roots.runs, "run_1") as bundle, pytest.raises(BundleCorrupt):
        assert bundle.record


def test_refusals_carry_a_code_and_a_status(roots):
    with pytest.raises(BundleError) as refused:
        open_run_bundle(roots.runs, "run_1")

    assert (refused.value.code, refused.value.status) == ("bundle_missing", 422)
