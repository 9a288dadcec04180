"""A template: the authored document, checked as far as it can be without parameter values (engine §5, §23.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ..documents.document import Document
from ..documents.frozen import freeze
from ..documents.intake import read_document
from ..documents.placeholders import (
    bind_document,
    bind_fixed,
    check_placeholders,
    placeholders_below,
)
from ..documents.unknown import UNKNOWN
from ..errors import DocumentError
from ..hashing import json_digest
from ..limits import Limits
from ..model.model import ClassDef, Rng
from ..problems import Collector, path_steps
from ..reading.mappings import Entry, Keys, Reading
from ..reading.outline import Outline
from ..reading.parameters import Declared, Parameter, read_parameters
from ..reading.whole import read_outline, written_metadata
from ..references.whole import check_references
from .tracing import note_traceable_cycles

_PARAMETERS = Keys("parameters", is_open=True)
_DEFAULT_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Template:
    """An accepted template. ``document`` is its data as written, placeholders included, read-only."""

    id: str
    version: str
    metadata: Mapping[str, Any]
    parameters: tuple[Parameter, ...]
    classes: tuple[ClassDef, ...]
    mode: str
    rng: Rng
    template_hash: str
    document: Mapping[str, Any] = field(repr=False)
    source: Document = field(repr=False, compare=False)

    def parameters_at(self, path: str) -> frozenset[str]:
        """The parameters whose placeholders stand at ``path`` (as problems have it) or below; none where it leads nowhere."""
        return placeholders_below(self.document, path_steps(path))


def load_template(
    source: str | bytes | Mapping[str, Any],
    *,
    limits: Limits = _DEFAULT_LIMITS,
    strict: bool = False,
) -> Template:
    """The template in ``source``: YAML or JSON text, or data that is already parsed.

    Checks everything that does not depend on parameter values. Raises DocumentError with all problems.
    """
    return template_of(read_document(source, limits), limits, strict)


def template_of(document: Document, limits: Limits, strict: bool) -> Template:
    """The template that ``document`` holds; raises DocumentError with all problems."""
    notes = collector_for(document, limits)
    reading = Reading(notes, limits, strict, document.parsed.setdefault((limits, strict), {}))
    declared = check_document(document, reading)
    outline = read_outline(bind_document(document, None, limits, notes), reading)
    check_references(outline)
    if notes:
        note_traceable_cycles(outline, notes)
        raise DocumentError(notes.problems())
    return _template(document, declared, outline)


def check_document(document: Document, reading: Reading) -> list[Declared]:
    """Note what is wrong with text, placeholders and declarations; raises where there is no mapping to read on."""
    notes = reading.notes
    for note in document.notes:
        notes.add(note.code, note.path, note.message, mark=note.mark)
    if not isinstance(document.root, dict):
        if not notes:
            notes.add("wrong_type", (), "a document must be a mapping")
        raise DocumentError(notes.problems())
    declared = read_parameters(parameters_entry(document, reading))
    names = {item.parameter.name for item in declared} - {UNKNOWN}
    check_placeholders(document, names, notes)
    return declared


def collector_for(document: Document, limits: Limits) -> Collector:
    """A collector that knows where the entries of ``document`` stand."""
    return Collector(limits.max_problems, rank=document.rank, mark=document.mark)


def parameters_entry(document: Document, reading: Reading) -> Entry:
    """The root of the document, for reading the declarations of parameters."""
    return Entry(reading, bind_fixed(document), (), _PARAMETERS)


def _template(document: Document, declared: list[Declared], outline: Outline) -> Template:
    classes = tuple(_shown(item.value) for item in outline.classes if item.value.id is not UNKNOWN)
    rng = outline.rng
    known = {
        name: default if value is UNKNOWN else value
        for name, value, default in (
            ("kind", rng.kind, Rng().kind),
            ("mode", rng.mode, Rng().mode),
            ("seed", rng.seed, Rng().seed),
        )
    }
    return Template(
        id=outline.id,
        version=outline.version,
        metadata=written_metadata(document.root["metadata"]),
        parameters=tuple(item.parameter for item in declared),
        classes=classes,
        mode="simulation" if outline.mode is UNKNOWN else outline.mode,
        rng=Rng(**known),  # type: ignore[arg-type]
        template_hash=json_digest(document.root),
        document=freeze(document.root),
        source=document,
    )


def _shown(definition: ClassDef) -> ClassDef:
    """The class without texts that wait for a parameter."""
    texts = (definition.display_name, definition.description)
    name, description = (None if text is UNKNOWN else text for text in texts)
    return replace(definition, display_name=name, description=description)
