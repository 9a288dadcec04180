"""Bundles that somebody else put there, met through the API: refused by file, line and column, soon and in little memory (row 15)."""

import hashlib
import json
import os
import socket
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from runs.models import Run
from telemetry.models import Capture
from tests.security.memory import peak_memory

pytestmark = [pytest.mark.django_db, pytest.mark.one_database, pytest.mark.failure(15)]

FILE = "Desk_Arrivals.csv"
GOOD = b"bin_index,value\n0,4\n1,9\n2,3\n3,2\n"


def bundle_of(world) -> Path:
    """The run's own telemetry on disk."""
    (found,) = (world.roots.telemetry / "runs" / world.run_id).iterdir()
    return found


def forge(world, content: bytes) -> None:
    """Put ``content`` in the place of a file, with a manifest and rows that agree, as an intruder with both would."""
    bundle = bundle_of(world)
    (bundle / FILE).write_bytes(content)
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    for file in manifest["files"]:
        if file["path"] == FILE:
            file["bytes"] = len(content)
            file["hash"] = f"sha256:{hashlib.sha256(content).hexdigest()}"
    data = json.dumps(manifest).encode()
    (bundle / "manifest.json").write_bytes(data)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    Capture.objects.filter(target=f"runs/{world.run_id}").update(manifest_hash=digest)
    Run.objects.filter(pk=world.run_id).update(telemetry_manifest_hash=digest)


def replay(world):
    """Replay from telemetry; the answer, with what it took."""
    runs = Run.objects.count()
    with peak_memory() as peak:
        answer = world.operator.post(f"/v1/runs/{world.run_id}/replays", {"from": "telemetry"})
    assert peak.grown < 64 << 20
    if answer.status_code != 201:
        assert Run.objects.filter(status="succeeded").count() <= runs
    return answer


def test_a_bundle_whose_rows_agree_with_it_is_replayed(world):
    forge(world, GOOD)

    assert replay(world).status_code == 201


@pytest.mark.parametrize(
    ("content", "line", "column"),
    [
        (b"", 1, 1),
        (b"\n", 1, 1),
        (b"bin_index,value", 1, 16),
        (b"value,bin_index\n0,4\n1,9\n2,3\n3,2\n", 1, 1),
        (b"bin_index;value\n0;4\n1;9\n2;3\n3;2\n", 1, 1),
        (GOOD.replace(b"\n", b"\r\n"), 1, 16),
        (GOOD.replace(b"\n", b"\r"), 1, 16),
        (GOOD.replace(b"2,3", b"2,x"), 4, 3),
        (GOOD.replace(b"2,3", b"2,0x3"), 4, 3),
        (GOOD.replace(b"2,3", b"2,1_000"), 4, 3),
        (GOOD.replace(b"2,3", b"2,1e999"), 4, 3),
        (GOOD.replace(b"2,3", b"2,-1e999"), 4, 3),
        (GOOD.replace(b"2,3", "2,３".encode()), 4, 3),
        (GOOD.replace(b"2,3", "2,١".encode()), 4, 3),
        (GOOD.replace(b"2,3", b"2,nan"), 4, 3),
        (GOOD.replace(b"2,3", b"2,inf"), 4, 3),
        (GOOD.replace(b"2,3", b"2,+3"), 4, 3),
        (GOOD.replace(b"2,3", b"2,.5"), 4, 3),
        (GOOD.replace(b"2,3", b"2,03"), 4, 3),
        (GOOD.replace(b"2,3", b"2, 3"), 4, 3),
        (GOOD.replace(b"2,3", b'2,"3"'), 4, 3),
        (GOOD.replace(b"2,3", b"2,3,4"), 4, 4),
        (GOOD.replace(b"2,3", b"2"), 4, 3),
        (GOOD.replace(b"2,3", b"02,3"), 4, 1),
        (GOOD.replace(b"2,3", b"1,3"), 4, 1),
        (GOOD.replace(b"2,3", b"=1+1,3"), 4, 1),
        (GOOD.replace(b"2,3\n", b""), 4, 1),
        (GOOD + b"4,1\n", 6, 1),
        (GOOD + b"\n", 6, 1),
        (GOOD.replace(b"2,3", b"2,\0"), 4, 3),
        (b"\0" * 10_000, 1, 1),
        (GOOD.replace(b"2,3", b"2,\xff"), 4, 3),
        (b"\xff\xfe" + GOOD.decode().encode("utf-16-le"), 1, 4),
        (GOOD.replace(b"2,3", b"2," + b"9" * 100_000), 4, 3),
        (GOOD.replace(b"2,3", b"2," + b"x" * 1_000_000), 4, 3),
    ],
)
def test_a_cell_that_is_no_number_is_named_by_line_and_column(world, content, line, column):
    forge(world, content)

    answer = replay(world)

    assert answer.status_code == 422, answer.content
    problem = answer.json()
    assert problem["code"] == "bundle_corrupt"
    assert problem["file"].endswith(FILE)
    if content:
        assert (problem["line"], problem["column"]) == (line, column), problem["detail"]
    assert len(problem["detail"]) < 400
    assert problem["detail"].isprintable()


def test_a_mark_of_byte_order_is_read_over(world):
    forge(world, b"\xef\xbb\xbf" + GOOD)

    assert replay(world).status_code == 201


def plant_symlink(path: Path, outside: Path) -> None:
    path.symlink_to(outside / "secret.csv")


def plant_loop(path: Path, outside: Path) -> None:
    path.symlink_to(path.name)


def plant_hard_link(path: Path, outside: Path) -> None:
    aside = path.parent.parent / "aside"
    aside.write_bytes(GOOD)
    os.link(aside, path)


def plant_fifo(path: Path, outside: Path) -> None:
    os.mkfifo(path)


def plant_directory(path: Path, outside: Path) -> None:
    path.mkdir()


def plant_socket(path: Path, outside: Path) -> None:
    here = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(f"/proc/self/fd/{here}/{path.name}")
    os.close(here)


def plant_device(path: Path, outside: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("making a device needs root")


def plant_sparse(path: Path, outside: Path) -> None:
    path.touch()
    os.truncate(path, 100 << 30)


PLANTS = [
    plant_symlink,
    plant_loop,
    plant_hard_link,
    plant_fifo,
    plant_directory,
    plant_socket,
    plant_device,
    plant_sparse,
]


@pytest.mark.parametrize("plant", PLANTS)
@pytest.mark.parametrize("name", [FILE, "manifest.json", "autocapture.json"])
def test_what_is_no_plain_file_is_refused_everywhere(
    world, outside, no_hang, plant: Callable[[Path, Path], None], name: str
):
    (capture,) = Capture.objects.filter(target=f"runs/{world.run_id}")
    path = bundle_of(world) / name
    path.unlink()
    plant(path, outside.path)

    answer = replay(world)
    verified = world.operator.post(f"/v1/telemetry/captures/{capture.pk}/verify")
    downloaded = world.operator.get(f"/v1/telemetry/captures/{capture.pk}/files/{name}")
    page = world.pages.get(f"/telemetry/{capture.pk}")

    assert answer.status_code == 422
    assert answer.json()["code"] == "bundle_corrupt"
    assert verified.status_code == 200
    assert verified.json()["integrity"]["state"] == "corrupt"
    assert downloaded.status_code == 422
    assert page.status_code == 200
    run = world.operator.get(f"/v1/runs/{world.run_id}").json()
    assert run["telemetry"]["available"] is False
    assert run["status"] == "succeeded"
    if path.is_file() and not path.is_symlink():
        path.unlink()


MANIFESTS = {
    "a path that climbs": lambda one: {**one, "path": "../../../outside/secret.csv"},
    "an absolute path": lambda one: {**one, "path": "/etc/passwd"},
    "a path with a NUL": lambda one: {**one, "path": "x\0.csv"},
    "a path of 3,000 characters": lambda one: {**one, "path": "x" * 3_000},
    "a device of Windows": lambda one: {**one, "path": "CON.csv"},
    "a backslash": lambda one: {**one, "path": "..\\secret.csv"},
    "another name": lambda one: {**one, "nodeId": "Somebody"},
    "a metric that is none": lambda one: {**one, "metric": "Gold"},
    "points of another grid": lambda one: {**one, "points": 10**12},
    "bytes below nothing": lambda one: {**one, "bytes": -1},
    "bytes beyond all disks": lambda one: {**one, "bytes": 10**30},
    "a digest that is none": lambda one: {**one, "hash": "sha256:xyz"},
    "no digest": lambda one: {name: value for name, value in one.items() if name != "hash"},
    "a member too many": lambda one: {**one, "extra": 1},
}


@pytest.mark.parametrize("name", MANIFESTS)
def test_a_manifest_that_lies_is_refused(world, outside, no_hang, name):
    bundle = bundle_of(world)
    manifest = json.loads((bundle / "manifest.json").read_bytes())
    manifest["files"][0] = MANIFESTS[name](manifest["files"][0])
    data = json.dumps(manifest).encode()
    (bundle / "manifest.json").write_bytes(data)
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    Capture.objects.filter(target=f"runs/{world.run_id}").update(manifest_hash=digest)
    Run.objects.filter(pk=world.run_id).update(telemetry_manifest_hash=digest)

    answer = replay(world)

    assert answer.status_code == 422
    assert answer.json()["code"] in ("bundle_corrupt", "bundle_mismatch", "bundle_missing")
    assert "secret" not in answer.json()["detail"]
