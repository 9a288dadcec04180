"""Row 3: the disk as it is at one instant, copied while a writer works, mounted again: what a power cut leaves."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest

from tests.conftest import REPOSITORY
from tests.faults import disks
from tests.faults.invariant import problems_of
from tests.faults.service import make_place

pytestmark = [pytest.mark.needs_root, pytest.mark.slow, pytest.mark.failure(3)]

IMAGE_BYTES = 48 << 20
CUTS = 6
RUN = "run_1"


@contextmanager
def image_mounted(image, place):
    """The ext4 file system in ``image``, its journal replayed."""
    place.mkdir(exist_ok=True)
    reason = "this machine does not let a test mount an image"
    disks.do("mount", "-o", "loop", image, place, reason=reason)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def lines_of(log):
    """What the writer has said in full: a torn last line has not been said yet."""
    return log.read_text().rpartition("\n")[0].splitlines()


def wait_for_lines(log, number):
    deadline = time.monotonic() + 60
    while len(lines_of(log)) < number and time.monotonic() < deadline:
        time.sleep(0.002)


@pytest.fixture
def disk(tmp_path):
    """An empty ext4 file system in a file."""
    disks.need("mkfs.ext4", "mount")
    image = tmp_path / "disk.img"
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    subprocess.run(["mkfs.ext4", "-q", "-F", str(image)], check=True)
    return image


def copy_at_one_instant(disk, copy, writer):
    """The image with nobody writing meanwhile: what a disk holds when the current goes."""
    writer.send_signal(signal.SIGSTOP)
    try:
        shutil.copyfile(disk, copy)
    finally:
        writer.send_signal(signal.SIGCONT)


def test_what_was_acknowledged_survives_a_power_cut(disk, tmp_path, tally):
    log = tmp_path / "log.txt"
    survived = 0
    with image_mounted(disk, tmp_path / "live") as live, log.open("w") as out:
        root = live / "telemetry"
        root.mkdir()
        os.sync()
        writer = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.writer", str(root), RUN, "100000"],
            cwd=REPOSITORY,
            stdout=out,
        )
        try:
            copies = []
            for cut in range(CUTS):
                wait_for_lines(log, len(lines_of(log)) + 2)
                time.sleep(0.003 * cut)
                said = lines_of(log)
                copy = tmp_path / f"cut-{cut}.img"
                copy_at_one_instant(disk, copy, writer)
                copies.append((copy, said))
        finally:
            writer.kill()
            writer.wait()

    for copy, said in copies:
        kept = dict(line.split()[1:] for line in said if line.startswith("acknowledged"))
        assert kept, "The writer had acknowledged nothing yet."
        with image_mounted(copy, tmp_path / "after") as after:
            there = {path.name: path for path in (after / "telemetry" / "runs" / RUN).iterdir()}
            for number in kept:
                name = f"g{int(number):06d}"
                assert name in there, f"{name} was acknowledged and is gone."
            for name, directory in there.items():
                assert problems_of(directory) == [], name
            survived += len(kept)
    tally.kills(CUTS)
    tally.acknowledged(survived)


WORK = """
import sys
from django.contrib.auth import get_user_model
from runs import services as runs
from runs.requests import RunRequest
from telemetry import services as captures
person = get_user_model().objects.get(username="operator")
for number in range(10_000):
    run = runs.create_run(RunRequest(template_id="desk"), user=person).run
    print("run", run.pk, run.manifest_hash, flush=True)
    for _ in range(2):
        made = captures.request_capture(run=run, user=person, overwrite=True)
        print("capture", made.pk, made.manifest_hash, flush=True)
"""
LOOK = """
import json
from runs.models import Run
from telemetry.models import Capture
rows = [*Run.objects.values_list("pk", "status", "manifest_hash")]
rows += Capture.objects.values_list("pk", "status", "manifest_hash")
print(json.dumps({pk: [status, digest] for pk, status, digest in rows}))
"""


def test_rows_and_bundles_that_were_acknowledged_survive_together(disk, tmp_path, tally):
    log = tmp_path / "log.txt"
    with image_mounted(disk, tmp_path / "live") as live, log.open("w") as out:
        place = make_place(live / "data")
        os.sync()
        writer = subprocess.Popen(
            [sys.executable, "manage.py", "shell", "--no-imports", "-c", WORK],
            cwd=REPOSITORY,
            env=place.environment,
            stdout=out,
        )
        try:
            wait_for_lines(log, 7)
            said = lines_of(log)
            copy = tmp_path / "cut.img"
            copy_at_one_instant(disk, copy, writer)
        finally:
            writer.kill()
            writer.wait()

    with image_mounted(copy, tmp_path / "after") as after:
        found = place.at(after / "data")
        rows = found.manage("shell", "--no-imports", "-c", LOOK)
        for line in said:
            _, pk, digest = line.split()
            status, kept = rows[pk]
            assert kept == digest
            assert status in ("succeeded", "superseded")
        reaped, told, first, again = found.maintain("reap", "verify --deep", "reindex", "reindex")
        assert told["problems"] == []
        assert first["runs"]["missing"] == first["captures"]["missing"] == []
        assert not again["runs"]["adopted"] and not again["captures"]["adopted"]
        assert reaped["failed"] == []
    tally.kills()
    tally.acknowledged(len(said))
