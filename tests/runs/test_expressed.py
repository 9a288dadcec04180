"""Expressions of a template cut where the values of a bin go in."""

import pytest

from runs.expressed import cut


def marked(text):
    """The text with what a value can stand for in brackets: key, and bins ago."""
    return "".join(f"[{t.key}:{t.back}]" if t.key else t.words for t in cut(text))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("MIN(rate, came + SHIFT(waiting, 1))", "MIN([rate:0], [came:0] + [waiting:1])"),
        ("0.5 * came - 1e3", "0.5 * [came:0] - 1e3"),
        ("SHIFT(came - gone, 2) + more", "SHIFT(came - gone, 2) + [more:0]"),
        ("CONV(failed, [0, 0.5]) + EMA(came, 0.3)", "CONV(failed, [0, 0.5]) + EMA(came, 0.3)"),
        ("`a b`@Rush * came@Calm", "[a b@Rush:0] * [came@Calm:0]"),
        ("IF((a), ABS(b), c)", "IF(([a:0]), ABS([b:0]), [c:0])"),
    ],
)
def test_a_name_stands_for_one_value_unless_it_is_read_over_several_bins(text, expected):
    assert marked(text) == expected


def test_nothing_of_the_text_is_lost():
    text = "MAX(0, SHIFT(x, 1) + `odd one` * 2) / EMA(y, 0.5)"

    assert "".join(term.words for term in cut(text)) == text
