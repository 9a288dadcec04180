"""What a capture's page shows, as commands for a shell."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from runs.curl import Command, get_line, post_line

if TYPE_CHECKING:
    from telemetry.models import Capture


def commands_for(capture: Capture, *, server: str) -> list[Command]:
    """Reading first, then the check and the run that replays the bundle."""
    here = f"{server}/v1/telemetry/captures/{quote(capture.pk)}"
    body = {
        "templateId": capture.template_id,
        "mode": "telemetry",
        "telemetry": {"captureId": capture.pk},
    }
    return [
        Command("This capture", get_line(here)),
        Command("Its manifest", get_line(f"{here}/manifest")),
        Command("Its events", get_line(f"{here}/events")),
        Command("Hash every file again", post_line(f"{here}/verify", {})),
        Command("Replay it", post_line(f"{server}/v1/runs", body)),
    ]
