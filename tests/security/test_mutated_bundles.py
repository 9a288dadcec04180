"""Valid bundles with something changed at random: whatever it is, it is noticed or refused, and nothing breaks (rows 12, 15)."""

import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from flowtime.bundles import (
    BundleError,
    Root,
    Target,
    open_run_bundle,
    open_telemetry_bundle,
    verify_run_bundle,
    verify_telemetry_bundle,
)
from tests.bundles.conftest import write_capture, write_run

pytestmark = [pytest.mark.slow, pytest.mark.failure(12), pytest.mark.failure(15)]

ROOT = Path(tempfile.mkdtemp(prefix="flowtime-mutants-"))
TARGET = Target.for_run("run_1")
MANY = settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow], database=None
)


@pytest.fixture(scope="module", autouse=True)
def scratch():
    """One pristine pair of bundles; every example works on a copy."""
    for name in ("runs", "telemetry"):
        (ROOT / "pristine" / name).mkdir(parents=True)
    facts["run"] = write_run(Root(ROOT / "pristine/runs"), "run_1").manifest_hash
    facts["capture"] = write_capture(Root(ROOT / "pristine/telemetry"), TARGET, 1).manifest_hash
    yield
    shutil.rmtree(ROOT, ignore_errors=True)


facts: dict[str, str] = {}


def files_of(base: Path) -> list[Path]:
    return sorted(path for path in base.rglob("*") if path.is_file())


# Each takes the bundle's files, one of them, and numbers to choose by; it returns False where nothing changed.
def flip_a_bit(path: Path, others: list[Path], a: int, b: int) -> bool:
    data = bytearray(path.read_bytes())
    data[a % len(data)] ^= 1 << (b % 8)
    path.write_bytes(data)
    return True


def cut_the_end(path: Path, others: list[Path], a: int, b: int) -> bool:
    data = path.read_bytes()
    path.write_bytes(data[: a % len(data)])
    return True


def add_to_the_end(path: Path, others: list[Path], a: int, b: int) -> bool:
    path.write_bytes(path.read_bytes() + bytes([a % 256]) * (1 + b % 50))
    return True


def cut_out_the_middle(path: Path, others: list[Path], a: int, b: int) -> bool:
    data = path.read_bytes()
    start = a % len(data)
    path.write_bytes(data[:start] + data[start + 1 + b % 20 :])
    return True


def swap_two_files(path: Path, others: list[Path], a: int, b: int) -> bool:
    other = others[a % len(others)]
    first, second = path.read_bytes(), other.read_bytes()
    path.write_bytes(second)
    other.write_bytes(first)
    return first != second


def turn_line_endings(path: Path, others: list[Path], a: int, b: int) -> bool:
    data = path.read_bytes()
    path.write_bytes(data.replace(b"\n", b"\r\n"))
    return b"\n" in data


def take_away(path: Path, others: list[Path], a: int, b: int) -> bool:
    path.unlink()
    return True


def rename_it(path: Path, others: list[Path], a: int, b: int) -> bool:
    path.rename(path.with_name(f"x{a}{path.suffix}"))
    return True


def add_a_file(path: Path, others: list[Path], a: int, b: int) -> bool:
    path.with_name(f"added-{a}.csv").write_bytes(b"bin_index,value\n")
    return True


def empty_it(path: Path, others: list[Path], a: int, b: int) -> bool:
    path.write_bytes(b"")
    return True


MUTATIONS = [
    flip_a_bit,
    cut_the_end,
    add_to_the_end,
    cut_out_the_middle,
    swap_two_files,
    turn_line_endings,
    take_away,
    rename_it,
    add_a_file,
    empty_it,
]
NUMBER = st.integers(0, 100_000)


def mutate(
    kind: str, mutation: Callable[..., bool], which: int, a: int, b: int
) -> tuple[Path, bool]:
    """A copy of the pristine roots with one change; whether anything is different."""
    base = Path(tempfile.mkdtemp(dir=ROOT))
    shutil.copytree(ROOT / "pristine", base, dirs_exist_ok=True)
    files = files_of(base / kind)
    changed = mutation(files[which % len(files)], files, a, b)
    return base, changed


def read_all(bundle: Any, read: Callable[[str], bytes]) -> dict[str, bytes]:
    """Every file that the bundle gives out, and what its documents say."""
    return {path: read(path) for path in bundle._listed}


@MANY
@given(st.sampled_from(MUTATIONS), NUMBER, NUMBER, NUMBER)
def test_a_changed_run_bundle_is_noticed_and_never_read_as_it_is(mutation, which, a, b):
    base, changed = mutate("runs", mutation, which, a, b)
    root = Root(base / "runs")
    try:
        found = verify_run_bundle(root, "run_1", deep=True, manifest_hash=facts["run"])
        assert found.is_valid is not changed

        pristine = ROOT / "pristine/runs/run_1"
        try:
            with open_run_bundle(root, "run_1", manifest_hash=facts["run"]) as bundle:
                for path, data in read_all(bundle, bundle.read).items():
                    assert data == (pristine / path).read_bytes()
                assert bundle.record and bundle.index and bundle.model_document
                for entry in bundle.index:
                    bundle.series(entry.series_id)
        except BundleError as refused:
            assert changed
            assert refused.status in (404, 422)
            assert str(base) not in refused.detail
    finally:
        shutil.rmtree(base)


@MANY
@given(st.sampled_from(MUTATIONS), NUMBER, NUMBER, NUMBER)
def test_a_changed_telemetry_bundle_is_noticed_and_never_read_as_it_is(mutation, which, a, b):
    base, changed = mutate("telemetry", mutation, which, a, b)
    root = Root(base / "telemetry")
    try:
        found = verify_telemetry_bundle(root, TARGET, 1, deep=True, manifest_hash=facts["capture"])
        assert found.is_valid is not changed

        pristine = ROOT / "pristine/telemetry/runs/run_1/g000001"
        try:
            with open_telemetry_bundle(root, TARGET, 1, manifest_hash=facts["capture"]) as bundle:
                for path, data in read_all(bundle, bundle.read_file).items():
                    assert data == (pristine / path).read_bytes()
                for file in bundle.manifest.files:
                    bundle.array(file)
        except BundleError as refused:
            assert changed
            assert refused.status in (404, 422)
            assert str(base) not in refused.detail
    finally:
        shutil.rmtree(base)


@MANY
@given(st.sampled_from(MUTATIONS), NUMBER, NUMBER, NUMBER)
def test_without_a_known_digest_nothing_breaks_either(mutation, which, a, b):
    """A rebuild knows no digest: the manifest is then believed, and its files must be what it says."""
    base, changed = mutate("runs", mutation, which, a, b)
    root = Root(base / "runs")
    try:
        found = verify_run_bundle(root, "run_1", deep=True)
        manifest = base / "runs/run_1/manifest.json"
        same = manifest.is_file() and (
            manifest.read_bytes() == (ROOT / "pristine/runs/run_1/manifest.json").read_bytes()
        )
        if same:
            assert found.is_valid is not changed
        assert all(str(base) not in problem.detail for problem in found.problems)
    finally:
        shutil.rmtree(base)


###############################################################################
# Manifests that are valid JSON and say something else
###############################################################################
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(),
    st.text(max_size=40),
    st.just("../../../etc/passwd"),
    st.just({}),
    st.just([]),
    st.lists(st.integers(), max_size=3),
)


def steps_of(document: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a document."""
    places = [at] if at else []
    if isinstance(document, dict):
        for key, value in document.items():
            places += steps_of(value, (*at, key))
    elif isinstance(document, list):
        for index, value in enumerate(document):
            places += steps_of(value, (*at, index))
    return places


@MANY
@given(st.sampled_from(["runs", "telemetry"]), NUMBER, VALUES)
def test_a_manifest_with_any_value_anywhere_is_answered(kind, which, value):
    base = Path(tempfile.mkdtemp(dir=ROOT))
    shutil.copytree(ROOT / "pristine", base, dirs_exist_ok=True)
    try:
        (path,) = (base / kind).rglob("manifest.json")
        document = json.loads(path.read_bytes())
        places = steps_of(document)
        *above, last = places[which % len(places)]
        holder = document
        for step in above:
            holder = holder[step]
        holder[last] = value
        path.write_text(json.dumps(document))

        if kind == "runs":
            found = verify_run_bundle(
                Root(base / kind), "run_1", deep=True, manifest_hash=facts["run"]
            )
        else:
            found = verify_telemetry_bundle(
                Root(base / kind), TARGET, 1, deep=True, manifest_hash=facts["capture"]
            )

        assert found.state in ("corrupt", "incomplete")
        assert all(problem.detail.isprintable() for problem in found.problems)
        assert all(len(problem.detail) < 1_000 for problem in found.problems)
    finally:
        shutil.rmtree(base)
