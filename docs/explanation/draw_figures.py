"""Draws the figures of the explanation from real runs: run ``python docs/explanation/draw_figures.py``."""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from docs.explanation.examples import result

WIDTH, HEIGHT = 720, 260
LEFT, RIGHT, TOP, BOTTOM = 48, 16, 44, 36
# Each is at least 3:1 against white and against a dark page, so that one file serves both.
INK, GRID = "#7a7f87", "#7a7f8755"
COLOURS = ("#3b82d6", "#c2690c", "#2f9160", "#a35bc9")
DASHES = ("", "7 4", "2 4", "10 3 2 3")


@dataclass(frozen=True, slots=True)
class Line:
    """One series of a figure; a stock is filled, a flow is a line."""

    series: str
    label: str
    is_stock: bool = False


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart of one run: which model of the page, what is told of it, and which series."""

    model: str
    title: str
    lines: tuple[Line, ...]


FIGURES = {
    "desk": Figure(
        "desk",
        "A desk that serves up to 12 an hour",
        (
            Line("desk_queue", "queue at the end of the hour", is_stock=True),
            Line("visitors", "visitors"),
            Line("desk_served", "served"),
        ),
    ),
    "staffing": Figure(
        "staffing",
        "A manager who reacts one bin late",
        (
            Line("desk_queue", "queue", is_stock=True),
            Line("desk_served", "answered"),
            Line("calls", "calls"),
        ),
    ),
    "shared": Figure(
        "shared",
        "One database for reporting and the shop",
        (
            Line("shop_queue", "queue of the shop", is_stock=True),
            Line("reporting_served", "reporting served"),
            Line("shop_served", "shop served"),
        ),
    ),
    "storm": Figure(
        "storm",
        "Retries on top of the customers who cause them",
        (Line("demand", "demand"), Line("customers", "customers"), Line("echo", "echo")),
    ),
}


def draw(figure: Figure) -> str:
    """The figure as SVG: steps, because a value belongs to its whole bin."""
    found = result(figure.model)
    values = [found.series(line.series).tolist() for line in figure.lines]
    ticks = _ticks(max(max(row) for row in values))
    bins = found.grid.bins
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
            'font-family="system-ui, sans-serif" font-size="12">',
            f"<title>{escape(figure.title)}</title>",
            *_axes(bins, ticks),
            *_legend(figure),
            *(
                _step(row, ticks[-1], number, is_stock=line.is_stock)
                for number, (line, row) in enumerate(zip(figure.lines, values, strict=True))
            ),
            "</svg>",
            "",
        ]
    )


def _ticks(highest: float) -> list[float]:
    """At most six round levels from 0 to one at or above the highest value."""
    for step in (1, 2, 5, 10, 20, 25, 50, 100):
        if highest <= 5 * step:
            return [step * n for n in range(int(-(-highest // step)) + 1)]
    raise ValueError(highest)


def _x(bins: int, at: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * at / bins


def _y(most: float, value: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * value / most


def _axes(bins: int, ticks: Sequence[float]) -> Iterable[str]:
    for tick in ticks:
        y = _y(ticks[-1], tick)
        yield f'<path d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}" stroke="{INK if tick == 0 else GRID}"/>'
        yield _text(LEFT - 8, y + 4, f"{tick:g}", anchor="end")
    for at in range(bins):
        yield _text(_x(bins, at + 0.5), HEIGHT - BOTTOM + 18, str(at))
    yield _text(WIDTH - RIGHT, HEIGHT - 4, "bin", anchor="end")


def _legend(figure: Figure) -> Iterable[str]:
    x = float(LEFT)
    for number, line in enumerate(figure.lines):
        colour = COLOURS[number]
        if line.is_stock:
            yield f'<rect x="{x}" y="12" width="22" height="10" fill="{colour}" fill-opacity=".3"/>'
        yield (
            f'<path d="M{x} {12 if line.is_stock else 17}h22" stroke="{colour}" stroke-width="2.5" '
            f'stroke-dasharray="{DASHES[number]}"/>'
        )
        yield _text(x + 28, 21, line.label, anchor="start")
        x += 52 + 6.6 * len(line.label)


def _step(row: Sequence[float], most: float, number: int, *, is_stock: bool) -> str:
    bins = len(row)
    corners = [
        f"{'M' if at == 0 else 'L'}{_x(bins, at):.1f} {_y(most, value):.1f}H{_x(bins, at + 1):.1f}"
        for at, value in enumerate(row)
    ]
    line = "".join(corners)
    colour = COLOURS[number]
    drawn = (
        f'<path d="{line}" fill="none" stroke="{colour}" stroke-width="2.5" '
        f'stroke-dasharray="{DASHES[number]}"/>'
    )
    if not is_stock:
        return drawn
    floor = f"V{_y(most, 0):.1f}H{_x(bins, 0):.1f}Z"
    return f'<path d="{line}{floor}" fill="{colour}" fill-opacity=".3"/>\n{drawn}'


def _text(x: float, y: float, words: str, *, anchor: str = "middle") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{INK}" text-anchor="{anchor}">{escape(words)}</text>'
    )


if __name__ == "__main__":
    directory = Path(__file__).resolve().parent / "figures"
    for name, figure in FIGURES.items():
        (directory / f"{name}.svg").write_text(draw(figure), encoding="utf-8", newline="\n")
