"""Full ids of series (engine §16.1)."""

from __future__ import annotations

import hashlib
import re

from hypothesis import given
from hypothesis import strategies as st

from flowtime.engine.expansion.series_ids import edge_token, full_id, part_key

FITS = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,127}\Z")


def test_a_total_repeats_its_id_in_upper_case() -> None:
    assert full_id("desk_queue") == "desk_queue@DESK_QUEUE@DEFAULT"


def test_a_part_ends_with_its_class() -> None:
    assert full_id("desk_queue", "Gold") == "desk_queue@DESK_QUEUE@Gold"


def test_an_id_of_120_characters_is_kept_and_a_longer_one_is_cut() -> None:
    assert len(full_id("a" * 55, "Customer")) == 120

    cut = "a" * 56
    digest = hashlib.sha256(cut.encode()).hexdigest()[:12]
    assert full_id(cut) == f"{'a' * 48}.{digest}@{digest.upper()}@DEFAULT"


def test_ids_that_begin_alike_stay_apart_when_cut() -> None:
    assert full_id("a" * 70) != full_id("a" * 71)


def test_edge_ids_are_cleaned_trimmed_and_cut() -> None:
    assert edge_token("Depot->East") == "Depot-_East"
    assert edge_token("  à la gare!") == "la_gare"
    assert edge_token("x" * 90) == "x" * 60


def test_a_part_is_its_own_part() -> None:
    assert part_key("mail", "Blue") == "mail@Blue"
    assert part_key("mail@Blue", "Blue") == "mail@Blue"


@given(
    st.from_regex(r"[A-Za-z][A-Za-z0-9_.-]{0,58}[A-Za-z0-9]", fullmatch=True),
    st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,31}", fullmatch=True),
)
def test_full_ids_always_fit_file_names(key: str, class_id: str) -> None:
    assert FITS.match(full_id(key))
    assert FITS.match(full_id(key, class_id))
    assert FITS.match(full_id(f"edge_{edge_token(key)}_exhaustedVolume", class_id))
