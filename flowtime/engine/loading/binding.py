"""From a template and parameter values to a model, with every remaining problem reported (engine §6, §23.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from ..documents.document import Document
from ..documents.frozen import freeze
from ..documents.placeholders import bind_document
from ..errors import DocumentError, Problem
from ..hashing import canonical_json, digest, json_digest
from ..limits import Limits
from ..model.canonical import binding_of, escaped, model_document, rng_value, window_value
from ..model.model import Model, Rng
from ..model.topology import Topology
from ..reading.mappings import Reading
from ..reading.outline import Outline
from ..reading.parameters import effective_values, read_parameters
from ..reading.whole import read_outline
from ..references.whole import check_references
from .template import Template, check_document, collector_for, load_template, parameters_entry
from .tracing import note_cycles, note_excess, note_traceable_cycles

_DEFAULT_LIMITS = Limits()


def bind(
    template: Template,
    parameters: Mapping[str, Any] | None = None,
    *,
    mode: str | None = None,
    rng: Mapping[str, Any] | Rng | None = None,
    limits: Limits = _DEFAULT_LIMITS,
    strict: bool = False,
) -> Model:
    """The model that ``template`` is with these parameter values; ``mode`` and ``rng`` win over the template's.

    Raises DocumentError with all problems, those of the dependency graph included, so a model always compiles.
    """
    model = _bound(template, parameters or {}, mode=mode, rng=rng, limits=limits, strict=strict)
    notes = collector_for(template.source, limits)
    note_excess(model, notes, limits)
    if notes:
        raise DocumentError(notes.problems())
    return model


def _bound(
    template: Template,
    parameters: Mapping[str, Any],
    *,
    mode: str | None = None,
    rng: Mapping[str, Any] | Rng | None = None,
    limits: Limits,
    strict: bool = False,
) -> Model:
    """The same, whatever number of cells it would have."""
    notes = collector_for(template.source, limits)
    known = template.source.parsed.get((limits, strict), {})
    # A copy: what one set of parameters makes of an expression must not pile up in the template.
    reading = Reading(notes, limits, strict, dict(known))
    declared = read_parameters(parameters_entry(template.source, reading))
    values = effective_values(declared, parameters, notes, limits)
    root = bind_document(template.source, values, limits, notes)
    outline = read_outline(_with_choices(root, mode, rng), reading)
    check_references(outline)
    if notes:
        note_traceable_cycles(outline, notes)
        raise DocumentError(notes.problems())
    model = build_model(outline, template.template_hash, values)
    note_cycles(model, notes)
    if notes:
        raise DocumentError(notes.problems())
    return model


def document_problems(
    document: Document, parameters: Mapping[str, Any] | None, limits: Limits, strict: bool
) -> tuple[Problem, ...]:
    """Everything that is wrong with a refused document, what depends on parameter values included."""
    notes = collector_for(document, limits)
    reading = Reading(notes, limits, strict)
    try:
        declared = check_document(document, reading)
    except DocumentError as error:
        return error.problems
    values = effective_values(declared, parameters or {}, notes, limits)
    outline = read_outline(bind_document(document, values, limits, notes), reading)
    check_references(outline)
    note_traceable_cycles(outline, notes)
    return notes.problems()


def load_model(document: Mapping[str, Any], *, limits: Limits = _DEFAULT_LIMITS) -> Model:
    """The model whose ``to_document()`` gave ``document``, equal to it. Raises DocumentError.

    It was bound once, so its cells are not counted again, which may take a compilation; whoever compiles it does.
    """
    return _bound(load_template(document, limits=limits), {}, limits=limits)


def _with_choices(
    root: Mapping[str, Any], mode: str | None, rng: Mapping[str, Any] | Rng | None
) -> Mapping[str, Any]:
    """The data with the caller's mode and randomness in place of the author's."""
    if mode is not None:
        root = {**root, "mode": mode}
    if rng is None:
        return root
    given = rng_value(rng) if isinstance(rng, Rng) else rng
    chosen = {str(key): value for key, value in given.items()}
    authored = root.get("rng")
    return {**root, "rng": {**(authored if isinstance(authored, dict) else {}), **chosen}}


def build_model(outline: Outline, template_hash: str, values: Mapping[str, Any]) -> Model:
    """The model of an outline without problems."""
    origin = None if values else binding_of(outline.provenance)
    template_hash, parameters = origin or (template_hash, values)
    model = Model(
        template_id=outline.id,
        template_version=outline.version,
        template_hash=template_hash,
        metadata=outline.metadata,
        grid=outline.grid,
        window=MappingProxyType(window_value(outline.grid)),
        mode=outline.mode,
        rng=outline.rng,
        nodes=tuple(item.value for item in outline.nodes if item.value is not None),
        topology=Topology(
            nodes=tuple(item.value for item in outline.places),
            edges=tuple(item.value for item in outline.edges),
            constraints=tuple(item.value for item in outline.constraints),
        ),
        classes=tuple(item.value for item in outline.classes),
        traffic=tuple(item.value for item in outline.traffic),
        outputs=tuple(outline.outputs),
        parameters=MappingProxyType(dict(parameters)),
        parameters_hash=json_digest(parameters),
        model_hash="",
        document=MappingProxyType({}),
    )
    document = model_document(model, outline.generator, outline.provenance)
    text = canonical_json(document)
    if b"${" in text:
        document = escaped(document)
        text = canonical_json(document)
    return replace(model, model_hash=digest(text), document=freeze(document))
