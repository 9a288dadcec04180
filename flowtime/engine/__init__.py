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
from .metrics.colours import COLOURED_BY, colour_bins
from .metrics.layout import METRICS
from .metrics.sla import Sla, measure_sla
from .model.grid import Grid
from .model.model import Model, Rng
from .model.nodes import (
    BufferNode,
    ConstNode,
    ExprNode,
    ExternalRef,
    PmfNode,
    RouterNode,
    SeriesRef,
)
from .reading.parameters import Parameter
from .results.records import COLOURS, SeriesInfo, Warning
from .results.result import Result
from .results.stored import Located, StoredNode, locate_series

__all__ = [
    "COLOURED_BY",
    "COLOURS",
    "METRICS",
    "PROFILES",
    "SEMANTICS_VERSION",
    "BufferNode",
    "Cancelled",
    "ConstNode",
    "DocumentError",
    "EngineError",
    "ExprNode",
    "ExternalRef",
    "Grid",
    "Limits",
    "Located",
    "Model",
    "Parameter",
    "Pcg32",
    "Plan",
    "PmfNode",
    "Problem",
    "Report",
    "Result",
    "Rng",
    "RouterNode",
    "SeriesInfo",
    "SeriesRef",
    "Sla",
    "SourceError",
    "StoredNode",
    "Template",
    "Warning",
    "array_digest",
    "bin_events",
    "bind",
    "canonical_json",
    "colour_bins",
    "compile_model",
    "deterministic_run_id",
    "evaluate",
    "input_hash",
    "load_model",
    "load_template",
    "locate_series",
    "measure_sla",
    "validate",
]
