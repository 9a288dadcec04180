"""A graph as code: rows of one matrix, generated functions, and what fills the rows beforehand (engine §24)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..expansion.draft import ZERO
from ..expansion.expanded import QueueDef
from ..graph.dependencies import Component, Graph
from ..graph.vertices import Given, Vertex
from ..native.code import LOSS, PROVEN, Assembler
from ..native.tapes import Flags, LoopSteps, VectorSteps, can_take
from ..space.traces import owned_queues
from . import feedback, vectors
from .emit import Surroundings
from .feedback import LoopCode, chunk_size
from .scans import Scan, plan_scan
from .tape import SAFE, Note, Operand, Tape, Value, bound
from .temporaries import inlined_vertices, is_passing, place_temporaries
from .vectors import VectorCode

_BUILTINS = {"__builtins__": {"abs": abs, "float": float, "min": min, "range": range, "zip": zip}}
"""All that generated code gets of Python's own functions."""


@dataclass(frozen=True, slots=True)
class Stage:
    """Components as a call of ``code(r, s, m, notes, ask)``, a scan of the whole space, or steps of the accelerator.

    A stage of several components calls ``ask`` between them, if that is not None. A loop is one component, and a
    generator that yields before each stretch of bins. ``steps`` are where those of each component begin and end;
    ``is_alone``: the stage must go through the whole window before another one begins.
    """

    code: Callable[..., Any] | None = None
    scan: Scan | None = None
    steps: tuple[tuple[int, int], ...] = ()
    is_alone: bool = False
    is_loop: bool = False
    is_parts: bool = False
    components: int = 1


@dataclass(frozen=True, slots=True)
class Supply:
    """A row that is filled from outside before the first stage: from a source, by sampling, or by an override."""

    key: str
    slot: int
    given: Given


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """Everything a run does with numbers, apart from edges, metrics and checks.

    The space has ``height`` rows: those of the index first, then temporaries, of which ``kept`` stay valid to the
    end. ``used`` are the rows that generated code names by position, ``scratch`` the rows and masks it needs beside
    them. ``numbers`` and ``arrays`` fill rows that are the same in every run. ``queues`` are those whose levels are
    computed, ``stepped`` the ones among them that are not scanned. ``noted`` and ``shortages`` are where the
    accelerator says that a note applies, by its number, and what a scanned queue was short of.
    """

    height: int
    slots: Mapping[str, int]
    kept: Mapping[str, int]
    used: tuple[int, ...]
    scratch: tuple[int, int]
    numbers: tuple[np.ndarray, np.ndarray]
    arrays: tuple[tuple[int, np.ndarray], ...]
    supplies: tuple[Supply, ...]
    series_stages: tuple[Stage, ...]
    class_stages: tuple[Stage, ...]
    queues: Mapping[str, QueueDef]
    stepped: tuple[QueueDef, ...]
    notes: tuple[Note, ...]
    noted: tuple[tuple[int, int], ...]
    shortages: tuple[tuple[str, int], ...]


def compile_program(
    graph: Graph, rows: Mapping[str, int], native: Assembler | None = None
) -> Program:
    """Lay the series of ``graph`` out in a space whose first rows are those of the index, and generate its code.

    What the accelerator can take becomes steps of ``native``, where there is one.
    """
    compiler = _Compiler(graph, rows, native)
    for number, component in enumerate(graph.components):
        compiler.add(f"c{number}", component)
    return compiler.finish()


class _Compiler:
    """Walks the components in order; what is known of a series is known to all that read it."""

    def __init__(self, graph: Graph, rows: Mapping[str, int], native: Assembler | None) -> None:
        self._graph = graph
        self._native = native
        self._noted: list[tuple[int, int]] = []
        self._shortages: list[tuple[str, int]] = []
        self._bins = graph.expanded.model.grid.bins
        self._producers = {k: v.id for v in graph.vertices.values() for k in v.outputs}
        self._inlined = inlined_vertices(graph)
        temporaries = place_temporaries(graph, self._inlined)
        self._slots = {**rows, **{key: len(rows) + at for key, at in temporaries.items()}}
        self._height = len(rows) + len(set(temporaries.values()))
        counts = Counter(temporaries.values())
        self._shared = {key for key, at in temporaries.items() if counts[at] > 1}
        self._scalars: dict[str, float] = {ZERO: 0.0}
        self._bounds: dict[str, float] = {}
        self._arrays: list[tuple[int, np.ndarray]] = []
        self._supplies: list[Supply] = []
        self._lines: list[str] = []
        self._drafts: list[tuple[Stage, str]] = []
        self._scratch = (0, 0)
        self._around = Surroundings(self._slots, self._bins)

    def add(self, name: str, component: Component) -> None:
        """Write the next component; ``name`` is that of its function if it begins one."""
        vertices = [self._graph.vertices[vertex] for vertex in component.vertices]
        if component.vertices[0] in self._inlined:
            return
        match component.kind:
            case "given":
                for vertex in vertices:
                    self._give(vertex)
            case "scan":
                self._add_scan(vertices)
            case "vector":
                self._add_vector(name, vertices[0], is_parts=component.is_parts)
            case _:
                self._add_loop(name, vertices)

    def finish(self) -> Program:
        drafts = self._drafts
        names = {**vectors.RUNTIME, **feedback.RUNTIME, **self._around.names, **_BUILTINS}
        # Written here from places in arrays: no word of a template stands in the lines.
        exec(compile("\n".join(self._lines), "<flowtime plan>", "exec"), names)  # nosec B102
        stages = [replace(stage, code=names.get(name)) for stage, name in drafts]
        last = max((k for k, stage in enumerate(stages) if not stage.is_parts), default=-1) + 1
        queues = owned_queues(self._graph.expanded)
        scanned = {key for stage in stages if stage.scan for key in stage.scan.keys}
        scanned |= {key for key, _ in self._shortages}
        numbers = sorted((self._slots[key], value) for key, value in self._scalars.items())
        return Program(
            height=self._height,
            slots=self._slots,
            kept={
                key: slot
                for key, slot in self._slots.items()
                if key.startswith("__") and not is_passing(key)
            },
            used=tuple(self._around.used),
            scratch=self._scratch,
            numbers=(
                np.array([slot for slot, _ in numbers], dtype=np.intp),
                np.array([value for _, value in numbers]).reshape(-1, 1),
            ),
            arrays=tuple(self._arrays),
            supplies=tuple(self._supplies),
            series_stages=tuple(stages[:last]),
            class_stages=tuple(stages[last:]),
            queues=queues,
            stepped=tuple(queue for key, queue in queues.items() if key not in scanned),
            notes=tuple(self._around.notes),
            noted=tuple(self._noted),
            shortages=tuple(self._shortages),
        )

    def _give(self, vertex: Vertex) -> None:
        given = vertex.given or Given(number=0.0)
        for key in vertex.outputs:
            if given.number is not None:
                self._scalars[key] = given.number
            elif given.array is not None:
                self._give_array(vertex, self._slots[key], given.array)
                self._bounds[key] = float(np.abs(given.array).max())
            else:
                self._supplies.append(Supply(key, self._slots[key], given))

    def _give_array(self, vertex: Vertex, slot: int, array: np.ndarray) -> None:
        if self._native is None:
            self._arrays.append((slot, array))
            return
        first = len(self._native)
        self._native.give_array(slot, array)
        self._add_steps(first, [vertex], is_parts=vertex.is_parts)

    def _tape(self) -> Tape:
        return Tape(
            self._producers,
            bins=self._bins,
            scalars=self._scalars,
            bounds=self._bounds,
            inlined={key: vertex for vertex in self._inlined.values() for key in vertex.outputs},
        )

    def _add_scan(self, vertices: list[Vertex]) -> None:
        queues = [vertex.scan for vertex in vertices if vertex.scan is not None]
        is_proven = True
        for queue in queues:
            tape = self._tape()
            inputs = [tape.load(key) for key in (queue.inflow, queue.outflow, queue.loss or "")]
            sizes = sum(bound(operand) for operand in inputs)
            is_proven = is_proven and sizes < SAFE
            self._bounds[queue.depth] = queue.seed + self._bins * sizes
        if self._native is None:
            scan = plan_scan(queues, self._slots, is_proven=is_proven)
            self._drafts.append((Stage(scan=scan), ""))
            return
        first = len(self._native)
        for queue in queues:
            self._take_scan(self._native, queue, len(queues), is_proven=is_proven)
        self._add_steps(first, vertices, is_parts=False)

    def _take_scan(
        self, native: Assembler, queue: QueueDef, count: int, *, is_proven: bool
    ) -> None:
        """The scan of one queue among ``count``; its state is that of ``scan`` in kernels.c."""
        flows = [self._slots.get(k, self._slots[ZERO]) for k in (queue.inflow, queue.outflow)]
        loss = self._slots.get(queue.loss or "")
        state = native.reserve(5, [queue.seed])
        form = (PROVEN if is_proven else 0) | (LOSS if loss is not None else 0)
        to, lost = self._slots[queue.depth], loss or 0
        native.emit("SCAN", to, flows[0], flows[1], lost, n=state, k=float(count), form=form)
        self._shortages.append((queue.key, state + 4))

    def _add_vector(self, name: str, vertex: Vertex, *, is_parts: bool) -> None:
        """Generate the code of one vertex, as its own stage or at the end of the last; none where all is numbers."""
        tape = self._tape()
        found = self._settle(vertex, tape)
        if not found and not tape.notes:
            return
        if self._native is not None and can_take(tape, list(found.values()), is_loop=False):
            first = len(self._native)
            self._keep_notes(VectorSteps(tape, found, self._slots, self._native).emit())
            self._add_steps(first, [vertex], is_parts=is_parts)
            return
        code = VectorCode(tape, found, self._around)
        lines = code.lines()
        rows, masks = code.scratch
        self._scratch = max(self._scratch[0], rows), max(self._scratch[1], masks)
        last, _ = self._drafts[-1] if self._drafts else (Stage(is_loop=True), "")
        is_closed = last.is_loop or last.scan is not None or bool(last.steps)
        if is_closed or last.is_parts != is_parts:
            self._drafts.append((Stage(is_parts=is_parts), name))
            self._define(name, lines)
            return
        self._drafts[-1] = (replace(last, components=last.components + 1), self._drafts[-1][1])
        self._extend(["if ask: ask()", *lines])

    def _settle(self, vertex: Vertex, tape: Tape) -> dict[str, Value]:
        """Record a vertex and note what is known of its outputs; returns those that are not mere numbers."""
        found: dict[str, Value] = {}
        for key, operand in (vertex.recipe(tape) if vertex.recipe else {}).items():
            if isinstance(operand, Value):
                found[key] = operand
                self._bounds[key] = operand.bound
            else:
                self._scalars[key] = operand
        return found

    def _add_loop(self, name: str, vertices: list[Vertex]) -> None:
        is_parts = all(vertex.is_parts for vertex in vertices)
        tape = self._tape()
        own: dict[str, Operand] = {}
        for vertex in vertices:
            made = vertex.recipe(tape) if vertex.recipe else {}
            own.update(made)
            tape.produced.update(made)
        self._bounds.update((key, bound(operand)) for key, operand in own.items())
        if self._native is not None and can_take(tape, list(own.values()), is_loop=True):
            first = len(self._native)
            self._keep_notes(LoopSteps(tape, own, self._slots, self._native).emit())
            self._add_steps(first, vertices, is_parts=is_parts)
            return
        written = [key for key in own if key in self._slots]
        code = LoopCode(tape, own, written, self._around, chunk_size(len(own)))
        self._define(name, code.lines())
        self._drafts.append((Stage(is_loop=True, is_parts=is_parts), name))

    def _add_steps(self, first: int, vertices: list[Vertex], *, is_parts: bool) -> None:
        """A component of which the accelerator takes the steps from ``first`` on, joined to the last stage if it may be.

        Stages go strip by strip through all their components: a row that several temporaries share would lose its past.
        """
        span = first, len(self._native or ())
        keys = {key for vertex in vertices for key in vertex.outputs}
        keys.update(*(self._graph.keys.get(vertex.id, ()) for vertex in vertices))
        is_alone = not self._shared.isdisjoint(keys)
        last = self._drafts[-1][0] if self._drafts else Stage()
        if not last.steps or last.is_alone or is_alone or last.is_parts != is_parts:
            self._drafts.append((Stage(steps=(span,), is_alone=is_alone, is_parts=is_parts), ""))
            return
        joined = replace(last, steps=(*last.steps, span), components=last.components + 1)
        self._drafts[-1] = joined, ""

    def _keep_notes(self, flags: Flags) -> None:
        self._noted += [(self._around.note(note), flag) for note, flag in flags]

    def _define(self, name: str, lines: Iterable[str]) -> None:
        self._lines.append(f"def {name}(r, s, m, notes, ask):")
        self._extend(lines)

    def _extend(self, lines: Iterable[str]) -> None:
        """More lines of the function that was begun last."""
        self._lines.extend(f"    {line}" for line in lines)
