"""Building the accelerator, and doing without it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from flowtime.engine import bind, load_template
from flowtime.engine.native.build import build
from flowtime.engine.native.library import SOURCE, Library, built_file, open_library
from tests.engine.native.corpus import Job, plan_for
from tests.perf import engine_workload


@pytest.fixture
def source(tmp_path: Path, library: Library) -> Path:
    """A copy of the source, on a machine that can compile it."""
    return shutil.copy(SOURCE, tmp_path / "kernels.c")


def test_a_build_is_found_by_its_source(source: Path) -> None:
    built = build(source)

    assert built == built_file(source)
    opened = open_library(built_file(source))
    assert opened is not None
    assert "ADD" in opened.operations


def test_what_was_built_from_another_source_is_removed_and_never_opened(source: Path) -> None:
    stale = build(source)
    source.write_text(source.read_text(encoding="utf-8") + "\n/* newer */\n", encoding="utf-8")

    assert open_library(built_file(source)) is None
    assert build(source) != stale
    assert stale is not None
    assert not stale.exists()


def test_a_source_that_does_not_compile_leaves_nothing(source: Path) -> None:
    source.write_text("no program", encoding="utf-8")

    with pytest.raises(Exception, match="exit status"):
        build(source)

    assert not list(source.parent.glob("*.native"))


def test_a_file_that_is_no_library_is_passed_over(tmp_path: Path) -> None:
    broken = tmp_path / "kernels-0.native"
    broken.write_bytes(b"no library")

    assert open_library(broken) is None


def test_without_it_a_plan_runs_on_numpy() -> None:
    job = Job(bind(load_template(engine_workload.loop(50))))

    plan = plan_for(job, None)

    assert plan.native is None
    assert len(plan.run().index) == 6


def test_with_it_even_a_loop_generates_no_code(library: Library) -> None:
    job = Job(bind(load_template(engine_workload.loop(50))))

    plan = plan_for(job, library)

    assert all(stage.steps for stage in plan.program.series_stages)
