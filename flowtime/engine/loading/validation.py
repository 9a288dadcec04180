"""Checking a document without raising: everything that load, bind and compile would say (engine §23.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..documents.intake import read_document
from ..errors import DocumentError, Problem
from ..evaluation.plan import compile_model
from ..limits import Limits
from ..model.model import Model
from ..results.records import Warning
from .binding import bind, document_problems
from .template import Template, template_of

_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of a document; ``template`` and ``model`` are None where they were not reached.

    ``warnings`` are those that need no numbers; an evaluation may find more.
    """

    template: Template | None
    model: Model | None
    problems: tuple[Problem, ...]
    warnings: tuple[Warning, ...] = ()


def validate(
    source: str | bytes | Mapping[str, Any],
    parameters: Mapping[str, Any] | None = None,
    *,
    limits: Limits = _DEFAULT_LIMITS,
    strict: bool = False,
) -> Report:
    """Everything that is wrong with ``source`` at these parameter values; never raises for bad content."""
    document = read_document(source, limits)
    try:
        template = template_of(document, limits, strict)
    except DocumentError as error:
        if not parameters and document.is_plain:
            return Report(None, None, error.problems)
        return Report(None, None, document_problems(document, parameters, limits, strict))
    try:
        model = bind(template, parameters, limits=limits, strict=strict)
    except DocumentError as error:
        return Report(template, None, error.problems)
    plan = compile_model(model, limits=limits)
    return Report(template, model, (), plan.warnings)
