"""The explanation of the engine tells the truth: every model runs, every number is that of a run, every figure is drawn anew."""

from __future__ import annotations

import doctest
import re

import numpy as np
import pytest

from docs.explanation import draw_figures, examples
from flowtime.engine import validate

HERE = examples.PAGE.parent
PAGE = examples.PAGE.read_text()
NUMBERS, LEDGERS = examples.marked("numbers"), examples.marked("ledger")
REFUSED = examples.marked("refused")

# The worked examples of engine §25 that the page retells, by the model that retells them.
WORKED = {
    "desk": ("E3", "desk_queue", [0, 18, 11, 0, 0]),
    "leaking": ("E4", "desk_queue", [0, 16.8, 8.6, 0, 0]),
    "store": ("E1", "store_queue", [11, 2, 5, 0]),
    "dock": ("E7", "dock_queue", [10, 20, 5, 15, 25, 10]),
    "yard": ("E10", "yard_overflow", [0, 0, 19, 8]),
    "shared": ("E18", "reporting_served", [37.5, 22.5, 0, 0]),
    "storm": ("E22", "demand", [100, 103, 105.4, 107.07, 108.081, 108.7548]),
    "budget": ("E25", "again", [0, 40, 16, 0]),
    "staffing": ("E28", "desk_queue", [5, 10, 15, 10, 15, 10, 15, 10]),
    "classes": ("E37", "desk_served@Red", [5, 5 / 3]),
    "opened": ("E48", "a", [2, 4, 6]),
}


def rows(table: str) -> dict[str, list[float]]:
    """A table's rows by the name in their first cell; `undefined` is NaN."""
    found = {}
    for line in table.splitlines()[2:]:
        name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        found[name.strip("`")] = [float("nan" if c == "undefined" else c) for c in cells]
    return found


def assert_told(run: np.ndarray, told: list[float], what: str) -> None:
    np.testing.assert_allclose(told, run, atol=5e-7, err_msg=what)


@pytest.mark.parametrize("name", NUMBERS)
def test_every_table_is_what_a_run_gives(name: str) -> None:
    result = examples.result(name)

    for series, told in rows(NUMBERS[name]).items():
        assert_told(result.series(series), told, series)


@pytest.mark.parametrize("name", LEDGERS)
def test_every_ledger_is_what_a_run_gives(name: str) -> None:
    model, node = name.split()
    ledger = examples.result(model).ledger(node)

    for column, told in rows(LEDGERS[name]).items():
        assert_told(ledger[column], told, column)


@pytest.mark.parametrize("name", WORKED)
def test_the_models_are_the_worked_examples(name: str) -> None:
    number, series, expected = WORKED[name]

    assert_told(examples.result(name).series(series), expected, number)


def test_every_model_is_told_of_or_refused() -> None:
    told = {*NUMBERS, *REFUSED, *(name.split()[0] for name in LEDGERS)}

    assert set(examples.marked("model")) == told


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_refused_in_these_words(name: str) -> None:
    (problem,) = validate(examples.document(name)).problems

    assert problem.code == "algebraic_cycle"
    assert problem.message == REFUSED[name].strip()


@pytest.mark.parametrize("name", examples.marked("components"))
def test_the_components_are_those_of_the_plan(name: str) -> None:
    found = [
        f"{component['kind']}: {', '.join(component['vertices'])}"
        for component in examples.result(name).plan.describe()["components"]
    ]

    assert examples.marked("components")[name].splitlines() == found


def test_the_python_on_the_page_runs() -> None:
    names = {"text": examples.marked("model")["desk"]}
    parsed = doctest.DocTestParser().get_doctest(PAGE, names, examples.PAGE.name, None, 0)
    said: list[str] = []

    outcome = doctest.DocTestRunner(optionflags=doctest.FAIL_FAST).run(parsed, out=said.append)

    assert outcome.attempted > 10
    assert outcome.failed == 0, "".join(said)


def test_the_numbers_in_the_prose_are_those_of_the_models() -> None:
    shared, desk = examples.result("shared"), examples.document("desk")
    budget = examples.document("budget")["topology"]["nodes"][0]["semantics"]

    assert desk["grid"]["bins"] == 5
    assert "in each of five hours" in PAGE
    assert shared.series("database_demand")[0] - shared.series("database_shortfall")[0] == 50
    assert "share fifty requests an hour" in PAGE
    assert examples.result("dock").series("loaded").max() == 25
    assert "takes up to 25 parcels in every third hour" in PAGE
    assert budget["retryKernel"] == [0, 0.8]
    assert budget["maxAttempts"] == 3
    assert "four fifths of the failures come back one bin later, and three tries" in " ".join(
        PAGE.split()
    )
    red = examples.result("classes").series("desk_served@Red")[1]
    assert red / 5 == pytest.approx(1 / 3)


def test_each_failure_of_the_budget_is_in_one_place_at_the_end() -> None:
    result = examples.result("budget")
    told = ["again", "gaveUp", "call_abandoned"]

    assert result.series("failed").sum() == pytest.approx(
        sum(result.series(name).sum() for name in told) + result.series("call_retry_pending")[-1]
    )


@pytest.mark.parametrize("name", draw_figures.FIGURES)
def test_every_figure_is_what_the_script_draws(name: str) -> None:
    drawn = (HERE / "figures" / f"{name}.svg").read_text()

    assert draw_figures.draw(draw_figures.FIGURES[name]) == drawn
    assert f"](figures/{name}.svg)" in PAGE


def test_no_figure_is_left_over() -> None:
    assert {path.stem for path in (HERE / "figures").iterdir()} == set(draw_figures.FIGURES)


def test_every_link_leads_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (HERE / target).exists(), target


def test_every_figure_says_what_it_shows() -> None:
    for words in re.findall(r"!\[([^\]]*)\]", PAGE):
        assert len(words) > len("figure"), words
