"""What the telemetry app refuses: each refusal with the code, title and status that a client meets."""

from flowtime.errors import FlowTimeError
from runs.errors import CaptureNotFound

__all__ = [
    "CaptureExists",
    "CaptureInProgress",
    "CaptureNotCancelable",
    "CaptureNotFound",
    "CaptureNotRetryable",
    "NothingToCapture",
    "OutsideLibrary",
    "RunNotCapturable",
    "UnsupportedSource",
]


class UnsupportedSource(FlowTimeError):
    """Telemetry is generated from runs only."""

    code = "unsupported_source"
    title = "This source is not supported"
    status = 400


class OutsideLibrary(FlowTimeError):
    """The directory does not resolve to a place of the shared library."""

    code = "outside_roots"
    title = "The directory is outside the telemetry root"
    status = 400


class RunNotCapturable(FlowTimeError):
    """The run has not succeeded, or is itself a telemetry run."""

    code = "run_not_capturable"
    title = "Telemetry cannot be generated from this run"
    status = 422


class NothingToCapture(FlowTimeError):
    """No node of the run's model binds a series to a role that telemetry has a metric for."""

    code = "nothing_to_capture"
    title = "The run holds nothing to capture"
    status = 422


class CaptureExists(FlowTimeError):
    """The target holds a bundle; ``capture`` carries its recorded facts."""

    code = "capture_exists"
    title = "A telemetry bundle already exists"
    status = 409


class CaptureInProgress(FlowTimeError):
    """Another capture of the same target has not finished."""

    code = "capture_in_progress"
    title = "A capture is in progress"
    status = 409


class CaptureNotCancelable(FlowTimeError):
    """Only a capture that is queued or generating can be cancelled."""

    code = "capture_not_cancelable"
    title = "The capture cannot be cancelled"
    status = 409


class CaptureNotRetryable(FlowTimeError):
    """Only a capture that failed is tried again."""

    code = "capture_not_retryable"
    title = "The capture is not tried again"
    status = 409
