"""Every component in every state it has, with what to do and what not: what the living page of components shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from django import forms
from django.contrib.staticfiles import finders
from django.utils import timezone

from runs import catalog
from runs.curl import Command, get_line
from runs.gating import FILES_CHANGED, IN_PROGRESS, NO_TELEMETRY, NOT_FINISHED, Action
from runs.models import Run
from runs.narrowing import Chip, Tab
from runs.template_page import small_drawing

COLOUR = re.compile(r"--([\w-]+):\s*light-dark\(")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One state of a component: its name, and what the template is given."""

    label: str
    given: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """A component: its template, its states, and two sentences. What is ``still`` would act on something real."""

    template: str
    title: str
    do: str
    dont: str
    states: list[Shown]
    is_still: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Framed:
    """A component that frames every page, and so this one too."""

    template: str
    title: str
    do: str


FRAME = [
    Framed(template="bar", title="Bar", do="Says where one is, and has the one thing to start."),
    Framed(template="brand", title="Brand", do="Four bars of ink, and blue for now."),
    Framed(template="theme_toggle", title="Theme", do="Works without a script, by a small form."),
    Framed(template="banner", title="Banner", do="Is about the system, never about this page."),
    Framed(template="icons", title="Icons", do="Each is in the page once, and used by its name."),
    Framed(template="keys", title="Keyboard map", do="Opens by “?”, and turns single keys off."),
    Framed(template="toasts", title="Toasts", do="Say what has happened; six seconds; no errors."),
    Framed(template="foot", title="Foot", do="Has the version, the zone of times, and one hint."),
]


def colours() -> list[str]:
    """The names of the colours in the design tokens, as they stand in their file."""
    found = finders.find("flowtime/tokens.css")
    return list(dict.fromkeys(COLOUR.findall(Path(str(found)).read_text())))


def specimens() -> Iterator[Specimen]:
    """Every component that does not frame the page."""
    yield from _messages()
    yield from _actions()
    yield from _facts()


def situations() -> Iterator[Specimen]:
    """What a page says when there is nothing, when something failed, and when one must wait."""
    run = _run()
    yield Specimen(
        template="runs/_empty.html",
        title="Empty",
        do="Say what would be here, and start it.",
        dont="Show an empty table.",
        states=[Shown(label="The first visit")],
    )
    yield Specimen(
        template="errors/_sheet.html",
        title="A page that is refused",
        do="Say what failed, what is safe, what to do, and the request where an administrator needs it.",
        dont="Show a code alone, or a trace.",
        states=[
            Shown(
                label="Not read",
                given={
                    "heading": "The database is busy",
                    "text": "Nothing is lost. Try again in a moment.",
                    "can_retry": True,
                    "request_id": "9b1f04ce",
                },
            ),
            Shown(
                label="Not found",
                given={
                    "heading": "There is no run 'run_20261119T081207Z_0000beef'",
                    "text": "It may have been removed, or the id may be cut short.",
                },
            ),
            Shown(
                label="Not allowed",
                given={
                    "heading": "You need the operator role",
                    "text": "An administrator can change your role.",
                },
            ),
        ],
    )
    failed = _run(
        status="failed",
        failure_code="model_invalid",
        failure_detail="checkout_retries reads itself in the same bin. Use SHIFT(checkout_retries, 1).",
    )
    yield Specimen(
        template="runs/_outcome.html",
        title="A run without a result",
        do="Say what, where and what next, in the page of the run.",
        dont="Send the reader to a log.",
        states=[
            Shown(label="Failed", given={"run": failed}),
            Shown(label="Cancelled", given={"run": _run(status="canceled")}),
            Shown(label="Missing", given={"run": _run(integrity="missing")}),
            Shown(label="Changed", given={"run": _run(integrity="corrupt")}),
            Shown(
                label="Replayed",
                given={
                    "run": _run(
                        replay_of="model",
                        source_run_id=run.pk,
                        identical_series=36,
                        compared_series=36,
                        max_abs_difference=0.0,
                    )
                },
            ),
        ],
    )
    yield Specimen(
        template="runs/_progress.html",
        title="Progress of a run",
        do="A native bar with its count in words; polled, and still while the page is hidden.",
        dont="Move anything else on the page.",
        states=[
            Shown(label="Known", given={"run": _progress("bins", 5212, 8760)}),
            Shown(label="Per cent", given={"run": _progress("percent", 57, 100)}),
            Shown(label="Unknown", given={"run": _progress("", 0, None)}),
        ],
    )
    yield Specimen(
        template="runs/_capture_progress.html",
        title="Progress of a capture",
        do="Say that one can leave.",
        dont="Block the page.",
        is_still=True,
        states=[
            Shown(
                label="Writing",
                given={
                    "active": SimpleNamespace(
                        id="cap_example",
                        status="generating",
                        progress_done=11,
                        progress_total=15,
                        started_at=timezone.now() - timedelta(seconds=4),
                        heartbeat_at=None,
                        is_finished=False,
                    ),
                    "latest": {"nodeId": "LGA", "metric": "Served"},
                    "target": "#example",
                },
            )
        ],
    )
    yield Specimen(
        template="runs/_overwrite.html",
        title="Conflict",
        do="Ask with the facts of what would be lost, and put the safe answer first.",
        dont="Ask for what can be undone.",
        is_still=True,
        states=[
            Shown(
                label="Telemetry exists",
                given={
                    "run": run,
                    "facts": {
                        "generatedAtUtc": "2026-11-23T10:16:02Z",
                        "requestedBy": "m.okafor",
                        "generation": "g000001",
                        "fileCount": 15,
                        "byteCount": 10_000,
                        "sourceRunId": run.pk,
                        "integrity": {"state": "valid"},
                        "warningCount": 2,
                    },
                    "panel": SimpleNamespace(
                        replay_count=1, next_generation="g000002", asked={"captureKey": ""}
                    ),
                },
            )
        ],
    )


def _messages() -> Iterator[Specimen]:
    yield Specimen(
        template="components/note.html",
        title="Note",
        do="Name the thing, the amount and the first bin, at the place it is about.",
        dont="Say “An error occurred”.",
        states=[
            Shown(label="Fact", given={"text": "36 of 36 series are identical to the source run."}),
            Shown(
                label="Warning",
                given={
                    "tone": "warning",
                    "title": "Flights at JFK waited beyond the promise.",
                    "text": "6 bins, at worst 138 min in bin 118.",
                },
            ),
            Shown(
                label="Error",
                given={
                    "tone": "error",
                    "title": "The capture was refused.",
                    "text": "The run's files were changed since it was written.",
                },
            ),
        ],
    )
    yield Specimen(
        template="components/banner_line.html",
        title="Line of the banner",
        do="Say since when, and what waits.",
        dont="Repeat what a page says already.",
        states=[
            Shown(
                label="No worker",
                given={
                    "title": "Nothing is being computed.",
                    "text": "Worker silent for 14 min.",
                    "more": "2 runs and 1 capture are waiting; they start when it is back.",
                },
            ),
            Shown(
                label="Read only",
                given={
                    "title": "Nothing can be written.",
                    "text": "The place for runs is read only.",
                },
            ),
        ],
    )
    yield Specimen(
        template="components/silent_worker.html",
        title="Silent worker",
        do="Say it under the bar that it explains.",
        dont="Call a slow job a failed one.",
        states=[
            Shown(
                label="Silent",
                given={
                    "job": _run(
                        status="running", heartbeat_at=timezone.now() - timedelta(minutes=9)
                    )
                },
            )
        ],
    )
    yield Specimen(
        template="components/field_errors.html",
        title="Error of a field",
        do="Say it under the field, which names it as its description, and keep what was typed.",
        dont="Move anything else, or clear the field.",
        states=[
            Shown(label="Wrong", given={"field": _seed("-4")}),
            Shown(label="Right", given={"field": _seed("7")}),
        ],
    )
    yield Specimen(
        template="components/warnings.html",
        title="Warnings",
        do="Show where in the run each one holds, and say it in words.",
        dont="Sort by anything but severity and time.",
        states=[
            Shown(
                label="With bins",
                given={
                    "bins": 120,
                    "warnings": [
                        {
                            "severity": "error",
                            "code": "negative_input",
                            "nodeId": "LGA",
                            "metric": "arrivals",
                            "message": "Arrivals were below 0 in 2 bins.",
                            "bins": [[3, 4]],
                        },
                        {
                            "severity": "warning",
                            "code": "queue_not_drained",
                            "nodeId": "JFK",
                            "message": "35 flights still wait at the end of the run.",
                            "bins": [[96, 119]],
                        },
                        {
                            "severity": "info",
                            "code": "idle",
                            "nodeId": "EWR",
                            "message": "Nothing arrived at night.",
                            "bins": [[0, 5], [24, 29], [48, 53]],
                        },
                    ],
                },
            )
        ],
    )


def _actions() -> Iterator[Specimen]:
    yield Specimen(
        template="components/action.html",
        title="Gated action",
        do="Leave the control in its place, and say under it why it is refused.",
        dont="Hide it, disable it, or put the reason in a tooltip only.",
        states=[
            Shown(label="Primary", given=_action("Generate telemetry", is_primary=True)),
            Shown(label="Allowed", given=_action("Replay from model", glyph="replay")),
            *(
                Shown(label="Refused", given=_action("Generate telemetry", reason=reason))
                for reason in (NOT_FINISHED, IN_PROGRESS)
            ),
            *(
                Shown(label="Refused", given=_action("Replay", glyph="replay", reason=reason))
                for reason in (FILES_CHANGED, NO_TELEMETRY)
            ),
        ],
    )
    yield Specimen(
        template="components/permitted.html",
        title="Action of a role",
        do="Name the role that is needed.",
        dont="Show two primary buttons in one view.",
        states=[
            Shown(
                label="Allowed",
                given={"id": "ui-run", "label": "Run", "classes": "primary", "is_allowed": True},
            ),
            Shown(
                label="Refused",
                given={"id": "ui-not", "label": "Run", "classes": "primary", "is_allowed": False},
            ),
        ],
    )
    wider = SimpleNamespace(words="In the last 7 days", count=3, query="?created=7d")
    question = SimpleNamespace(
        words="Template Shared database, status Failed, created in the last 24 hours",
        everything="?view=all",
    )
    yield Specimen(
        template="components/no_match.html",
        title="No match",
        do="Repeat the question, and offer the nearest wider one that has an answer.",
        dont="Leave the reader to guess which filter it was.",
        states=[
            Shown(label=label, given={"list": asked, "address": "/runs", "thing": "run"})
            for label, asked in (
                ("A wider one", SimpleNamespace(question=question, wider=wider)),
                ("None", SimpleNamespace(question=question, wider=None)),
            )
        ],
    )
    yield Specimen(
        template="components/narrowing.html",
        title="Narrowing a list",
        do="Count each status under the other filters, and let every filter be taken away.",
        dont="Hide what narrows a list in its form.",
        states=[
            Shown(
                label="Failed runs of a week",
                given={
                    "address": "/runs",
                    "list": SimpleNamespace(
                        question=question,
                        tabs=[
                            Tab(status="", label="All", count="1,284", query="", is_current=False),
                            Tab(
                                status="failed",
                                label="Failed",
                                count="3",
                                query="?status=failed",
                                is_current=True,
                            ),
                        ],
                        chips=[Chip(words="Created in the last 7 days", query="?view=all")],
                    ),
                },
            )
        ],
    )
    yield Specimen(
        template="components/pager.html",
        title="Pages of a list",
        do="Say how many are shown, of how many.",
        dont="Number pages that move while one reads.",
        is_still=True,
        states=[
            Shown(
                label="First",
                given={"said": "Newest 50 of 1,284", "newer": "", "older": "#components-h"},
            ),
            Shown(label="Only", given={"said": "All 12 runs", "newer": "", "older": ""}),
        ],
    )
    yield Specimen(
        template="components/copy.html",
        title="Id to copy",
        do="Show the whole id; without a script it can be selected.",
        dont="Shorten what is to be copied.",
        states=[
            Shown(label="Id", given={"text": "run_20261123T101500Z_4e7f9c1f", "what": "run id"})
        ],
    )
    yield Specimen(
        template="components/curl.html",
        title="Request to copy",
        do="Show the request that reads what the page shows.",
        dont="Put a token in it.",
        states=[
            Shown(
                label="Read",
                given={
                    "command": Command(
                        "This list",
                        get_line("https://flowtime.example/v1/runs", status="failed"),
                    )
                },
            )
        ],
    )
    yield Specimen(
        template="components/request.html",
        title="Request id",
        do="Give it where an administrator can help.",
        dont="Give it with what the reader can mend alone.",
        states=[Shown(label="Id", given={"text": "9b1f04ce7a5d4c0f8e21b3a6d9c4e712"})],
    )


def _facts() -> Iterator[Specimen]:
    yield Specimen(
        template="components/status.html",
        title="Status",
        do="Use the shape and the word together.",
        dont="Tell by colour alone; and it is “Cancelled” on screen.",
        states=[
            Shown(label=label, given={"status": status, "label": label})
            for status, label in Run.Status.choices
        ],
    )
    yield Specimen(
        template="components/integrity.html",
        title="Integrity",
        do="Say what the last look at the files found.",
        dont="Say “Valid” of what nobody has checked.",
        states=[
            Shown(label=state or "none", given={"integrity": state})
            for state in ("valid", "corrupt", "missing", "incomplete", "")
        ],
    )
    now = timezone.now()
    yield Specimen(
        template="components/events.html",
        title="Events",
        do="Oldest first, one sentence each.",
        dont="Show names of events instead of sentences.",
        states=[
            Shown(
                label="Steps",
                given={
                    "label": "Steps of a capture",
                    "events": [
                        {"at": now, "sentence": "Requested by m.okafor"},
                        {"at": now, "sentence": "Published as g000001", "tone": "ok"},
                        {"at": now, "sentence": "Refused: a bundle exists", "tone": "bad"},
                    ],
                },
            )
        ],
    )
    entries = {entry.template_id: entry for entry in catalog.all_entries()}
    yield Specimen(
        template="components/topology_small.html",
        title="Small map",
        do="One scale for all, filled where work waits.",
        dont="Name the places: the page of the model does.",
        states=[
            Shown(label=entries[name].title, given={"drawing": small_drawing(entries[name])})
            for name in ("first-steps", "emergency-department", "shared-database")
        ],
    )


def _action(
    label: str, *, glyph: str = "rec", is_primary: bool = False, reason: str | None = None
) -> dict[str, Any]:
    name = re.sub(r"\W+", "-", f"ui-{label} {reason or is_primary}".lower())
    action = Action(allowed=reason is None, reason=reason)
    return {"action": action, "id": name, "label": label, "glyph": glyph, "primary": is_primary}


class _SeedForm(forms.Form):
    seed = forms.IntegerField(
        min_value=0, error_messages={"min_value": "−4 is below the smallest value, 0."}
    )


def _seed(text: str) -> Any:
    return _SeedForm({"seed": text}, auto_id=f"ui-%s-{text}")["seed"]


def _run(**facts: Any) -> Run:
    """A run that is in no table."""
    return Run(
        **{
            "id": "run_20261123T101500Z_4e7f9c1f",
            "template_id": "shared-database",
            "status": "succeeded",
            **facts,
        }
    )


def _progress(unit: str, done: int, total: int | None) -> Run:
    return _run(status="running", progress_unit=unit, progress_done=done, progress_total=total)
