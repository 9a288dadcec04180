"""Derived metrics as steps of the accelerator: for roles that are finite, and sums that stay so (engine §17.2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..expansion.draft import ZERO
from ..expansion.places import Place
from ..metrics.derived import MINUTE_MS
from ..metrics.inputs import key_of_inflow
from ..space.layout import Layout
from .code import Assembler


@dataclass(frozen=True, slots=True)
class Places:
    """Where series are in the space; what has no row there reads as zeros."""

    slots: Mapping[str, int]

    def __getitem__(self, key: str) -> int:
        return self.slots.get(key, self.slots[ZERO])


def emit_metrics(code: Assembler, whole: Layout, places: Places) -> list[Settled]:
    """Steps for every node; what is left to be settled once the window is whole."""
    settled: list[Settled] = []
    for place in whole.metrics.places.values():
        settled += _Node(code, whole, places, place).emit()
    return settled


@dataclass(frozen=True, slots=True)
class Settled:
    """Ages of one node: its rows, and where it says that something is older than a bin, or that something went back."""

    ages: int
    depth: int
    inflow: int
    minutes: float
    seed: float
    flag: int

    def emit(self, code: Assembler, came: int) -> None:
        code.emit(
            "SETTLE", self.ages, self.depth, self.inflow, came,
            n=self.flag, k=self.minutes, k2=self.seed,
        )  # fmt: skip


class _Node:
    """Emits the metrics of one node, each after those it needs."""

    def __init__(self, code: Assembler, whole: Layout, places: Places, place: Place) -> None:
        self._code = code
        self._whole = whole
        self._places = places
        self._place = place

    def emit(self) -> list[Settled]:
        self._loads()
        self._times()
        self._retries()
        return self._waiting()

    def _row(self, metric: str) -> int | None:
        key = self._whole.metrics.keys[metric].get(self._place.id)
        return None if key is None else self._whole.rows[key]

    def _role(self, role: str) -> int:
        """A class that its series does not have reads as zeros, and so does whatever is not in the result."""
        key = self._place.roles[role]
        return self._places[key if key in self._whole.rows else ""]

    def _loads(self) -> None:
        emit, role = self._code.emit, self._role
        capacity = self._row("effectiveCapacity")
        if capacity is not None and self._place.has("parallelism"):
            emit("SERVERS", capacity, role("capacity"), role("parallelism"))
        elif capacity is not None:
            emit("COPY", capacity, role("capacity"))
        load, share = self._row("utilization"), self._row("throughputRatio")
        if load is not None and capacity is not None:
            emit("PLAIN_QUOTIENT", load, role("served"), capacity)
        if share is not None:
            emit("SHARE", share, role("served"), role("arrivals"))

    def _times(self) -> None:
        emit, role = self._code.emit, self._role
        waiting, handling = self._row("queueTimeMs"), self._row("serviceTimeMs")
        cycle, minutes = self._row("cycleTimeMs"), self._row("latencyMinutes")
        bin_ms = self._whole.expanded.model.grid.bin_minutes * MINUTE_MS
        if waiting is not None:
            emit("QUOTIENT", waiting, role("queueDepth"), role("served"), k=float(bin_ms))
            if minutes is not None:
                emit("DIVIDE", minutes, waiting, MINUTE_MS)
        if handling is not None:
            emit("PLAIN_QUOTIENT", handling, role("processingTimeMsSum"), role("servedCount"))
        if cycle is not None and waiting is not None and handling is not None:
            emit("JOIN", cycle, waiting, handling)
        elif cycle is not None:
            emit("COPY", cycle, waiting if waiting is not None else handling or 0)
        efficiency, kingman = self._row("flowEfficiency"), self._row("kingmanWaitMs")
        if efficiency is not None and handling is not None and cycle is not None:
            emit("PLAIN_QUOTIENT", efficiency, handling, cycle)
        load = self._row("utilization")
        if kingman is not None and handling is not None and load is not None:
            ca, cs = self._whole.metrics.variations[self._place.id]
            emit("KINGMAN", kingman, load, handling, k=(ca * ca + cs * cs) / 2)
        self._latency(cycle)

    def _latency(self, cycle: int | None) -> None:
        """Of a node that no other feeds; paths are gone through when all nodes are done."""
        latency = self._row("flowLatencyMs")
        if latency is None or cycle is None or has_paths(self._whole):
            return
        key = self._place.roles[self._place.throughput]
        if key in self._whole.rows:
            self._code.emit("WHERE_SERVED", latency, cycle, self._whole.rows[key])
        else:
            self._code.emit("FILL", latency, k=float("nan"))

    def _retries(self) -> None:
        place, emit, role = self._place, self._code.emit, self._role
        failed = next((name for name in ("failures", "errors") if place.has(name)), None)
        attempts, tax, echo = (self._row(m) for m in ("attempts", "retryTax", "retryEcho"))
        if attempts is not None and failed is not None:
            emit("ADD", attempts, role("served"), role(failed))
        elif attempts is not None:
            emit("COPY", attempts, role("served"))
        if tax is not None:
            tries = attempts if attempts is not None else role("attempts")
            emit("TAX", tax, tries, role("served"))
        if echo is not None and failed is not None:
            kernel = self._whole.expanded.kernels[place.id]
            emit("ECHO", echo, role(failed), c=self._code.taps(kernel), n=len(kernel))

    def _waiting(self) -> list[Settled]:
        ages, queue = self._row("oldestAgeMin"), self._place.own_queue
        if ages is None or queue is None:
            return []
        inflow = key_of_inflow(self._place) or self._place.roles["arrivals"]
        place = self._places[inflow if inflow in self._whole.rows else ""]
        flag, depth = self._code.reserve(2), self._role("queueDepth")
        minutes = float(self._whole.expanded.model.grid.bin_minutes)
        self._code.emit("AGE", ages, depth, place, n=flag, k=minutes)
        return [Settled(ages, depth, place, minutes, queue.seed, flag)]


def has_paths(whole: Layout) -> bool:
    """Whether some node is fed by another one whose latency counts."""
    return any(whole.metrics.feeding[node] for node in whole.metrics.keys["flowLatencyMs"])


def rank_rows(whole: Layout) -> dict[int, int]:
    """The position of the first node that has to do with each row."""
    ranks: dict[int, int] = {}
    found = {node: rank for rank, node in enumerate(whole.metrics.places)}
    for node, place in whole.metrics.places.items():
        for key in place.roles.values():
            if key in whole.rows:
                ranks.setdefault(whole.rows[key], found[node])
    for keys in whole.metrics.keys.values():
        ranks.update((whole.rows[key], found[node]) for node, key in keys.items())
    return ranks
