"""Turns the benchmark's models into instructions of ``native_interpreter.c``, and runs them."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from flowtime.engine import ConstNode, ExprNode, Plan
from flowtime.engine.expressions.syntax import Array, Binary, Call, Expression, Number, Ref, Unary

SOURCE = Path(__file__).with_name("native_interpreter.c")
KERNEL = (0.0, 0.6, 0.3, 0.1)
OPS = [
    "copy",
    "number",
    "add",
    "subtract",
    "multiply",
    "divide",
    "least",
    "most",
    "shift",
    "convolve",
    "pulse",
    "queue",
    "quotient",
    "scale",
    "share",
    "tax",
    "age",
]
OPERATORS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide"}


class Instruction(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int) for name in ("op", "to", "a", "b", "c", "n")]
    _fields_ += [("k", ctypes.c_double)]


def compiler() -> str | None:
    """The C compiler of this machine, if there is one."""
    return shutil.which("gcc") or shutil.which("cc")


def build(directory: Path) -> ctypes.CDLL:
    """The interpreter, optimised as programs that people install are."""
    library = directory / "native_interpreter.so"
    command = [str(compiler()), "-O2", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-lm"]
    subprocess.run(command, check=True)
    return ctypes.CDLL(str(library))


class Program:
    """One model as instructions, with a row for each series and for each part of an expression."""

    def __init__(self, plan: Plan) -> None:
        self.bins = plan.model.grid.bins
        self.rows: dict[str, int] = {}
        self.code: list[Instruction] = []
        self.taps: list[float] = []
        self.given: dict[int, np.ndarray] = {}
        self.queues = 0
        nodes = {node.id: node for node in plan.model.nodes}
        places = {place.roles["queueDepth"].id: place for place in plan.model.topology.nodes}
        order = [vertex["id"] for vertex in plan.describe()["vertices"]]
        for name in order:
            self.row(name)
        for name in order:
            if name in places:
                roles = {role: ref.id for role, ref in places[name].roles.items()}
                flows = (self.row(roles[r]) for r in ("arrivals", "served", "errors"))
                self.add("queue", self.row(name), *flows)
            else:
                self.node(nodes[name])
        for place in plan.model.topology.nodes:
            roles = {role: self.row(ref.id) for role, ref in place.roles.items()}
            self.metrics(place.id.lower(), roles, plan)

    def row(self, name: str | None = None) -> int:
        return self.rows.setdefault(name or f"#{len(self.rows)}", len(self.rows))

    def add(
        self, op: str, to: int, a: int = 0, b: int = 0, c: int = 0, n: int = 0, k: float = 0
    ) -> int:
        self.code.append(Instruction(OPS.index(op), to, a, b, c, n, k))
        return to

    def node(self, node: object) -> None:
        assert isinstance(node, ConstNode | ExprNode)
        to = self.row(node.id)
        if isinstance(node, ConstNode):
            self.given[to] = np.broadcast_to(np.asarray(node.values), self.bins)
        else:
            self.initial = node.initial or 0.0
            self.own = node.id
            self.expression(node.tree, to)

    def expression(self, tree: Expression, to: int | None = None) -> int:
        """Instructions for a part of an expression; the row it is in."""
        if isinstance(tree, Ref) and to is None:
            return self.row(tree.id)
        out = self.row() if to is None else to
        match tree:
            case Number(value):
                return self.add("number", out, k=value)
            case Ref(name):
                return self.add("copy", out, self.row(name))
            case Unary("+", operand):
                return self.expression(operand, out)
            case Unary(_, operand):
                zero = self.expression(Number(0.0))
                return self.add("subtract", out, zero, self.expression(operand))
            case Binary(op, left, right):
                return self.add(OPERATORS[op], out, self.expression(left), self.expression(right))
            case Call("SHIFT", (inner, Number(lag))):
                initial = self.initial if inner == Ref(self.own) else 0.0
                return self.add("shift", out, self.expression(inner), n=int(lag), k=initial)
            case Call("CONV", (inner, Array(taps))):
                return self.convolve(out, self.expression(inner), taps)
            case Call("PULSE", (Number(period),)):
                return self.add("pulse", out, n=int(period))
            case Call("MIN", (left, right)):
                return self.add("least", out, self.expression(left), self.expression(right))
            case Call("MAX", (left, right)):
                return self.add("most", out, self.expression(left), self.expression(right))
            case Call("CLAMP", (inner, low, high)):
                least = self.add("least", self.row(), self.expression(high), self.expression(inner))
                return self.add("most", out, self.expression(low), least)
        raise TypeError(tree)

    def convolve(self, to: int, a: int, taps: tuple[float, ...]) -> int:
        self.taps += taps
        return self.add("convolve", to, a, b=len(self.taps) - len(taps), n=len(taps))

    def metrics(self, prefix: str, roles: Mapping[str, int], plan: Plan) -> None:
        """The derived series of one place (engine §17.2)."""

        def derived(metric: str, op: str, *args: int, k: float = 0.0, n: int = 0) -> int:
            return self.add(op, self.row(f"{prefix}_{metric}"), *args, k=k, n=n)

        served, arrivals, depth = (roles[r] for r in ("served", "arrivals", "queueDepth"))
        derived("effective_capacity", "copy", roles["capacity"])
        derived("utilization", "quotient", served, roles["capacity"], k=1.0)
        wait = derived("queue_time_ms", "quotient", depth, served, k=float(plan.model.grid.bin_ms))
        derived("latency_minutes", "scale", wait, k=60_000.0)
        derived("cycle_time_ms", "copy", wait)
        derived("flow_latency_ms", "copy", wait)
        tries = derived("attempts", "add", served, roles["errors"])
        derived("retry_tax", "tax", tries, served)
        derived("throughput_ratio", "share", served, arrivals)
        self.convolve(self.row(f"{prefix}_retry_echo"), roles["errors"], KERNEL)
        minutes = float(plan.model.grid.bin_minutes)
        derived("oldest_age_min", "age", arrivals, depth, k=minutes, n=self.queues)
        self.queues += 1


def prepare(library: ctypes.CDLL, plan: Plan) -> Callable[[], dict[str, np.ndarray]]:
    """What to call to evaluate the model once: it gives new arrays every time, as the engine does."""
    program = Program(plan)
    code = (Instruction * len(program.code))(*program.code)
    taps = (ctypes.c_double * max(len(program.taps), 1))(*program.taps)
    names = {name: row for name, row in program.rows.items() if name[0] != "#"}
    library.interpret.restype = None

    def run() -> dict[str, np.ndarray]:
        rows = np.empty((len(program.rows), program.bins))
        for row, values in program.given.items():
            rows[row] = values
        memory = np.zeros(4 * max(program.queues, 1))
        library.interpret(
            code,
            ctypes.c_long(len(program.code)),
            ctypes.c_void_p(rows.ctypes.data),
            ctypes.c_long(program.bins),
            taps,
            ctypes.c_void_p(memory.ctypes.data),
        )
        return {name: rows[row] for name, row in names.items()}

    return run
