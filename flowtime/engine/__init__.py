"""The engine: templates in, models and results out; pure, with numpy and PyYAML only (engine §23)."""

from .errors import Cancelled, DocumentError, EngineError, Problem, SourceError
from .evaluation.plan import Plan, compile_model, evaluate
from .events import bin_events
from .hashing import (
    SEMANTICS_VERSION,
    array_digest,
    canonical_json,
    deterministic_run_id,
    input_hash,
)
from .kernels.pcg32 import Pcg32
from .kernels.profiles import PROFILES
from .limits import Limits
from .loading.binding import bind, load_model
from .loading.template import Template, load_template
from .loading.validation import Report, validate
from .model.grid import Grid
from .model.model import Model, Rng
from .reading.parameters import Parameter
from .results.records import COLOURS, SeriesInfo, Warning
from .results.result import Result

__all__ = [
    "COLOURS",
    "PROFILES",
    "SEMANTICS_VERSION",
    "Cancelled",
    "DocumentError",
    "EngineError",
    "Grid",
    "Limits",
    "Model",
    "Parameter",
    "Pcg32",
    "Plan",
    "Problem",
    "Report",
    "Result",
    "Rng",
    "SeriesInfo",
    "SourceError",
    "Template",
    "Warning",
    "array_digest",
    "bin_events",
    "bind",
    "canonical_json",
    "compile_model",
    "deterministic_run_id",
    "evaluate",
    "input_hash",
    "load_model",
    "load_template",
    "validate",
]
