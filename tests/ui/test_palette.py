"""The colours of the states can be told apart, by everyone: contrast and ΔE 2000 under simulated deficiencies."""

import math
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

TOKENS = Path(__file__).resolve().parents[2] / "flowtime" / "static" / "flowtime" / "tokens.css"
STATES = ("gray", "green", "yellow", "red", "dlq")
# Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
DEFICIENCIES = {
    "typical": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
    "tritanopia": np.array(
        [
            [1.255528, -0.076749, -0.178779],
            [-0.078411, 0.930809, 0.147602],
            [0.004733, 0.691367, 0.303900],
        ]
    ),
}
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
WHITE = np.array([0.95047, 1.0, 1.08883])
# A difference of 2.3 is just noticeable; marks lie at least this far apart in either theme.
LEAST_DIFFERENCE = 15
LEAST_CONTRAST = 3.0
LEAST_LETTER = 4.5


def palette():
    """Every colour of the tokens by name: (light, dark)."""
    found = re.findall(r"--([\w-]+):\s*light-dark\((#\w{6}), (#\w{6})\)", TOKENS.read_text())
    return {name: (light, dark) for name, light, dark in found}


def linear(colour):
    channels = np.array([int(colour[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)


def seen(colour, deficiency):
    return np.clip(DEFICIENCIES[deficiency] @ linear(colour), 0, 1)


def lab(rgb):
    scaled = TO_XYZ @ rgb / WHITE
    f = np.where(scaled > 216 / 24389, np.cbrt(scaled), (24389 / 27 * scaled + 16) / 116)
    return 116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])


def difference(first, second):
    """CIEDE2000 of two colours in CIELAB (Sharma, Wu and Dalal 2005)."""
    (l1, a1, b1), (l2, a2, b2) = first, second
    mean_c = (math.hypot(a1, b1) + math.hypot(a2, b2)) / 2
    g = 0.5 * (1 - math.sqrt(mean_c**7 / (mean_c**7 + 25**7)))
    a1, a2 = a1 * (1 + g), a2 * (1 + g)
    c1, c2 = math.hypot(a1, b1), math.hypot(a2, b2)
    h1, h2 = (math.degrees(math.atan2(b, a)) % 360 for a, b in ((a1, b1), (a2, b2)))
    step = 0.0 if not c1 * c2 else (h2 - h1 + 180) % 360 - 180
    dl, dc = l2 - l1, c2 - c1
    dh = 2 * math.sqrt(c1 * c2) * math.sin(math.radians(step / 2))
    lightness, c = (l1 + l2) / 2, (c1 + c2) / 2
    if not c1 * c2:
        h = h1 + h2
    elif abs(h1 - h2) <= 180:
        h = (h1 + h2) / 2
    else:
        h = (h1 + h2 + (360 if h1 + h2 < 360 else -360)) / 2
    t = (
        1
        - 0.17 * math.cos(math.radians(h - 30))
        + 0.24 * math.cos(math.radians(2 * h))
        + 0.32 * math.cos(math.radians(3 * h + 6))
        - 0.20 * math.cos(math.radians(4 * h - 63))
    )
    sl = 1 + 0.015 * (lightness - 50) ** 2 / math.sqrt(20 + (lightness - 50) ** 2)
    sc, sh = 1 + 0.045 * c, 1 + 0.015 * c * t
    turn = 30 * math.exp(-(((h - 275) / 25) ** 2))
    rt = -2 * math.sqrt(c**7 / (c**7 + 25**7)) * math.sin(math.radians(2 * turn))
    return math.sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rt * (dc / sc) * (dh / sh))


def contrast(first, second):
    bright, dim = sorted(0.0722 * c[2] + 0.7152 * c[1] + 0.2126 * c[0] for c in (first, second))[
        ::-1
    ]
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        # Pairs 1, 7, 16 and 25 of the published test data.
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ],
)
def test_the_measure_agrees_with_its_published_data(first, second, expected):
    assert difference(first, second) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("deficiency", DEFICIENCIES)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_marks_of_different_states_can_be_told_apart(theme, deficiency):
    colours = palette()
    close = {
        (a, b): round(apart, 1)
        for a, b in combinations(STATES, 2)
        if (
            apart := difference(
                lab(seen(colours[a][theme], deficiency)), lab(seen(colours[b][theme], deficiency))
            )
        )
        < LEAST_DIFFERENCE
    }
    assert close == {}


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_marks_stand_out_from_the_panel_and_words_from_their_tint(theme):
    colours = palette()
    panel = linear(colours["panel"][theme])
    for state in STATES:
        mark, ink, soft = (
            linear(colours[name][theme]) for name in (state, f"{state}-ink", f"{state}-soft")
        )
        assert contrast(mark, panel) >= LEAST_CONTRAST, state
        assert contrast(ink, soft) >= LEAST_LETTER, state
        assert contrast(ink, panel) >= LEAST_LETTER, state


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_now_is_no_state(theme):
    colours = palette()
    now = lab(linear(colours["now"][theme]))

    assert min(difference(now, lab(linear(colours[s][theme]))) for s in STATES) >= LEAST_DIFFERENCE
