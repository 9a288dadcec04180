"""The two roots that bundles live in, as the settings name them."""

from functools import lru_cache
from pathlib import Path

from django.conf import settings

from flowtime.bundles import Root, Target


def runs_root() -> Root:
    """Where run bundles live; one object a process, so that its descriptor is opened once."""
    return _root(Path(settings.RUNS_ROOT), "runs root")


def telemetry_root() -> Root:
    """Where telemetry bundles live."""
    return _root(Path(settings.TELEMETRY_ROOT), "telemetry root")


# A test suite passes through many directories; a server through two.
@lru_cache(maxsize=8)
def _root(path: Path, label: str) -> Root:
    return Root(path, label)


def target_from_text(text: str) -> Target:
    """The target that a row names: ``runs/<run id>`` or ``library/<capture key>``."""
    area, _, name = text.partition("/")
    return Target.for_run(name) if area == "runs" else Target.for_key(name)


def target_to_text(target: Target) -> str:
    """What rows call a target; ``target_from_text`` gives it back."""
    return "/".join(target.parts)
