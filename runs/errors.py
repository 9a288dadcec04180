"""What the runs app refuses: each refusal with the code, title and status that a client meets."""

from flowtime.errors import FlowTimeError


class RunNotFound(FlowTimeError):
    """No run has that id."""

    code = "run_not_found"
    title = "No such run"
    status = 404


class TemplateNotFound(FlowTimeError):
    """The catalog holds no template of that id."""

    code = "template_not_found"
    title = "No such template"
    status = 404


class TemplateInvalid(FlowTimeError):
    """The template fails validation; ``errors`` lists every problem by path, code and message."""

    code = "template_invalid"
    title = "The template is not valid"
    status = 422


class ParametersInvalid(FlowTimeError):
    """The parameters do not fit the template's declarations; ``errors`` lists every problem."""

    code = "parameters_invalid"
    title = "The parameters are not valid"
    status = 422


class ModelInvalid(FlowTimeError):
    """The template with these parameters makes no model that can be evaluated; ``errors`` says why."""

    code = "model_invalid"
    title = "The model is not valid"
    status = 422


class BindingsInvalid(FlowTimeError):
    """Telemetry files cannot be bound as asked; ``errors`` lists every binding that fails."""

    code = "bindings_invalid"
    title = "The bindings are not valid"
    status = 422


class BundleMismatch(FlowTimeError):
    """The telemetry bundle has another grid, window or nodes than the template."""

    code = "bundle_mismatch"
    title = "The telemetry bundle does not fit the template"
    status = 422


class CaptureNotFound(FlowTimeError):
    """No capture has that id."""

    code = "capture_not_found"
    title = "No such capture"
    status = 404


class TelemetryMissing(FlowTimeError):
    """There is no telemetry bundle to replay."""

    code = "bundle_missing"
    title = "The telemetry bundle is missing"
    status = 422


class TelemetryChanged(FlowTimeError):
    """The telemetry bundle is not what was generated."""

    code = "bundle_corrupt"
    title = "The telemetry bundle was changed"
    status = 422


class RunUnreadable(FlowTimeError):
    """The run has no bundle that can be read and trusted."""

    code = "run_unreadable"
    title = "The run's files cannot be read"
    status = 422


class RunExists(FlowTimeError):
    """The run id is taken."""

    code = "run_exists"
    title = "A run with this id already exists"
    status = 409


class RunNotRetryable(FlowTimeError):
    """Only a run that failed or was cancelled is tried again."""

    code = "run_not_retryable"
    title = "The run is not tried again"
    status = 409


class RunNotCancelable(FlowTimeError):
    """Only a queued or running run can be cancelled."""

    code = "run_not_cancelable"
    title = "The run cannot be cancelled"
    status = 409


class SeriesNotFound(FlowTimeError):
    """The run has no series of that id."""

    code = "series_not_found"
    title = "No such series"
    status = 404


class WindowTooLarge(FlowTimeError):
    """More bins × places are asked for than one answer holds; ``maxBins`` would fit."""

    code = "window_too_large"
    title = "The window is too large"
    status = 413


class ViewNotFound(FlowTimeError):
    """The reader keeps no view with that number."""

    code = "view_not_found"
    title = "No such view"
    status = 404


class ViewExists(FlowTimeError):
    """The reader keeps another view under that name."""

    code = "view_exists"
    title = "A view of that name exists"
    status = 409


class ViewInvalid(FlowTimeError):
    """The name cannot be kept, or there is no room for another view."""

    code = "view_invalid"
    title = "The view cannot be kept"
    status = 422


class NotTwoRuns(FlowTimeError):
    """Two runs are compared, no fewer and no more."""

    code = "not_two_runs"
    title = "Not two runs"
    status = 422


class PartNotFound(FlowTimeError):
    """A part of the player that is not there, or that belongs to other files than the run has now."""

    code = "not_found"
    title = "Not found"
    status = 404
