"""What a caller asks for when a run is made, as typed values; and the same as the row's document keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class TelemetrySource:
    """Which telemetry bundle to replay: exactly one of the first four. ``bindings`` map a name to a file in it."""

    source_run_id: str | None = None
    capture_id: str | None = None
    capture_key: str | None = None
    capture_directory: str | None = None
    bindings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRequest:
    """A run to make. ``seed`` and ``rng_mode`` None mean the template's own.

    ``replicate`` chooses one of the independent samples that a seed has (engine §21.2).
    """

    template_id: str
    mode: str = "simulation"
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int | None = None
    rng_mode: str | None = None
    replicate: int = 0
    telemetry: TelemetrySource | None = None
    run_id: str | None = None
    is_deterministic: bool = False
    overwrite: bool = False

    def to_document(self) -> dict[str, Any]:
        """Plain data for the row; ``from_document`` gives an equal request."""
        return asdict(self)

    @classmethod
    def from_document(cls, document: Mapping[str, Any]) -> RunRequest:
        facts = dict(document)
        if facts.get("telemetry") is not None:
            facts["telemetry"] = TelemetrySource(**facts["telemetry"])
        return cls(**facts)
