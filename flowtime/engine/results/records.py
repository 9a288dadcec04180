"""Facts about one evaluation: what each series is, and what was found in its numbers (engine §16.3, §19)."""

from dataclasses import dataclass

COLOURS = ("gray", "green", "yellow", "red", "dlq")


@dataclass(frozen=True, slots=True)
class SeriesInfo:
    """One row of ``Result.values``. ``id`` is the bare id, ``id@Class`` for a part; ``series_id`` the full one."""

    id: str
    series_id: str
    kind: str
    unit: str
    component: str | None
    roles: tuple[str, ...]
    class_id: str
    origin: str
    hidden: bool
    selected: bool
    points: int
    finite_points: int


@dataclass(frozen=True, slots=True)
class Warning:
    """A finding about an accepted document or its numbers; one a node and code (engine §19)."""

    code: str
    severity: str
    node: str | None
    message: str
    bins: tuple[tuple[int, int], ...] = ()
    count: int = 0
    worst_bin: int | None = None
    worst_value: float | None = None
    edges: tuple[str, ...] = ()
    class_id: str | None = None
    suggestion: str | None = None

    def to_dict(self) -> dict[str, object]:
        """The warning in camelCase, as bundles and the API carry it."""
        return {
            "code": self.code,
            "severity": self.severity,
            "nodeId": self.node,
            "message": self.message,
            "bins": [list(span) for span in self.bins],
            "count": self.count,
            "worstBin": self.worst_bin,
            "worstValue": self.worst_value,
            "edges": list(self.edges),
            "classId": self.class_id,
            "suggestion": self.suggestion,
        }
