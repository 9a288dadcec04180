"""What the engine raises: one base, problems collected, never a path and never a traceback (engine §20, §23.4)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason to refuse a document: the smallest wrong entry, and what would be right (engine §20)."""

    code: str
    message: str
    path: str
    position: int | None = None
    line: int | None = None
    column: int | None = None
    suggestion: str | None = None
    excerpt: str | None = None

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"

    def to_dict(self) -> dict[str, object]:
        """The problem as the API and the pages show it; absent facts are left out."""
        facts = {
            "code": self.code,
            "message": self.message,
            "path": self.path,
            "position": self.position,
            "line": self.line,
            "column": self.column,
            "suggestion": self.suggestion,
            "excerpt": self.excerpt,
        }
        return {name: value for name, value in facts.items() if value is not None}


class EngineError(Exception):
    """Base of every refusal of the engine."""

    code = "engine_error"

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class _ProblemsError(EngineError):
    def __init__(self, problems: tuple[Problem, ...]) -> None:
        rest = len(problems) - 1
        more = f" (and {rest} more)" if rest else ""
        super().__init__(f"{problems[0]}{more}")
        self.problems = problems


class DocumentError(_ProblemsError):
    """A template or model that cannot be accepted; ``problems`` holds all of them, at least one."""

    code = "model_invalid"


class SourceError(_ProblemsError):
    """External arrays or overrides that do not fit the plan; ``problems`` holds all of them."""

    code = "source_invalid"


class Cancelled(EngineError):
    """The caller's ``cancel`` answered true."""

    code = "cancelled"

    def __init__(self) -> None:
        super().__init__("The evaluation was cancelled.")
