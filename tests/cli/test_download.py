"""`flowtime telemetry download`: the bytes of the server, checked, and nowhere but where they were asked for."""

import hashlib
import json
from pathlib import Path

import pytest

from flowtime.client.resources import Capture
from tests.cli.conftest import Command, Stranger
from tests.conftest import DataDirs


def downloaded(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in directory.iterdir()}


def test_a_bundle_is_downloaded_byte_for_byte(
    flowtime: Command, captured: str, data_dirs: DataDirs, tmp_path: Path
) -> None:
    target = tmp_path / "bundle"

    ended = flowtime("telemetry", "download", captured, "--output", str(target))

    assert ended.code == 0, ended.err
    (manifest,) = data_dirs.telemetry.rglob("manifest.json")
    assert downloaded(target) == downloaded(manifest.parent)
    assert ended.out.splitlines()[-1] == "manifest.json"


def test_one_file_can_be_chosen(flowtime: Command, captured: str, tmp_path: Path) -> None:
    target = tmp_path / "bundle"

    ended = flowtime("telemetry", "download", captured, "autocapture.json", "--output", str(target))

    assert ended.code == 0, ended.err
    assert list(downloaded(target)) == ["autocapture.json"]


def test_a_file_the_bundle_has_not_is_3(flowtime: Command, captured: str, tmp_path: Path) -> None:
    ended = flowtime("telemetry", "download", captured, "other.csv", "-o", str(tmp_path / "b"))

    assert ended.code == 3
    assert not (tmp_path / "b").exists()


def test_files_that_are_there_are_replaced_only_when_asked(
    flowtime: Command, captured: str, tmp_path: Path
) -> None:
    target = tmp_path / "bundle"
    target.mkdir()
    (target / "manifest.json").write_text("mine")

    refused = flowtime("telemetry", "download", captured, "--output", str(target))

    assert refused.code == 4
    assert downloaded(target) == {"manifest.json": b"mine"}

    replaced = flowtime("telemetry", "download", captured, "-o", str(target), "--overwrite")

    assert replaced.code == 0
    assert downloaded(target)["manifest.json"] != b"mine"


CAPTURE = {**dict.fromkeys(Capture.__required_keys__), "captureId": "cap_1"}
BASE = "/v1/telemetry/captures/cap_1"


def tell(stranger: Stranger, *, path: str, data: bytes, digest: str) -> None:
    """Make the strange server offer a bundle of one file."""
    manifest = {"files": [{"path": path, "bytes": len(data), "hash": digest}]}
    stranger.answers = {
        BASE: json.dumps(CAPTURE).encode(),
        f"{BASE}/manifest": json.dumps(manifest).encode(),
        f"{BASE}/files/{path}": data,
    }


def test_a_file_with_another_hash_is_not_kept(
    flowtime: Command, stranger: Stranger, tmp_path: Path
) -> None:
    tell(stranger, path="a.csv", data=b"changed", digest="sha256:" + "0" * 64)

    ended = flowtime("telemetry", "download", "cap_1", "a.csv", "-o", str(tmp_path / "bundle"))

    assert ended.code == 1
    assert "(bundle_corrupt)" in ended.err
    assert downloaded(tmp_path / "bundle") == {}


@pytest.mark.parametrize("name", ["../a.csv", "/etc/passwd", "a/b.csv", ".hidden", "", "a\n.csv"])
def test_a_name_that_leads_elsewhere_is_refused_before_anything_is_written(
    flowtime: Command, stranger: Stranger, tmp_path: Path, name: str
) -> None:
    data = b"x"
    tell(stranger, path=name, data=data, digest=f"sha256:{hashlib.sha256(data).hexdigest()}")

    ended = flowtime("telemetry", "download", "cap_1", "-o", str(tmp_path / "in" / "bundle"))

    assert ended.code == 1
    assert "(unsafe_name)" in ended.err
    assert not (tmp_path / "in").exists()
