"""What a call may end in: refused by the server, not answered in time, or no FlowTime there at all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class ClientError(Exception):
    """Base of whatever a client raises; ``code`` is stable and made for programs."""

    code = "error"


class Refused(ClientError):
    """The server said no. ``problem`` is its whole problem document (RFC 9457).

    ``status`` is the HTTP status, ``code`` the problem's code, ``errors`` what is wrong with which
    part of the request, ``retry_after`` the seconds to wait where the server named them.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], *, retry_after: str = "") -> None:
        self.status = status
        self.problem = dict(problem)
        self.code = str(problem.get("code") or f"http_{status}")
        self.detail = str(
            problem.get("detail") or problem.get("title") or f"The server answered {status}."
        )
        self.errors: list[dict[str, Any]] = list(problem.get("errors") or ())
        self.request_id = str(problem.get("requestId") or "")
        self.retry_after = int(retry_after) if retry_after.isdecimal() else None
        super().__init__(f"{self.detail} ({self.code})")


class TimedOut(ClientError):
    """No answer, or no end of the work, within the time that was given."""

    code = "timed_out"


class Unreachable(ClientError):
    """The address cannot be reached, or what answers there is no FlowTime of this version."""

    code = "unreachable"
