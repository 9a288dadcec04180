"""Problem codes by stage, and the collector that sorts, suggests and cuts what validation finds (engine §20)."""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Final

from .errors import Problem

Path = tuple[str | int, ...]

STAGES: Final[dict[str, tuple[str, ...]]] = {
    "text": (
        "bad_encoding",
        "yaml_syntax",
        "yaml_multiple_documents",
        "yaml_tag",
        "yaml_merge_key",
        "duplicate_key",
        "limit_exceeded",
        "too_many_problems",
    ),
    "shape": (
        "missing_key",
        "unknown_key",
        "wrong_type",
        "empty_value",
        "bad_id",
        "bad_version",
        "bad_timestamp",
        "bad_timezone",
        "bad_enum",
        "out_of_range",
        "non_finite_number",
        "key_not_for_kind",
        "unknown_node_kind",
        "unknown_topology_kind",
        "unsupported_schema_version",
        "empty_model",
    ),
    "parameters": (
        "parameter_missing",
        "unknown_parameter",
        "parameter_type",
        "parameter_range",
        "bad_bounds",
        "bad_seed",
    ),
    "binding": (
        "unresolved_placeholder",
        "malformed_placeholder",
        "placeholder_in_key",
        "placeholder_not_allowed",
        "length_mismatch",
    ),
    "expressions": (
        "expression_syntax",
        "unknown_function",
        "wrong_argument_count",
        "argument_not_literal",
        "argument_out_of_range",
        "array_not_allowed",
        "extension_in_strict_mode",
    ),
    "references": (
        "duplicate_id",
        "id_case_clash",
        "unknown_series",
        "unknown_topology_node",
        "unknown_class",
        "unknown_constraint",
        "unknown_profile",
        "dependency_missing",
        "dependency_extra",
        "missing_role",
        "role_not_allowed",
        "conflicting_start",
        "conflicting_definition",
        "sink_served_differs",
        "served_shared_by_limited_nodes",
        "wip_without_queue",
        "overflow_target_kind",
        "router_target_defined",
        "router_target_shared",
        "router_class_repeated",
        "router_weights_zero",
        "traffic_without_classes",
        "echo_without_failures",
        "budget_kernel_starts_now",
        "pmf_not_normalised",
        "pmf_invalid",
        "profile_invalid",
        "duplicate_edge_id",
    ),
    "graph": ("algebraic_cycle", "overflow_cycle"),
    "evaluation": ("source_missing", "source_shape", "source_not_finite", "unknown_override"),
}
"""Every problem code, in the order in which the stages run."""

STAGE_OF: Final = {code: rank for rank, codes in enumerate(STAGES.values()) for code in codes}

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_PATH_PART = re.compile(r'\.?([^.\[\]"]+)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\]')
_SHOWN = 80
_COMPARISONS = 200_000

OVERRIDES: Final = "overrides"
"""The root of the paths of parameter overrides; they come after the document."""


def shown(text: object) -> str:
    """User text as messages carry it: at most 80 characters, control characters escaped."""
    cut = str(text)[: _SHOWN + 1]
    if len(cut) > _SHOWN:
        cut = cut[: _SHOWN - 1] + "\u2026"
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in cut)


def quoted(text: object) -> str:
    """``shown`` between single quotes."""
    return f"'{shown(text)}'"


def path_text(path: Path) -> str:
    """``nodes[3].expr`` for ``("nodes", 3, "expr")``; a key that is no plain word is quoted in brackets."""
    parts: list[str] = []
    for step in path:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif len(step) <= _SHOWN and _IDENTIFIER.match(step):
            parts.append(f".{step}" if parts else step)
        else:
            parts.append(f'["{shown(step)}"]')
    return "".join(parts)


def path_steps(text: str) -> Path:
    """The inverse of ``path_text``, for problems that arrive with their path as text."""
    steps: list[str | int] = []
    for word, index, quote in _PATH_PART.findall(text):
        steps.append(int(index) if index else word or quote)
    return tuple(steps)


def is_near(a: str, b: str) -> int | None:
    """The edit distance of two words if it is at most 2, else None."""
    if abs(len(a) - len(b)) > 2 or len(set(a) ^ set(b)) > 4:
        return None
    while a and b and a[0] == b[0]:
        a, b = a[1:], b[1:]
    while a and b and a[-1] == b[-1]:
        a, b = a[:-1], b[:-1]
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, start=1):
        above, row[0] = row[0], i
        for j, right in enumerate(b, start=1):
            above, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, above + (left != right))
        if min(row) > 2:
            return None
    return row[-1] if row[-1] <= 2 else None


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known name within edit distance 2 that is nearest to ``word``; ties alphabetically.

    Where none is as near, letter case is ignored.
    """
    if len(word) > 2 * _SHOWN:
        return None
    names = tuple(known)
    found = [(distance, name) for name in names if (distance := is_near(word, name)) is not None]
    if not found and word != word.lower():
        folded = word.lower()
        found = [(d, name) for name in names if (d := is_near(folded, name.lower())) is not None]
    return min(found)[1] if found else None


@dataclass(slots=True)
class _Note:
    code: str
    path: Path
    message: str
    rank: tuple[Any, ...]
    word: str | None = None
    known: Collection[str] | Callable[[], Collection[str]] = ()
    suggestion: str | None = None
    position: int | None = None
    excerpt: str | None = None
    mark: tuple[int, int] | None = None


class Collector:
    """Gathers problems in any order; ``problems()`` gives them by stage, then in document order.

    ``rank`` turns a path into its place in the document, ``mark`` into its line and column. Only the first
    ``most`` are kept, so that a hostile document cannot fill the memory with complaints.
    """

    def __init__(
        self,
        most: int,
        *,
        rank: Callable[[Path], tuple[int, ...]],
        mark: Callable[[Path], tuple[int, int] | None],
    ) -> None:
        self.most = most
        self._rank = rank
        self._mark = mark
        self._notes: list[_Note] = []
        self._worst: tuple[Any, ...] | None = None
        self._count = 0

    def __bool__(self) -> bool:
        return self._count > 0

    @property
    def codes(self) -> frozenset[str]:
        """The codes of the problems noted so far."""
        return frozenset(note.code for note in self._notes)

    def add(
        self,
        code: str,
        path: Path,
        message: str,
        *,
        word: str | None = None,
        known: Collection[str] | Callable[[], Collection[str]] = (),
        suggestion: str | None = None,
        position: int | None = None,
        excerpt: str | None = None,
        mark: tuple[int, int] | None = None,
    ) -> None:
        """Note one problem. ``word`` is compared with ``known`` when the list is closed: "did you mean ...?"."""
        self._count += 1
        stage = STAGE_OF[code]
        if self._worst is not None and stage > self._worst[0]:
            return
        beyond = (1,) if path[:1] == (OVERRIDES,) else (0,)
        rank = (stage, beyond, self._rank(path), position or 0, self._count)
        if self._worst is not None and rank > self._worst:
            return
        self._notes.append(
            _Note(code, path, message, rank, word, known, suggestion, position, excerpt, mark)
        )
        if len(self._notes) > 4 * self.most + 64:
            self._notes = heapq.nsmallest(self.most + 1, self._notes, key=lambda note: note.rank)
            self._worst = self._notes[-1].rank

    def later(self, *paths: Path) -> Path:
        """Which of the paths comes last in the document."""
        return max(paths, key=self._rank)

    def wants(self, code: str, path: Path) -> bool:
        """Whether a problem there could still be among those shown; asked before a message is composed.

        A problem that is not wanted is counted, so that the list is known to be cut.
        """
        if self._worst is None:
            return True
        beyond = (1,) if path[:1] == (OVERRIDES,) else (0,)
        stage = STAGE_OF[code]
        is_wanted = stage <= self._worst[0] and (stage, beyond, self._rank(path)) <= self._worst[:3]
        self._count += not is_wanted
        return is_wanted

    def add_problem(self, problem: Problem) -> None:
        """Note a problem found elsewhere, whose path is text."""
        self.add(
            problem.code,
            path_steps(problem.path),
            problem.message,
            suggestion=problem.suggestion,
            position=problem.position,
            excerpt=problem.excerpt,
        )

    def problems(self) -> tuple[Problem, ...]:
        """What was found, sorted, with suggestions and places; ``too_many_problems`` closes a cut list."""
        notes = sorted(self._notes, key=lambda note: note.rank)[: self.most]
        budget = _COMPARISONS
        found: list[Problem] = []
        for note in notes:
            suggestion = note.suggestion
            message = note.message
            if note.word is not None and suggestion is None:
                known = note.known() if callable(note.known) else note.known
                # Comparing every wrong name with every known one is quadratic: a hostile document gets no advice.
                budget -= len(known)
                suggestion = nearest(note.word, known) if budget >= 0 else None
                if suggestion is not None:
                    message = f"{message}; did you mean '{suggestion}'?"
            is_override = note.path[:1] == (OVERRIDES,)
            mark = note.mark or (None if is_override else self._mark(note.path))
            line, column = mark or (None, None)
            found.append(
                Problem(
                    code=note.code,
                    message=message,
                    path=path_text(note.path),
                    position=note.position,
                    line=line,
                    column=column,
                    suggestion=suggestion,
                    excerpt=note.excerpt,
                )
            )
        hidden = self._count - len(found)
        if hidden > 0:
            found.append(
                Problem(
                    code="too_many_problems",
                    message=f"only the first {len(found)} problems are shown, there are more",
                    path="",
                )
            )
        return tuple(found)
