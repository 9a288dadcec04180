"""Sweeping removes what nobody needs, and nothing else (bundles §5, §6)."""

import os
import time

from flowtime.bundles import (
    Target,
    generations,
    open_run_bundle,
    sweep_generations,
    sweep_retired,
    sweep_staging,
    verify_telemetry_bundle,
)
from flowtime.bundles.publish import stage

RUN_1 = Target.for_run("run_1")


def later(seconds: float = 3600) -> float:
    return time.time() + seconds


def test_an_abandoned_staging_directory_goes(roots):
    roots.run()
    abandoned = roots.runs.path / ".staging" / "0123456789abcdef"
    (abandoned / "series").mkdir(parents=True)
    (abandoned / "series" / "a.csv").write_bytes(b"x")

    swept = sweep_staging(roots.runs, now=later(), grace_seconds=60)

    assert swept.removed == ["0123456789abcdef"]
    assert not abandoned.exists()
    assert roots.path_of_run().is_dir()


def test_a_young_staging_directory_stays(roots):
    roots.run()
    (roots.runs.path / ".staging" / "young").mkdir()

    swept = sweep_staging(roots.runs, now=later(10), grace_seconds=60)

    assert (swept.removed, swept.kept) == ([], 1)


def test_a_staging_directory_that_is_being_written_stays_however_old(roots):
    with stage(roots.runs) as staging:
        staging.write("a.txt", b"x")

        swept = sweep_staging(roots.runs, now=later(10**9), grace_seconds=60)

        assert (swept.removed, swept.kept) == ([], 1)
        staging.seal(b"{}")
        staging.publish(name="whole")
    assert (roots.runs.path / "whole" / "a.txt").read_bytes() == b"x"


def test_the_staging_of_a_killed_process_is_not_locked_any_more(roots):
    child = os.fork()
    if child == 0:
        with stage(roots.runs) as staging:
            staging.write("a.txt", b"x")
            os.kill(os.getpid(), 9)
    os.waitpid(child, 0)
    assert len(list((roots.runs.path / ".staging").iterdir())) == 1

    sweep_staging(roots.runs, now=later(), grace_seconds=60)

    assert list((roots.runs.path / ".staging").iterdir()) == []


def test_links_and_files_in_the_staging_area_go_and_their_targets_stay(roots):
    roots.run()
    staging = roots.runs.path / ".staging"
    (staging / "link").symlink_to(roots.sentinel)
    (staging / "file").write_bytes(b"x")
    (staging / "inside").mkdir()
    (staging / "inside" / "link").symlink_to(roots.sentinel)

    swept = sweep_staging(roots.runs, now=later(), grace_seconds=60)

    assert sorted(swept.removed) == ["file", "inside", "link"]
    assert (roots.sentinel / "secret.txt").read_text() == "untouched"


def test_a_replaced_run_goes_after_the_grace_period(roots):
    roots.run()
    roots.run(replace=True)

    assert sweep_retired(roots.runs, now=later(10), grace_seconds=60).removed == []
    assert len(sweep_retired(roots.runs, now=later(), grace_seconds=60).removed) == 1

    with open_run_bundle(roots.runs, "run_1") as bundle:
        assert bundle.record.run_id == "run_1"


def test_superseded_generations_go_and_the_referenced_one_stays(roots):
    for number in (1, 2, 3):
        roots.capture(generation=number)

    swept = sweep_generations(
        roots.telemetry,
        is_referenced=lambda target, number: number == 2,
        now=later(),
        grace_seconds=60,
    )

    assert swept.removed == ["run run_1 g000001", "run run_1 g000003"]
    assert generations(roots.telemetry, RUN_1) == [2]
    assert verify_telemetry_bundle(roots.telemetry, RUN_1, 2, deep=True).is_valid
    assert list((roots.telemetry.path / ".staging").iterdir()) == []


def test_young_generations_stay(roots):
    for number in (1, 2):
        roots.capture(generation=number)

    swept = sweep_generations(
        roots.telemetry, is_referenced=lambda *_: False, now=later(10), grace_seconds=60
    )

    assert swept.removed == []
    assert generations(roots.telemetry, RUN_1) == [1, 2]


def test_a_lost_database_does_not_take_the_last_valid_generation_along(roots):
    for number in (1, 2, 3):
        roots.capture(generation=number)
    (roots.path_of_capture(generation=3) / "manifest.json").unlink()

    sweep_generations(
        roots.telemetry, is_referenced=lambda *_: False, now=later(), grace_seconds=60
    )

    assert generations(roots.telemetry, RUN_1) == [2]


def test_a_generation_stays_while_somebody_reads_it(roots):
    roots.capture(generation=1)
    roots.capture(generation=2)
    options = {"is_referenced": lambda _, n: n == 2, "now": later(), "grace_seconds": 60}

    with roots.open_capture(generation=1) as bundle:
        swept = sweep_generations(roots.telemetry, **options)

        assert swept.removed == []
        assert bundle.check(deep=True).is_valid

    assert sweep_generations(roots.telemetry, **options).removed == ["run run_1 g000001"]


def test_a_replaced_run_stays_while_somebody_reads_it(roots):
    roots.run()
    with open_run_bundle(roots.runs, "run_1") as old:
        roots.run(replace=True)
        swept = sweep_retired(roots.runs, now=later(), grace_seconds=60)

        assert swept.removed == []
        assert old.check(deep=True).is_valid

    assert len(sweep_retired(roots.runs, now=later(), grace_seconds=60).removed) == 1


def test_an_empty_root_has_nothing_to_sweep(roots):
    before = roots.everything()

    for sweep in (sweep_staging, sweep_retired):
        assert sweep(roots.runs, now=later(), grace_seconds=60).removed == []
    swept = sweep_generations(
        roots.telemetry, is_referenced=lambda *_: False, now=later(), grace_seconds=0
    )

    assert swept.removed == []
    assert roots.everything() == before
