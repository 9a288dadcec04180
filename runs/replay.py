"""Preparing a run again: a queued one from its row, a replay from the bundle of the run it repeats."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from flowtime.bundles import open_run_bundle
from flowtime.engine import array_digest
from runs import catalog, observed, planning, selectors
from runs.errors import TemplateNotFound
from runs.models import Run
from runs.requests import RunRequest, TelemetrySource
from runs.storage import runs_root

if TYPE_CHECKING:
    import numpy as np

    from flowtime.bundles import RunBundle
    from runs.planning import Prepared, SourceReader


def to_document(
    prepared: Prepared,
    *,
    origin: str | None = None,
    replaced: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The request as the row keeps it: enough to prepare it again.

    ``origin`` is the run it repeats, if any; ``replaced`` is what is kept of the run whose place it takes.
    """
    return {
        "request": prepared.request.to_document(),
        "effective": dict(prepared.model.parameters),
        "bundle": prepared.replayed.ref.to_document() if prepared.replayed else None,
        "origin": origin,
        "replaced": replaced,
    }


def prepare_stored(run: Run) -> Prepared:
    """Prepare the request that the row of ``run`` keeps, with the template text and the bundle it had then."""
    stored = run.document.request
    request = RunRequest.from_document(stored["request"])
    bundle = observed.BundleRef(**stored["bundle"]) if stored["bundle"] else None
    origin = stored.get("origin")
    reader = _sources_of_run(selectors.get_run(origin)) if origin else _sources_of_catalog(request)
    return planning.prepare_text(
        request, run.document.template_text, read_sources=reader, bundle=bundle
    )


def prepare_replay(run: Run, *, source: str) -> Prepared:
    """Prepare what ``run`` computed, again: from its model alone, or with the telemetry that belongs to it.

    The template's text, the parameters and the seed are those of the run's bundle.
    """
    with open_run_bundle(runs_root(), run.pk, manifest_hash=run.manifest_hash) as bundle:
        record, text = bundle.record, bundle.template_text
    is_from_telemetry = source == Run.ReplayOf.TELEMETRY
    request = RunRequest(
        template_id=run.template_id,
        mode=Run.Mode.TELEMETRY if is_from_telemetry else Run.Mode.SIMULATION,
        parameters=dict(record.overrides),
        seed=record.rng.seed,
        rng_mode=run.rng_mode,
        replicate=record.provenance.get("replicate") or 0,
    )
    if not is_from_telemetry:
        if run.mode == Run.Mode.TELEMETRY:
            # A file may have given a parameter its values; the record has them all.
            request = replace(request, parameters=dict(record.parameters))
        return planning.prepare_text(request, text, read_sources=_sources_of_run(run))
    request = replace(request, telemetry=TelemetrySource(bindings=_asked_bindings(run)))
    return planning.prepare_text(
        request, text, read_sources=_sources_of_run(run), bundle=observed.bundle_of_run(run)
    )


def _asked_bindings(run: Run) -> dict[str, str]:
    asked = (run.document.request.get("request") or {}).get("telemetry") or {}
    return dict(asked.get("bindings") or {})


def _sources_of_catalog(request: RunRequest) -> SourceReader:
    try:
        return catalog.get_entry(request.template_id).sources
    except TemplateNotFound:
        # The engine then says which node misses its array.
        return lambda texts: {}


def _sources_of_run(run: Run) -> SourceReader:
    """External arrays as ``run`` had them: the catalog's where they are still the same, else out of its bundle."""

    def read(texts: Iterable[str]) -> Mapping[str, np.ndarray]:
        texts = tuple(texts)
        if not texts:
            return {}
        expected = (run.document.record or {}).get("provenance", {}).get("sources", {})
        request = RunRequest(template_id=run.template_id)
        found = dict(_sources_of_catalog(request)(texts))
        changed = {
            expected[text]: text
            for text in texts
            if text in expected
            and (text not in found or array_digest(found[text]) != expected[text])
        }
        if changed:
            with open_run_bundle(runs_root(), run.pk, manifest_hash=run.manifest_hash) as bundle:
                found |= _search_bundle(bundle, changed)
        return found

    return read


def _search_bundle(bundle: RunBundle, wanted: Mapping[str, str]) -> dict[str, np.ndarray]:
    """Arrays by source text: a node that had a source holds exactly its values (engine §12.1)."""
    found: dict[str, np.ndarray] = {}
    for entry in bundle.index:
        if entry.class_id == "DEFAULT" and entry.origin in ("authored", "synthesised"):
            values = bundle.series(entry.series_id)
            text = wanted.get(array_digest(values))
            if text is not None:
                found[text] = values
    return found
