"""The package as a whole: what it exports, and what importing it does not do (engine §1, §23, §27.6)."""

from __future__ import annotations

import ast
import dataclasses
import subprocess
import sys
from pathlib import Path

import pytest

import flowtime.engine as engine
from flowtime.engine import bind, evaluate, load_template

ROOT = Path(engine.__file__).parent
PUBLIC = {
    "load_template",
    "bind",
    "load_model",
    "validate",
    "Template",
    "Parameter",
    "Model",
    "Grid",
    "Rng",
    "Limits",
    "Problem",
    "Warning",
    "Report",
    "compile_model",
    "Plan",
    "evaluate",
    "Result",
    "SeriesInfo",
    "COLOURS",
    "input_hash",
    "deterministic_run_id",
    "canonical_json",
    "array_digest",
    "bin_events",
    "Pcg32",
    "PROFILES",
    "SEMANTICS_VERSION",
    "EngineError",
    "DocumentError",
    "SourceError",
    "Cancelled",
}
DECIDED = {
    "METRICS",
    "locate_series",
    "Located",
    "StoredNode",
    "COLOURED_BY",
    "colour_bins",
    "Sla",
    "measure_sla",
    "ConstNode",
    "ExprNode",
    "PmfNode",
    "BufferNode",
    "RouterNode",
    "SeriesRef",
    "ExternalRef",
}
"""Public beside those of engine §23, by decision 11."""


def test_the_public_names_are_these_and_no_others() -> None:
    assert set(engine.__all__) == PUBLIC | DECIDED
    assert all(hasattr(engine, name) for name in engine.__all__)


def test_what_goes_out_is_frozen() -> None:
    kinds = [
        engine.Template,
        engine.Parameter,
        engine.Model,
        engine.Grid,
        engine.Rng,
        engine.Limits,
    ]
    kinds += [engine.Problem, engine.Warning, engine.Report, engine.Plan, engine.SeriesInfo]

    for kind in kinds:
        assert dataclasses.is_dataclass(kind)
        assert kind.__dataclass_params__.frozen, kind
        assert hasattr(kind, "__slots__"), kind


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_the_engine_needs_numpy_and_one_module_needs_yaml() -> None:
    needed = {path: imports(path) - sys.stdlib_module_names for path in ROOT.rglob("*.py")}

    assert {name for names in needed.values() for name in names} == {"numpy", "yaml"}
    assert [path.name for path, names in needed.items() if "yaml" in names] == ["yaml_text.py"]


def test_the_engine_reads_no_clock_no_file_and_no_environment() -> None:
    forbidden = {
        "os",
        "io",
        "pathlib",
        "socket",
        "time",
        "datetime",
        "random",
        "threading",
        "logging",
    }

    # What builds the accelerator, and what opens it, are about a file (decision 16).
    about_a_file = {ROOT / "native" / "build.py", ROOT / "native" / "library.py"}
    for path in set(ROOT.rglob("*.py")) - about_a_file:
        assert not imports(path) & forbidden, path.name


def test_importing_the_engine_imports_no_application() -> None:
    program = (
        "import sys, threading, flowtime.engine\n"
        "names = {name.split('.')[0] for name in sys.modules}\n"
        "assert not names & {'django', 'rest_framework', 'runs', 'telemetry'}, names\n"
        "assert 'flowtime.engine.native.build' not in sys.modules\n"
        "assert threading.active_count() == 1\n"
    )

    subprocess.run([sys.executable, "-c", program], check=True, cwd=ROOT.parent.parent)


@pytest.mark.parametrize(
    "expression",
    [
        "CLAMP(x, x - 1, 3)",
        "CLAMP(SHIFT(y, 1), x, 3)",
        "EMA(CONV(x / x, [0.5, 0.25]), 0.5)",
        "IF(x - 2, ROUND(x), MOD(x, 2)) + PULSE(2, 1, x) + MAX(x, SHIFT(x, 1), 2)",
        f"CONV(SHIFT(y, 1) * 0.1 + x, [{', '.join(['0.5'] * 30)}])",
    ],
)
def test_the_first_run_of_a_process_is_like_any_other(expression: str) -> None:
    """Engine §23.4: numpy imports some of its methods when they are first called, and generated code cannot import."""
    document = {
        "schemaVersion": 1,
        "metadata": {"id": "first", "title": "First", "version": "1.0.0"},
        "grid": {"bins": 3, "binSize": 1, "binUnit": "hours"},
        "nodes": [
            {"id": "x", "kind": "const", "values": [5, 1, 2]},
            {"id": "y", "kind": "expr", "expr": expression},
        ],
    }
    program = (
        "from flowtime.engine import bind, evaluate, load_template\n"
        f"print(evaluate(bind(load_template({document}))).series('y').tolist())\n"
    )

    found = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT.parent.parent,
    )

    expected = evaluate(bind(load_template(document))).series("y").tolist()
    assert (found.stderr, found.stdout) == ("", f"{expected}\n")


def test_every_module_says_what_lives_there() -> None:
    for path in ROOT.rglob("*.py"):
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), path.name
