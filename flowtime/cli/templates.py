"""`flowtime templates`: the catalog of flow templates."""

from __future__ import annotations

import typer

from flowtime.cli import output
from flowtime.cli.output import Column
from flowtime.cli.session import Json, TemplateId, connect
from flowtime.client.resources import Parameter, Template

app = typer.Typer(no_args_is_help=True, help="List and read flow templates.")


@app.command("list")
def list_templates(ctx: typer.Context, json: Json = False) -> None:
    """List the flow templates that can be run.

    \b
    Examples:
      flowtime templates list
      flowtime templates list --json
    """
    with connect(ctx) as api:
        answer = api.templates()
    if json:
        output.show_json(answer)
        return
    output.show_table(
        (
            Column("template"),
            Column("version"),
            Column("title"),
            Column("grid"),
            Column("parameters", "right"),
            Column("problems", "right"),
        ),
        [_row(template) for template in answer["items"]],
    )


def _row(template: Template) -> tuple[str, ...]:
    return (
        template["templateId"],
        template["version"],
        template["title"],
        _grid(template),
        str(len(template["parameters"])),
        str(len(template["problems"])),
    )


def _grid(template: Template) -> str:
    grid = template["grid"]
    return output.grid_text(grid["bins"], grid["binSize"], grid["binUnit"]) if grid else ""


@app.command("show")
def show_template(ctx: typer.Context, template_id: TemplateId, json: Json = False) -> None:
    """Show one template: its story, and every parameter with bounds and default.

    \b
    Examples:
      flowtime templates show nyc-departures
    """
    with connect(ctx) as api:
        template = api.template(template_id)
    if json:
        output.show_json(template)
        return
    output.show_facts(
        (
            ("template", template["templateId"]),
            ("title", template["title"]),
            ("version", template["version"]),
            ("grid", _grid(template)),
            ("capture key", template.get("captureKey") or ""),
            ("tags", ", ".join(template["tags"])),
            ("description", template["description"]),
        )
    )
    for problem in template["problems"]:
        what = problem.get("detail") or problem.get("message") or ""
        output.say(f"problem: {what} ({problem['code']})")
    if template["parameters"]:
        output.blank_line()
        output.show_table(
            (
                Column("parameter"),
                Column("type"),
                Column("default", "right"),
                Column("bounds"),
                Column("title"),
            ),
            [_parameter_row(parameter) for parameter in template["parameters"]],
        )


def _parameter_row(parameter: Parameter) -> tuple[str, ...]:
    array_of = parameter.get("arrayOf")
    return (
        parameter["name"],
        f"{parameter['type']} of {array_of}" if array_of else parameter["type"],
        output.value_text(parameter["default"], limit=30),
        _bounds(parameter),
        parameter.get("title") or "",
    )


def _bounds(parameter: Parameter) -> str:
    minimum, maximum, length = (
        parameter.get("minimum"),
        parameter.get("maximum"),
        parameter.get("length"),
    )
    parts = []
    if minimum is not None and maximum is not None:
        parts.append(f"{minimum:g} to {maximum:g}")
    elif minimum is not None:
        parts.append(f"from {minimum:g}")
    elif maximum is not None:
        parts.append(f"to {maximum:g}")
    if length is not None:
        parts.append(f"{length} values")
    return ", ".join(parts)
