"""From a request to everything a run needs before it is evaluated: the same checks for a dry run and the real thing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from flowtime.engine import (
    DocumentError,
    Plan,
    Problem,
    SourceError,
    bind,
    compile_model,
    input_hash,
    load_template,
)
from runs import catalog, observed
from runs.bindings import Bound, apply_bindings, check_fit, derive_bindings, named_parameters
from runs.errors import ModelInvalid, ParametersInvalid, TemplateInvalid

if TYPE_CHECKING:
    from flowtime.engine import Model, Template
    from runs.requests import RunRequest

SourceReader = Callable[[Iterable[str]], Mapping[str, np.ndarray]]

# A series as text takes about this many bytes a value, measured on the shipped templates.
BYTES_PER_CELL = 12

_PARAMETER_CODES = frozenset(
    {"parameter_missing", "unknown_parameter", "parameter_type", "parameter_range", "bad_seed"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A request with its template, model and data: checked, compiled, and not yet evaluated."""

    request: RunRequest
    template_text: str
    template: Template
    model: Model
    plan: Plan
    sources: Mapping[str, np.ndarray]
    overrides: Mapping[str, np.ndarray] = field(default_factory=dict)
    input_hash: str
    replayed: observed.Replayed | None = None
    bindings: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[Mapping[str, Any], ...] = ()

    @property
    def roles(self) -> dict[str, dict[str, str]]:
        return self.plan.roles

    def estimate(self) -> dict[str, int]:
        """How many values will be computed, and about how many bytes written."""
        bins = self.model.grid.bins
        selected = sum(info.selected for info in self.plan.index)
        return {
            "cells": bins * len(self.plan.index),
            "bytes": bins * selected * BYTES_PER_CELL,
        }

    @property
    def foreseen(self) -> list[Mapping[str, Any]]:
        """The warnings that are certain before anything is computed, in the shape of the API."""
        return [*self.warnings, *(warning.to_dict() for warning in self.plan.warnings)]

    @property
    def title(self) -> str:
        return str(self.template.metadata.get("title", self.template.id))


def prepare_request(request: RunRequest) -> Prepared:
    """Check ``request`` against the catalog as it is now, and compile it.

    Raises TemplateNotFound, TemplateInvalid, ParametersInvalid, ModelInvalid, and what the telemetry bundle refuses.
    """
    entry = catalog.get_entry(request.template_id)
    if entry.template is None:
        raise TemplateInvalid(
            f"Template {request.template_id} cannot be run until its problems are solved.",
            errors=problem_list(entry.problems),
        )
    bundle = observed.find_bundle(request.telemetry) if request.telemetry else None
    return _prepare(request, entry.text, entry.template, entry.sources, bundle)


def prepare_text(
    request: RunRequest,
    text: str,
    *,
    read_sources: SourceReader,
    bundle: observed.BundleRef | None = None,
) -> Prepared:
    """Check ``request`` against a template's text as it was: for queued runs and replays."""
    try:
        template = load_template(text)
    except DocumentError as error:
        raise TemplateInvalid(
            f"Template {request.template_id} cannot be run until its problems are solved.",
            errors=problem_list(error.problems),
        ) from None
    return _prepare(request, text, template, read_sources, bundle)


def problem_list(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Problems of the engine as the API lists them; parameter problems point into the request's body."""
    return [_problem_facts(problem) for problem in problems]


def _problem_facts(problem: Problem) -> dict[str, Any]:
    facts: dict[str, Any] = {**problem.to_dict(), "detail": problem.message}
    if problem.path.startswith("overrides."):
        facts["pointer"] = "/parameters/" + _pointer_step(problem.path.removeprefix("overrides."))
    elif problem.path.startswith("overrides["):
        name = problem.path.removeprefix("overrides[").removesuffix("]").strip('"')
        facts["pointer"] = "/parameters/" + _pointer_step(name)
    elif problem.path == "rng" or problem.path.startswith("rng."):
        facts["pointer"] = "/" + problem.path.replace(".", "/")
    return facts


def _blamed(facts: dict[str, Any], template: Template, given: Mapping[str, Any]) -> dict[str, Any]:
    """A problem with a pointer to the one given parameter that stands where the problem is, if that is one."""
    named = template.parameters_at(facts["path"]) & given.keys()
    if "pointer" in facts or len(named) != 1:
        return facts
    return {**facts, "pointer": "/parameters/" + _pointer_step(next(iter(named)))}


def _pointer_step(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def series_keys(plan: Plan) -> dict[str, str]:
    """The key of every series of ``plan`` by its key and by its full id."""
    keys = {info.series_id: info.id for info in plan.index}
    return keys | {info.id: info.id for info in plan.index}


def _prepare(
    request: RunRequest,
    text: str,
    template: Template,
    read_sources: SourceReader,
    bundle: observed.BundleRef | None,
) -> Prepared:
    if bundle is None:
        model = _bind(request, template, {})
        plan = _compile(model, ())
        sources = read_sources(plan.source_texts)
        _check_supplies(plan, sources, {})
        return Prepared(
            request=request,
            template_text=text,
            template=template,
            model=model,
            plan=plan,
            sources=sources,
            input_hash=input_hash(template, model, replicate=request.replicate, sources=sources),
        )
    return _prepare_replay(request, text, template, read_sources, observed.read_bundle(bundle))


def _prepare_replay(
    request: RunRequest,
    text: str,
    template: Template,
    read_sources: SourceReader,
    replayed: observed.Replayed,
) -> Prepared:
    """As ``_prepare``, with the observed series in place of the computed ones (engine §11.5)."""
    asked = request.telemetry.bindings if request.telemetry else {}
    given = named_parameters(asked, template, replayed.arrays)
    model = _bind(request, template, given)
    check_fit(replayed.manifest, model)
    bare = _compile(model, ())
    if asked:
        bound = apply_bindings(
            asked,
            template=template,
            arrays=replayed.arrays,
            series_keys=series_keys(bare),
            source_texts=frozenset(bare.source_texts),
        )
    else:
        bound = derive_bindings(replayed.manifest, replayed.arrays, bare.roles)
    plan, sources, overrides = _spare_depths(
        model, bare, bound, read_sources, replicate=request.replicate
    )
    return Prepared(
        request=request,
        template_text=text,
        template=template,
        model=model,
        plan=plan,
        sources=sources,
        overrides=overrides,
        input_hash=input_hash(
            template,
            model,
            replicate=request.replicate,
            sources=sources,
            overrides=overrides,
        ),
        replayed=replayed,
        bindings=bound.names,
        warnings=bound.warnings,
    )


Supplied = tuple[Plan, dict[str, np.ndarray], dict[str, np.ndarray]]


def _spare_depths(
    model: Model, bare: Plan, bound: Bound, read_sources: SourceReader, *, replicate: int
) -> Supplied:
    """The plan of a replay with its sources and overrides, queue depths overridden only where they must be.

    A depth that the engine makes of the observed flows exactly as it was observed stays the engine's own, and
    with it the age and the ledger that an overridden depth has not (engine §12.4.4, §17.2).
    """

    def supply(spared: Collection[str]) -> Supplied:
        overrides = {n: array for n, array in bound.overrides.items() if n not in spared}
        plan = _compile(model, tuple(overrides))
        sources = {**read_sources(plan.source_texts), **bound.sources}
        _check_supplies(plan, sources, overrides)
        return plan, sources, overrides

    depths = bare.computed_depths & bound.overrides.keys()
    supplied = plan, sources, overrides = supply(depths)
    if not depths:
        return supplied
    result = plan.run(sources=sources, overrides=overrides, replicate=replicate)
    agreeing = {
        depth
        for depth in depths
        if np.array_equal(result.series(depth), bound.overrides[depth], equal_nan=True)
    }
    return supplied if agreeing == depths else supply(agreeing)


def _bind(request: RunRequest, template: Template, given: Mapping[str, Any]) -> Model:
    try:
        return bind(
            template,
            {**request.parameters, **given},
            mode=request.mode,
            rng=_rng(request, template),
        )
    except DocumentError as error:
        problems = [
            _blamed(facts, template, request.parameters) for facts in problem_list(error.problems)
        ]
        if any(problem.code in _PARAMETER_CODES for problem in error.problems):
            raise ParametersInvalid(
                _summary(error.problems, "parameter problem"), errors=problems
            ) from None
        raise ModelInvalid(_summary(error.problems, "problem"), errors=problems) from None


def _rng(request: RunRequest, template: Template) -> dict[str, Any] | None:
    if request.seed is None and request.rng_mode is None:
        return None
    own = template.rng
    return {
        "kind": own.kind if own else "pcg32",
        "mode": request.rng_mode or (own.mode if own else "expected"),
        "seed": request.seed if request.seed is not None else (own.seed if own else 123),
    }


def _compile(model: Model, overrides: Sequence[str]) -> Plan:
    try:
        return compile_model(model, overrides=overrides)
    except DocumentError as error:
        raise ModelInvalid(
            _summary(error.problems, "problem"), errors=problem_list(error.problems)
        ) from None


def _check_supplies(
    plan: Plan, sources: Mapping[str, np.ndarray], overrides: Mapping[str, np.ndarray]
) -> None:
    """What evaluating would refuse about its arrays, before anything is reserved."""
    try:
        plan.check(sources=sources, overrides=overrides)
    except SourceError as error:
        raise ModelInvalid(
            _summary(error.problems, "problem"), errors=problem_list(error.problems)
        ) from None


def _summary(problems: Sequence[Problem], noun: str) -> str:
    if len(problems) == 1:
        return f"{problems[0].message}"
    return f"There are {len(problems)} {noun}s; the first: {problems[0].message}"
