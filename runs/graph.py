"""The topology of a model as plain data for drawing: places with the series of their roles, and connections."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from flowtime.engine import DocumentError, bind, compile_model, load_model
from runs import services
from runs.formulas import formulas_of

if TYPE_CHECKING:
    from flowtime.engine import Model, Template
    from runs.models import Run


def graph_of_run(run: Run) -> dict[str, Any]:
    """The graph of the model that the run evaluated. Raises RunUnreadable."""
    with services.open_bundle(run) as bundle:
        model = load_model(bundle.model_document)
        roles = bundle.record.provenance.get("roles", {})
        infos = {entry.id: entry for entry in bundle.index if entry.id}
    formulas = [formula.to_dict() for formula in formulas_of(model, infos)]
    return _graph(model, roles, {key: info.series_id for key, info in infos.items()}, formulas)


def graph_of_template(template: Template) -> dict[str, Any] | None:
    """The graph that the template's defaults give; None where they give no model."""
    try:
        plan = compile_model(bind(template))
    except DocumentError:
        return None
    infos = {info.id: info for info in plan.index}
    written = template.document.get("nodes", ())
    formulas = [formula.to_dict() for formula in formulas_of(plan.model, infos, written=written)]
    series_ids = {key: info.series_id for key, info in infos.items()}
    return _graph(plan.model, plan.roles, series_ids, formulas)


def _graph(
    model: Model,
    roles: Mapping[str, Mapping[str, str]],
    series_ids: Mapping[str, str],
    formulas: list[dict[str, Any]],
) -> dict[str, Any]:
    return {
        "nodes": [
            {
                "id": node.id,
                "kind": node.kind,
                "role": node.node_role,
                "label": node.label,
                "group": node.group,
                "semantics": dict(roles.get(node.id, {})),
                "series": {
                    role: series_ids[key]
                    for role, key in roles.get(node.id, {}).items()
                    if key in series_ids
                },
                "aliases": dict(node.aliases),
                "position": _position(node.ui),
            }
            for node in model.topology.nodes
        ],
        "edges": [
            {
                "id": edge.id,
                "from": edge.source,
                "to": edge.target,
                "type": edge.type,
                "measure": edge.measure,
                "weight": edge.weight,
                "lag": edge.lag,
            }
            for edge in model.topology.edges
        ],
        "formulas": formulas,
    }


def _position(ui: Mapping[str, Any]) -> dict[str, float] | None:
    """Where the author put a place, if the author did."""
    x, y = ui.get("x"), ui.get("y")
    if isinstance(x, int | float) and isinstance(y, int | float):
        return {"x": float(x), "y": float(y)}
    return None
