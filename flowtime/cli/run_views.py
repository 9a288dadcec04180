"""How runs, plans and series catalogues look on a terminal and in a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from rich.text import Text

from flowtime.cli import output
from flowtime.cli.output import Column
from flowtime.cli.sparklines import sparkline
from flowtime.client.resources import (
    Comparison,
    Grid,
    Items,
    Plan,
    Reproduction,
    Run,
    Series,
    SeriesDifference,
    SeriesEntry,
    State,
)

ACTION_WORDS = {
    "generateTelemetry": "generate telemetry",
    "regenerateTelemetry": "generate telemetry again",
    "replayFromModel": "replay from model",
    "replayFromTelemetry": "replay from telemetry",
}


def show_runs(runs: Iterable[Run]) -> None:
    """Print runs as a table."""
    output.show_table(
        (
            Column("status"),
            Column("run"),
            Column("template"),
            Column("mode"),
            Column("created"),
            Column("telemetry"),
            Column("warnings", "right"),
            Column("source run"),
        ),
        [
            (
                output.status_word(run["status"]),
                run["runId"],
                run["templateId"],
                run["mode"],
                output.time_text(run["createdUtc"]),
                output.yes_no(run["telemetry"]["available"]),
                str(run["warningCount"]),
                run["sourceRunId"] or "",
            )
            for run in runs
        ],
    )


def show_run(run: Run) -> None:
    """Print one run: facts, then parameters, then what can be done with it."""
    failure = run.get("failure")
    provenance = run.get("provenance") or {}
    output.show_facts(
        (
            ("run", run["runId"]),
            ("status", output.status_word(run["status"])),
            ("failure", f"{failure['detail']} ({failure['code']})" if failure else ""),
            ("template", f"{run['templateTitle']} ({run['templateId']} {run['templateVersion']})"),
            ("mode", run["mode"]),
            ("created", output.time_text(run["createdUtc"])),
            ("created by", run["createdBy"] or ""),
            ("finished", output.time_text(run["finishedUtc"])),
            ("grid", _grid(run["grid"])),
            ("seed", str(run["rng"].get("seed", ""))),
            ("warnings", str(run["warningCount"])),
            ("telemetry", _telemetry(run)),
            ("source run", run["sourceRunId"] or ""),
            ("replay of", provenance.get("replayOf") or ""),
            ("reproduction", _reproduction(provenance.get("reproduction"))),
            ("input hash", run["inputHash"] or ""),
        )
    )
    _show_parameters(run.get("parameters") or {}, run.get("overrides") or {})
    _show_actions(run)


def _telemetry(run: Run) -> str:
    telemetry = run["telemetry"]
    if not telemetry["available"]:
        return "not available"
    count = telemetry["warningCount"]
    warnings = "1 warning" if count == 1 else f"{count} warnings"
    return f"available, generated {output.time_text(telemetry['generatedAtUtc'])}, {warnings}"


def _reproduction(figures: Reproduction | None) -> str:
    if not figures:
        return ""
    text = f"{figures['identical']} of {figures['total']} series identical"
    difference = figures.get("maxAbsDiff")
    return f"{text}, largest difference {difference:g}" if difference else text


def _grid(grid: Grid) -> str:
    return output.grid_text(grid["bins"], grid["binSize"], grid["binUnit"])


def _show_parameters(values: Mapping[str, object], overrides: Mapping[str, object]) -> None:
    if not values:
        return
    output.blank_line()
    output.show_table(
        (Column("parameter"), Column("value"), Column("from")),
        [
            (name, output.value_text(value), "request" if name in overrides else "default")
            for name, value in sorted(values.items())
        ],
    )


def _show_actions(run: Run) -> None:
    actions = dict(run.get("actions") or {})
    if not actions:
        return
    # Generating and generating again are one thing to a reader: the one that applies is shown.
    again = actions.get("regenerateTelemetry")
    if again is not None:
        del actions["generateTelemetry" if again["allowed"] else "regenerateTelemetry"]
    output.blank_line()
    output.show_table(
        (Column("action"), Column("allowed"), Column("reason")),
        [
            (
                ACTION_WORDS.get(name, name),
                output.yes_no(action["allowed"]),
                action.get("reason") or "",
            )
            for name, action in actions.items()
        ],
    )


def show_plan(plan: Plan, *, given: Mapping[str, object]) -> None:
    """Print what a dry run says would happen; ``given`` are the parameters that were asked for."""
    estimate = plan["estimate"]
    output.show_facts(
        (
            ("template", f"{plan['templateId']} {plan['templateVersion']}"),
            ("mode", plan["mode"]),
            ("run", plan.get("runId") or ""),
            ("grid", _grid(plan["grid"])),
            ("series", str(len(plan["series"]))),
            ("cells", str(estimate.get("cells", ""))),
            ("size", output.byte_text(estimate["bytes"]) if "bytes" in estimate else ""),
            ("warnings", str(len(plan["warnings"]))),
            ("input hash", plan["inputHash"] or ""),
        )
    )
    _show_warnings(plan["warnings"])
    _show_parameters(plan["effectiveParameters"], given)


def _show_warnings(warnings: Iterable[Mapping[str, Any]]) -> None:
    for warning in warnings:
        output.say(f"warning: {warning.get('message', '')} ({warning.get('code', '')})")


def show_series_index(answer: Items[SeriesEntry], *, as_json: bool) -> None:
    """Print a run's series catalogue."""
    if as_json:
        output.show_json(answer)
        return
    output.show_table(
        (
            Column("series"),
            Column("node"),
            Column("kind"),
            Column("unit"),
            Column("points", "right"),
        ),
        [
            (
                entry["seriesId"],
                entry["nodeId"] or "",
                entry["kind"],
                entry["unit"] or "",
                str(entry["points"]),
            )
            for entry in answer["items"]
        ],
    )


def show_series(series: Series) -> None:
    """Draw a series on a terminal: its course as a line of bars, then its figures."""
    values = series["values"]
    known = [value for value in values if value is not None]
    output.show_facts(
        (
            ("series", series["seriesId"]),
            ("unit", series["unit"] or ""),
            ("bins", f"{series['bins'][0]} to {series['bins'][-1]}" if values else "none"),
            ("course", sparkline(values)),
            ("least", _figure(min(known, default=None))),
            ("most", _most(series, known)),
            ("last", _figure(values[-1] if values else None)),
        )
    )


def _most(series: Series, known: list[float]) -> str:
    if not known:
        return "–"
    highest = max(known)
    return f"{_figure(highest)}, first in bin {series['bins'][series['values'].index(highest)]}"


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:g}"


# A state is a letter as well as a colour, as on the pages.
STATE_LETTER = {"green": "G", "yellow": "Y", "red": "R", "dlq": "D", "gray": "–"}
STATE_STYLE = {"green": "green", "yellow": "yellow", "red": "red", "dlq": "magenta"}
SHOWN_METRICS = (
    ("arrivals", "observed", "arrivals"),
    ("served", "observed", "served"),
    ("errors", "observed", "errors"),
    ("waiting", "observed", "queueDepth"),
    ("utilisation", "derived", "utilization"),
    ("wait min", "derived", "latencyMinutes"),
)


def show_state(state: State) -> None:
    """Print one bin of a run: its time, then a line a node."""
    output.show_facts(
        (
            ("bin", str(state["bin"])),
            ("begins", output.time_text(state["beginsUtc"])),
            ("ends", output.time_text(state["endsUtc"])),
            ("warnings", str(len(state["warnings"]))),
        )
    )
    output.blank_line()
    output.show_table(
        (
            Column("state"),
            Column("node"),
            *(Column(heading, "right") for heading, _, _ in SHOWN_METRICS),
            Column("warnings"),
        ),
        [
            (
                _state_mark(node["colour"]),
                node["nodeId"],
                *(_figure(_metric(node, part, name)) for _, part, name in SHOWN_METRICS),
                ", ".join(node["warnings"]),
            )
            for node in state["nodes"]
        ],
    )


def _state_mark(colour: str) -> str | Text:
    if not output.is_terminal():
        return colour
    return Text(f"{STATE_LETTER.get(colour, '?')} {colour}", style=STATE_STYLE.get(colour, ""))


def _metric(node: Mapping[str, Any], part: str, name: str) -> float | None:
    value: float | None = node[part].get(name)
    return value


def show_comparison(comparison: Comparison) -> None:
    """Print how two runs differ, in words first."""
    series = comparison["series"]
    output.show_facts(
        (
            ("a", comparison["a"]["runId"]),
            ("b", comparison["b"]["runId"]),
            ("result", _verdict(comparison)),
            ("first difference", _bin_text(series["firstDifferentBin"])),
            ("only in a", ", ".join(series["onlyInA"])),
            ("only in b", ", ".join(series["onlyInB"])),
        )
    )
    parameters = [entry for entry in comparison["parameters"] if entry["isDifferent"]]
    if parameters:
        output.blank_line()
        output.show_table(
            (Column("parameter"), Column("a"), Column("b")),
            [
                (entry["name"], output.value_text(entry["a"]), output.value_text(entry["b"]))
                for entry in parameters
            ],
        )
    different = [entry for entry in series["items"] if not entry["isIdentical"]]
    if different:
        output.blank_line()
        output.show_table(
            (
                Column("series"),
                Column("most", "right"),
                Column("mean", "right"),
                Column("first bin", "right"),
            ),
            [
                (
                    entry["seriesId"],
                    _figure(entry["maxAbsDiff"]),
                    _figure(entry["meanAbsDiff"]),
                    _bin_text(entry["firstDifferentBin"]),
                )
                for entry in sorted(different, key=_by_difference)
            ],
        )


def _verdict(comparison: Comparison) -> str:
    if not comparison["isComparable"]:
        return "not comparable: the grids differ"
    series = comparison["series"]
    if comparison["isIdentical"]:
        return f"identical in all {series['matched']} series"
    return f"{series['identical']} of {series['matched']} series identical"


def _bin_text(index: int | None) -> str:
    return "" if index is None else f"bin {index}"


def _by_difference(entry: SeriesDifference) -> tuple[float, str]:
    return -(entry["maxAbsDiff"] or 0.0), entry["seriesId"]
