"""The base of every expected refusal: what a client needs to know, and nothing of HTTP but a status."""

from typing import Any, ClassVar


class FlowTimeError(Exception):
    """An expected refusal. ``detail`` is a sentence for people, ``code`` for programs, ``extra`` typed facts."""

    code: ClassVar[str] = "error"
    title: ClassVar[str] = "FlowTime error"
    status: ClassVar[int] = 400

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.extra = extra
