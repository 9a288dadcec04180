"""Tags and filters of every page: icons, marks, times, amounts, tapes and lanes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest
from django.template.context import Context
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from flowtime.bundles import generation_name
from flowtime.health import roots_problem, space_problem
from flowtime.pages import ADVICE
from flowtime.people.preferences import theme_of
from flowtime.tasks import SILENCE_LIMIT, worker_silence
from runs import drawing, selectors, wording
from runs.clock import from_grid, from_text
from runs.models import Run
from runs.template_page import small_drawing

register = template.Library()

MOST_LINKED = 6

_SHAPES = {
    "tick": mark_safe('<circle cx="8" cy="8" r="6.5"/><path d="m5 8.2 2.1 2.1L11.2 6"/>'),
    "arc": mark_safe(
        '<circle cx="8" cy="8" r="6.5" opacity=".35"/><path d="M8 1.5a6.5 6.5 0 0 1 6.5 6.5"/><path d="M8 8V4.5"/>'
    ),
    "dotted": mark_safe('<circle cx="8" cy="8" r="6.5" stroke-dasharray="2 2.6"/>'),
    "cross": mark_safe(
        '<rect x="1.7" y="1.7" width="12.6" height="12.6" rx="1.5"/><path d="m5.5 5.5 5 5m0-5-5 5"/>'
    ),
    "barred": mark_safe('<circle cx="8" cy="8" r="6.5"/><path d="M5 8h6"/>'),
}
_STATUS_MARKS = {
    "succeeded": ("tick", "ok"),
    "valid": ("tick", "ok"),
    "available": ("tick", "ok"),
    "running": ("arc", "run"),
    "generating": ("arc", "run"),
    "queued": ("dotted", "idle"),
    "unavailable": ("dotted", "idle"),
    "unchecked": ("dotted", "idle"),
    "failed": ("cross", "fail"),
    "missing": ("cross", "fail"),
    "corrupt": ("cross", "fail"),
    "incomplete": ("cross", "fail"),
    "canceled": ("barred", "idle"),
    "superseded": ("barred", "idle"),
}
_STATE_MARKS = {
    "gray": mark_safe('<circle class="f" cx="8" cy="8" r="6.5"/><text x="8" y="11.2">–</text>'),
    "green": mark_safe('<circle class="f" cx="8" cy="8" r="7.5"/><text x="8" y="11.2">G</text>'),
    "yellow": mark_safe('<path class="f" d="M8 0 16.4 15H-.4Z"/><text x="8" y="13">Y</text>'),
    "red": mark_safe(
        '<rect class="f" x="1" y="1" width="14" height="14" rx="1.5"/><text x="8" y="11.2">R</text>'
    ),
    "dlq": mark_safe('<path class="f" d="M4 1h8l4 7-4 7H4L0 8Z"/><text x="8" y="11.2">D</text>'),
}


@register.simple_tag
def icon(name: str) -> SafeString:
    """A line icon of the page's sprite; its name is never read out."""
    return format_html('<svg class="icon" aria-hidden="true"><use href="#i-{}"/></svg>', name)


@register.simple_tag
def status_mark(status: str) -> SafeString:
    """The shape of a status: tick disc, arc, dotted ring, cross in a square, barred ring."""
    shape, tone = _STATUS_MARKS.get(status, ("dotted", "idle"))
    return format_html(
        '<svg class="mark line {}" viewBox="0 0 16 16" aria-hidden="true">{}</svg>',
        tone,
        _SHAPES[shape],
    )


@register.simple_tag
@lru_cache(maxsize=64)
def status_badge(status: str, label: str) -> SafeString:
    """Shape and word. ``status`` is the machine word, ``label`` what is read."""
    return format_html('<span class="status">{}{}</span>', status_mark(status), label)


@register.simple_tag
def run_status(status: str) -> SafeString:
    """A run's status; on screen it is spelt the British way."""
    return status_badge(status, Run.Status(status).label)


@register.simple_tag
def state_mark(state: str) -> SafeString:
    """The shape and letter of a state: ring –, disc G, triangle Y, square R, hexagon D."""
    return format_html(
        '<svg class="mark {}" viewBox="0 0 16 16" aria-hidden="true">{}</svg>',
        state,
        _STATE_MARKS[state],
    )


# A page of runs shows the same shapes again and again.
@register.simple_tag
@lru_cache(maxsize=2048)
def mini_tape(shape: str) -> SafeString:
    """The run's shape in a list: forty-eight bars, or the base line alone before success."""
    return format_html(
        '<svg class="tape mini" viewBox="0 0 48 16" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="base" d="M0 15.4H48V16H0Z"/>{}</svg>',
        drawing.tape_sentence(shape),
        _paths(drawing.tape_paths(shape, is_mini=True)),
    )


@register.simple_tag
def state_tape(letters: str, subject: str) -> SafeString:
    """One bar a bin, the width of its column."""
    return format_html(
        '<svg class="tape" viewBox="0 0 {} 22" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        max(len(letters), 1),
        drawing.tape_sentence(letters, subject=subject),
        _paths(drawing.tape_paths(letters)),
    )


@register.simple_tag
def volume_tape(values: Sequence[float | None], subject: str) -> SafeString:
    """A tape of dead letters: one bar a bin, as tall as its volume."""
    return format_html(
        '<svg class="tape" viewBox="0 0 {} 22" preserveAspectRatio="none" role="img" aria-label="{}">'
        '<path class="dlq" d="{}"/></svg>',
        max(len(values), 1),
        f"{subject}: {sum(1 for value in values if value)} bins with dead letters",
        drawing.volume_path(values),
    )


@register.simple_tag
def lane(ranges: Sequence[Sequence[int]], bins: int, severity: str) -> SafeString:
    """Where in the run a warning holds; the words beside it say the same."""
    # A single bin of a long run would be thinner than a pixel.
    least = bins / 160
    return _lane(((severity, a, max(b - a + 1, least)) for a, b in ranges), bins)


def _lane(blocks: Iterable[tuple[str, float, float]], bins: int) -> SafeString:
    """Blocks of (severity, first bin, width): the graver, the taller."""
    tops = {"error": 0, "warning": 2}
    drawn = format_html_join(
        "",
        '<rect class="{}" x="{}" y="{}" width="{}" height="{}"/>',
        (
            (severity, first, tops.get(severity, 4), width, 14 - 2 * tops.get(severity, 4))
            for severity, first, width in blocks
        ),
    )
    return format_html(
        '<svg class="lane-svg" viewBox="0 0 {} 14" preserveAspectRatio="none" aria-hidden="true">{}</svg>',
        max(bins, 1),
        drawn,
    )


@register.simple_tag
def heat_row(row: Any, cells: int) -> SafeString:
    """One node's row of the heat map."""
    return format_html(
        '<svg class="tape" viewBox="0 0 {} 22" preserveAspectRatio="none" role="img" aria-label="{}">{}</svg>',
        max(cells, 1),
        row.sentence,
        _paths(row.paths),
    )


@register.simple_tag
def cursor_at(view: Any) -> SafeString:
    """Where the cursor of the score stands, for its style sheet; scripts move it from there."""
    return format_html('style="--bin: {}; --bins: {}"', view.bin - view.first, view.bins)


@register.simple_tag
def warning_lane(blocks: Sequence[Any], bins: int) -> SafeString:
    """Where warnings hold in the range shown; the tab of warnings says the same in words."""
    return _lane(((b.severity, b.first, b.width) for b in blocks), bins)


def _paths(paths: list[tuple[str, str]]) -> SafeString:
    return format_html_join("", '<path class="{}" d="{}"/>', paths)


@register.simple_tag
def spark(values: Sequence[float | None]) -> SafeString:
    """A sparkline of a series, broken where it is undefined."""
    count = min(len(values), 240) or 1
    return format_html(
        '<svg class="spark" viewBox="-1 0 {} 18" preserveAspectRatio="none" aria-hidden="true"><path d="{}"/></svg>',
        count + 2,
        drawing.spark_path(values),
    )


@register.simple_tag
def bars(values: Sequence[float]) -> SafeString:
    """An array parameter as bars."""
    return format_html(
        '<svg viewBox="0 0 {} 64" preserveAspectRatio="none" aria-hidden="true"><path class="wash" d="{}"/></svg>',
        max(len(values), 1),
        drawing.bars_path(values),
    )


@register.simple_tag
def when(moment: datetime | None) -> SafeString | str:
    """A moment in full, in the reader's zone."""
    if moment is None:
        return wording.UNDEFINED
    return format_html('<time datetime="{}">{}</time>', _machine_time(moment), _in_full(moment))


@register.simple_tag
def ago(moment: datetime | None) -> SafeString | str:
    """How long ago, with the moment in full on hover and for programs."""
    if moment is None:
        return wording.UNDEFINED
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        _machine_time(moment),
        _in_full(moment),
        wording.say_ago(moment, now=timezone.localtime()),
    )


@register.simple_tag
def lately(moment: datetime | None) -> SafeString | str:
    """The time of today, else with its day."""
    if moment is None:
        return wording.UNDEFINED
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        _machine_time(moment),
        _in_full(moment),
        wording.say_lately(moment, now=timezone.localtime()),
    )


def _in_full(moment: datetime) -> str:
    return wording.say_when(moment, zone=timezone.get_current_timezone())


@register.simple_tag
def model_time(moment: datetime | None) -> str:
    """A moment on the clock of a model, which is the same for every reader."""
    return wording.say_when(moment)


@register.simple_tag
def zone_name() -> str:
    """The zone that times of day are told in."""
    return timezone.get_current_timezone_name().replace("_", " ")


def _machine_time(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


@register.filter
def amount(value: float | None) -> str:
    """A number as people read it; "–" when undefined."""
    return wording.say_number(value)


@register.filter
def breakable(code: str) -> SafeString:
    """A long name that may be broken after its underscores."""
    return format_html_join(mark_safe("_<wbr>"), "{}", ((part,) for part in code.split("_")))


@register.filter
def difference(value: float | None) -> str:
    """How far apart two numbers are; what is tiny is not called nothing."""
    return wording.say_difference(value)


@register.filter
def figure(value: float | None, decimals: int) -> str:
    """The same with at most so many decimals."""
    return wording.say_number(value, decimals=decimals)


@register.filter
def as_json(value: Any) -> str:
    """Plain data for an attribute that a script reads; escaped like any text."""
    return json.dumps(value, separators=(",", ":"))


@register.filter
def size(count: int | None) -> str:
    """Bytes in a readable unit."""
    return wording.say_bytes(count)


@register.filter
def counted(count: int, words: str) -> str:
    """``3|counted:"warning"``, or with an own plural ``3|counted:"copy,copies"``."""
    return wording.say_count(count or 0, *words.split(","))


@register.filter
def words(text: str) -> list[str]:
    """The words of a text, to loop over."""
    return text.split()


@register.filter
def bin_ranges(ranges: list[list[int]]) -> str:
    """Inclusive ranges of bins in words."""
    return wording.say_ranges(ranges or [])


@register.filter
def generation(number: int) -> str:
    """The name of a bundle's generation."""
    return generation_name(number)


@register.simple_tag
def reproduction(run: Any) -> str:
    """How exactly a replay reproduces its source."""
    return wording.say_reproduction(
        run.identical_series, run.compared_series, run.max_abs_difference
    )


@register.simple_tag
def when_text(instant: str | None) -> SafeString | str:
    """A moment that came as text, in full."""
    return when(from_text(instant))


@register.simple_tag
def when_grid(instant: Any) -> SafeString | str:
    """When a model's grid begins, in full."""
    return when(from_grid(instant))


@register.simple_tag
def bin_links(ranges: Sequence[Sequence[int]], place: str, node: str) -> SafeString | str:
    """Inclusive ranges of bins in words, each a link to that moment of the run at ``place``."""
    if not place:
        return bin_ranges([list(span) for span in ranges])
    shown = [
        format_html(
            '<a href="{}?{}">{}</a>',
            place,
            urlencode({"bin": first, **({"node": node} if node else {})}),
            f"{first}" if first == last else f"{first} to {last}",
        )
        for first, last in ranges[:MOST_LINKED]
    ]
    rest = len(ranges) - len(shown)
    more = f" and {wording.say_count(rest, 'more range')}" if rest > 0 else ""
    is_one_bin = len(ranges) == 1 and ranges[0][0] == ranges[0][1]
    links = format_html_join(", ", "{}", ((link,) for link in shown))
    return format_html("{} {}{}", "Bin" if is_one_bin else "Bins", links, more)


@register.simple_tag
def worker_words() -> str:
    """Since when nothing is computed; nothing while a worker is there."""
    silence = worker_silence()
    if silence is None:
        return "No worker has been heard from yet."
    return f"Worker {wording.say_silence(silence)}." if silence > SILENCE_LIMIT else ""


@register.simple_tag
def waiting_words() -> str:
    """What waits for a worker: ``2 runs and 1 capture are waiting; they start when it is back.``"""
    runs, captures = selectors.waiting_jobs()
    parts = [wording.say_count(n, noun) for n, noun in ((runs, "run"), (captures, "capture")) if n]
    if not parts:
        return "What is asked for now starts when it is back."
    is_one = runs + captures == 1
    return (
        f"{' and '.join(parts)} {'is' if is_one else 'are'} waiting; "
        f"{'it starts' if is_one else 'they start'} when it is back."
    )


@register.simple_tag
def storage_words() -> tuple[str, str] | None:
    """(what is wrong with the storage, what that means); None while all is well."""
    if roots_problem():
        return (
            "FlowTime is read-only.",
            "Its files cannot be written, so nothing new can be run or generated. What is there can be read. "
            "An administrator can mend it.",
        )
    if problem := space_problem():
        return (
            problem,
            "What does not fit is refused, and what is there stays. An administrator can make room.",
        )
    return None


@register.simple_tag
def time_left(started: datetime | None, done: int, total: int | None) -> str:
    """How long the rest takes at the pace so far."""
    return wording.say_left(started, done, total, now=timezone.now())


@register.simple_tag
def silence_of(heartbeat_at: datetime | None) -> str:
    """``silent for 40 s`` where whoever works has not said so for too long; else nothing."""
    silence = timezone.now() - heartbeat_at if heartbeat_at else timedelta()
    return wording.say_silence(silence) if silence > SILENCE_LIMIT else ""


@register.simple_tag
def advice(code: str) -> str:
    """What to do about a failure with that code; empty where its sentence says it all."""
    return ADVICE.get(code, "")


@register.filter
def short_id(identifier: str) -> str:
    """The last eight characters of an id, with an ellipsis for what is left out."""
    return identifier if len(identifier) <= 12 else f"…{identifier[-8:]}"


@register.filter
def short_hash(digest: str) -> str:
    """The first 24 characters of a digest, without its algorithm."""
    return digest.removeprefix("sha256:")[:24]


@register.simple_tag
def grid(bins: int, bin_size: int, bin_unit: str) -> str:
    """``120 × 1 h``."""
    return wording.say_grid(bins, bin_size, bin_unit)


@register.simple_tag
def grid_of_template(template: Any) -> str:
    """The grid a template declares; empty where a parameter decides it."""
    declared = template.document.get("grid", {})
    try:
        return wording.say_grid(
            int(declared["bins"]), int(declared["binSize"]), str(declared["binUnit"])
        )
    except (KeyError, TypeError, ValueError):
        return "grid by parameter"


@register.inclusion_tag("components/topology_small.html")
def small_map(entry: Any) -> dict[str, Any]:
    """The places of a template and how they are connected, at a fifth of their size; nothing where it has none."""
    return {"drawing": small_drawing(entry)}


@register.simple_tag
def window(start: datetime | None, minutes: int) -> str:
    """From when to when; the length alone when there is no start."""
    return wording.say_minutes(minutes) if start is None else wording.say_window(start, minutes)


@register.simple_tag
def took(started: datetime | None, finished: datetime | None) -> str:
    """How long between two moments."""
    return wording.say_duration(finished - started if started and finished else None)


@register.simple_tag
def version() -> str:
    """The product's version, for the foot of each page."""
    return str(settings.FLOWTIME_VERSION)


@register.simple_tag(takes_context=True)
def theme(context: Context) -> str:
    """The theme the reader chose; nothing where the system decides."""
    request = context.get("request")
    return theme_of(request) if request is not None else ""


@register.filter
def role(user: Any) -> str:
    """The highest role of a user, in one word; nothing for someone who has none."""
    if user is None or isinstance(user, AnonymousUser):
        return ""
    if user.is_superuser:
        return "admin"
    held = set(user.groups.values_list("name", flat=True))
    return next((name for name in ("admin", "operator", "viewer") if name in held), "")


@register.simple_tag(takes_context=True)
def with_query(context: Context, **changes: Any) -> str:
    """The page's own query string with some keys replaced, or left out where the value is empty."""
    return query_with(context["request"], **changes) or "?"


def query_with(request: HttpRequest, **changes: Any) -> str:
    """As ``with_query``; nothing at all where a change has no value, so that there is no link to follow."""
    query = request.GET.copy()
    for key, value in changes.items():
        query.pop(key, None)
        if value in (None, ""):
            return ""
        query[key] = value
    return f"?{query.urlencode()}"
