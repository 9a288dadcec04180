"""Failpoints: registered by name, armed by one variable, refused in production, free when they are not armed."""

from __future__ import annotations

import errno
import re
import threading
import time

import pytest

from flowtime import faults
from tests.conftest import REPOSITORY
from tests.faults.campaign import KILLED, in_a_child
from tests.project.test_settings import KEY, manage

POINT = "publish.sealed"


def test_every_point_is_hit_in_the_code_and_no_other_name_is():
    code = "".join(
        path.read_text()
        for package in ("flowtime", "runs", "telemetry")
        for path in (REPOSITORY / package).rglob("*.py")
    )

    assert set(re.findall(r"faults\.hit\(\"([^\"]+)\"\)", code)) == set(faults.POINTS)


def test_an_unarmed_point_does_nothing_and_does_not_even_look_at_its_name():
    faults.hit(POINT)
    faults.hit("no such point")


def test_an_armed_process_knows_every_name_it_passes():
    with faults.armed("") as plan:
        faults.hit(POINT)
        with pytest.raises(faults.BadFailpoint, match="no such point"):
            faults.hit("no such point")

    assert plan.visits == {POINT: 1}


@pytest.mark.parametrize(
    ("action", "error"),
    [("eio", errno.EIO), ("enospc", errno.ENOSPC), ("emfile", errno.EMFILE)],
)
def test_a_point_refuses_as_the_disk_would(action, error):
    with faults.armed(f"{POINT}={action}"), pytest.raises(OSError) as refused:
        faults.hit(POINT)

    assert refused.value.errno == error


def test_a_point_raises_what_nobody_foresaw():
    with faults.armed(f"{POINT}=raise"), pytest.raises(faults.Failed):
        faults.hit(POINT)


def test_a_point_kills_its_process():
    assert in_a_child(lambda: faults.hit(POINT), f"{POINT}=kill") == KILLED


def test_a_point_acts_at_the_visit_it_was_told():
    with faults.armed(f"{POINT}=raise@3"):
        faults.hit(POINT)
        faults.hit(POINT)
        with pytest.raises(faults.Failed):
            faults.hit(POINT)
        faults.hit(POINT)


def test_a_point_pauses_until_it_is_let_go(tmp_path):
    here = tmp_path / "here"
    passed = threading.Event()
    with faults.armed(f"{POINT}=pause:{here}"):
        thread = threading.Thread(target=lambda: (faults.hit(POINT), passed.set()))
        thread.start()
        while not here.exists():
            time.sleep(0.005)
        assert not passed.is_set()
        here.unlink()
        thread.join()

    assert passed.is_set()


def test_a_point_sleeps():
    with faults.armed(f"{POINT}=sleep:30"):
        started = time.monotonic()
        faults.hit(POINT)

    assert time.monotonic() - started >= 0.03


@pytest.mark.parametrize(
    "text",
    [
        "nowhere=kill",
        POINT,
        f"{POINT}=explode",
        f"{POINT}=kill@x",
        f"{POINT}=sleep:x",
        f"{POINT}=pause:relative",
    ],
)
def test_what_cannot_be_meant_is_refused(text):
    with pytest.raises(faults.BadFailpoint), faults.armed(text):
        pass


class TestSettings:
    def check(self, tmp_path, **environment):
        for name in ("runs", "telemetry"):
            (tmp_path / name).mkdir()
        return manage("check", data=tmp_path, SECRET_KEY=KEY, **environment)

    def test_a_production_process_does_not_start_with_failpoints(self, tmp_path):
        result = self.check(tmp_path, FLOWTIME_FAILPOINTS=f"{POINT}=kill")

        assert result.returncode != 0
        assert "fail on purpose" in result.stderr

    def test_a_process_with_debug_arms_them(self, tmp_path):
        result = self.check(tmp_path, FLOWTIME_FAILPOINTS=f"{POINT}=kill", DEBUG="true")

        assert result.returncode == 0, result.stderr

    def test_a_name_that_is_not_there_is_told(self, tmp_path):
        result = self.check(tmp_path, FLOWTIME_FAILPOINTS="nowhere=kill", DEBUG="true")

        assert result.returncode != 0
        assert "nowhere is not a registered failpoint." in result.stderr
