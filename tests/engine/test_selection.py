"""Which series the outputs select (engine §8.8)."""

from __future__ import annotations

from flowtime.engine.model.model import Output
from flowtime.engine.results.selection import Candidate, select

KNOWN = (
    Candidate("arrivals", is_derived=False, is_part=False),
    Candidate("arrivals@Gold", is_derived=False, is_part=True),
    Candidate("desk_queue", is_derived=False, is_part=False),
    Candidate("desk_latency_minutes", is_derived=True, is_part=False),
)


def chosen(*outputs: Output) -> set[str]:
    return select(outputs, KNOWN)[0]


def test_no_outputs_select_everything() -> None:
    assert chosen() == {"arrivals", "desk_queue", "desk_latency_minutes"}


def test_a_star_leaves_derived_series_out() -> None:
    assert chosen(Output("*")) == {"arrivals", "desk_queue"}


def test_derived_series_have_a_pattern_of_their_own() -> None:
    assert chosen(Output("derived:*")) == {"desk_latency_minutes"}


def test_a_prefix_selects_every_id_that_starts_with_it() -> None:
    assert chosen(Output("desk/*")) == {"desk_queue", "desk_latency_minutes"}


def test_an_exclusion_acts_on_its_own_entry_only() -> None:
    assert chosen(Output("*", exclude=("desk_queue",))) == {"arrivals"}
    assert chosen(Output("*", exclude=("desk/*",)), Output("desk_queue")) == {
        "arrivals",
        "desk_queue",
    }


def test_an_id_may_name_a_part() -> None:
    assert chosen(Output("arrivals@Gold")) == {"arrivals@Gold"}


def test_entries_that_select_nothing_are_named_by_position() -> None:
    outputs = (Output("arrivals"), Output("lost/*"), Output("arrivals", exclude=("*",)))

    assert select(outputs, KNOWN)[1] == [1, 2]
