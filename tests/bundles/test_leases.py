"""Leases: a job whose process is gone is known to be dead at once, on the machine where it died."""

import os
import signal
import time

import pytest

from flowtime.bundles import BundleExists, InvalidName, holding, is_abandoned, leases, sweep_leases


def leased(roots):
    directory = roots.runs.path / ".leases"
    return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


def test_a_job_at_work_is_not_abandoned_and_leaves_nothing_behind(roots):
    with holding(roots.runs, "run_1"):
        assert leased(roots) == ["run_1"]
        assert not is_abandoned(roots.runs, "run_1")

    assert leased(roots) == []
    assert not is_abandoned(roots.runs, "run_1")


def test_a_job_whose_process_was_killed_is_abandoned(roots):
    child = os.fork()
    if child == 0:
        with holding(roots.runs, "run_1"):
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)

    assert is_abandoned(roots.runs, "run_1")
    with holding(roots.runs, "run_1"):
        assert not is_abandoned(roots.runs, "run_1")


def test_a_job_that_ended_without_a_word_is_abandoned_and_one_that_was_refused_is_not(roots):
    with pytest.raises(ZeroDivisionError), holding(roots.runs, "run_1"):
        raise ZeroDivisionError
    with pytest.raises(BundleExists), holding(roots.runs, "run_2"):
        raise BundleExists("It is there.")

    assert is_abandoned(roots.runs, "run_1")
    assert leased(roots) == ["run_1"]


def test_nobody_knows_of_a_death_on_another_machine(roots, monkeypatch):
    with pytest.raises(ZeroDivisionError), holding(roots.runs, "run_1"):
        raise ZeroDivisionError
    (roots.runs.path / ".leases" / "run_1").write_bytes(b"another-boot-of-another-kernel")

    assert not is_abandoned(roots.runs, "run_1")

    # A system that cannot tell its boots apart has no evidence either.
    monkeypatch.setattr(leases, "_this_machine", lambda: b"")
    (roots.runs.path / ".leases" / "run_1").write_bytes(b"")
    assert not is_abandoned(roots.runs, "run_1")


def test_a_lease_that_cannot_be_had_stops_nobody(roots):
    (roots.runs.path / ".leases").write_text("in the way")

    with holding(roots.runs, "run_1"):
        assert not is_abandoned(roots.runs, "run_1")


def test_a_second_holder_neither_waits_nor_takes_it_away(roots):
    with holding(roots.runs, "run_1"):
        with holding(roots.runs, "run_1"):
            pass
        assert leased(roots) == ["run_1"]
        assert not is_abandoned(roots.runs, "run_1")


def test_a_lease_is_no_way_out_of_the_root(roots):
    before = roots.everything()

    with pytest.raises(InvalidName), holding(roots.runs, "../outside/secret.txt"):
        pass
    with pytest.raises(InvalidName):
        is_abandoned(roots.runs, "../outside/secret.txt")

    assert roots.everything() == before


def test_sweep_takes_old_leases_of_the_dead_alone(roots):
    with pytest.raises(ZeroDivisionError), holding(roots.runs, "run_dead"):
        raise ZeroDivisionError
    with holding(roots.runs, "run_alive"):
        kept = sweep_leases(roots.runs, now=time.time(), grace_seconds=60)
        swept = sweep_leases(roots.runs, now=time.time() + 120, grace_seconds=60)

        assert kept.removed == []
        assert swept.removed == ["run_dead"]
        assert leased(roots) == ["run_alive"]
