"""Keep a few child processes alive as one: start, restart what dies, stop all in time."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from types import FrameType

PR_SET_PDEATHSIG = 1
# A child that lives this long is healthy: its next death starts the delays anew.
HEALTHY_SECONDS = 10.0
MAX_DELAY = 8.0
GIVE_UP_AFTER = 6


@dataclass(slots=True)
class Child:
    """One process to keep alive."""

    name: str
    command: Sequence[str]
    environment: dict[str, str]
    files: Sequence[int] = ()
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    deaths: int = 0


def _die_with_parent() -> None:
    """Ask the kernel for SIGTERM when the supervisor is gone, however it went (Linux)."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


@dataclass(slots=True)
class Supervisor:
    """Runs its children until one signal ends them all, or one cannot be kept alive.

    ``tell(event, name, number)`` hears of ``started`` and ``restarted`` children with their process id,
    and of those that ``died`` with their exit code.
    """

    children: Sequence[Child]
    tell: Callable[[str, str, int], None]
    grace_seconds: float = 25.0
    is_stopping: bool = field(default=False, init=False)

    def run(self) -> int:
        """Supervise until told to stop. The exit code: 0 when asked, 1 when a child cannot live."""
        before = {
            number: signal.signal(number, self._stop_soon)
            for number in (signal.SIGTERM, signal.SIGINT)
        }
        code = 0
        try:
            while not self.is_stopping:
                if not all(self._tend(child) for child in self.children):
                    code = 1
                    break
                time.sleep(0.1)
        finally:
            self._stop_all()
            for number, handler in before.items():
                signal.signal(number, handler)
        return code

    def _stop_soon(self, _number: int, _frame: FrameType | None) -> None:
        self.is_stopping = True

    def _tend(self, child: Child) -> bool:
        """Start or restart ``child`` when it is due; False when it has died too often."""
        now = time.monotonic()
        if child.process is not None:
            if child.process.poll() is None:
                return True
            is_healthy = now - child.started_at >= HEALTHY_SECONDS
            child.deaths = 1 if is_healthy else child.deaths + 1
            if child.process.returncode == -signal.SIGKILL:
                # Somebody else ended it, the kernel for want of memory perhaps: no sign that it cannot live.
                child.deaths = min(child.deaths, GIVE_UP_AFTER - 1)
            self.tell("died", child.name, child.process.returncode)
            child.process = None
            child.due_at = now + min(0.1 * 2**child.deaths, MAX_DELAY)
        if child.deaths >= GIVE_UP_AFTER:
            return False
        if now >= child.due_at:
            self._start(child)
        return True

    def _start(self, child: Child) -> None:
        # A group of its own: Ctrl-C reaches the supervisor alone, and each child hears SIGTERM once.
        # A worker that hears a second signal drops the job it is at.
        child.process = subprocess.Popen(
            child.command,
            env=child.environment,
            pass_fds=child.files,
            process_group=0,
            preexec_fn=_die_with_parent,
        )
        child.started_at = time.monotonic()
        self.tell("restarted" if child.deaths else "started", child.name, child.process.pid)

    def _stop_all(self) -> None:
        """SIGTERM to every child, SIGKILL to those that outlive the grace period."""
        living = [child.process for child in self.children if child.process is not None]
        for process in living:
            _signal(process, signal.SIGTERM)
        deadline = time.monotonic() + self.grace_seconds
        for process in living:
            try:
                process.wait(timeout=max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    if process.poll() is None:
        process.send_signal(number)
