"""The engine: templates in, models and results out; pure, with numpy and PyYAML only (engine §23)."""

from .binding import bind, load_model
from .errors import Cancelled, DocumentError, EngineError, Problem, SourceError
from .evaluate import evaluate
from .events import bin_events
from .hashing import (
    SEMANTICS_VERSION,
    array_digest,
    canonical_json,
    deterministic_run_id,
    input_hash,
)
from .kernels.pcg32 import Pcg32
from .model import Grid, Limits, Model, Rng
from .parameters import Parameter
from .plan import Plan, compile_model
from .profiles import PROFILES
from .records import COLOURS, SeriesInfo, Warning
from .result import Result
from .template import Template, load_template
from .validation import Report, validate

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
