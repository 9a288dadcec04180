"""Warnings about classes (engine §19): for each code a model that provokes it, and one that nearly does."""

from tests.engine.warnings.models import ONES, ZEROS, Case, classed, mixed, place, summed

CLASSES: dict[str, tuple[Case, Case]] = {
    "class_not_present": (
        Case({"a": ONES, "x": "a@B"}, rest=classed(("a", "A"))),
        Case({"a": ONES, "x": "a@A"}, rest=classed(("a", "A"))),
    ),
    "class_totals_mismatch": (summed([4] * 4), summed([5] * 4)),
    "class_unresolved": (mixed(("s", "s")), mixed(("s", "t"))),
    "class_partial": (
        Case(
            {"a": ONES, "s": ONES},
            (place("Desk", "service", arrivals="a", served="s"),),
            rest=classed(("a", "A")),
        ),
        Case(
            {"a": ONES, "s": ZEROS},
            (place("Desk", "service", arrivals="a", served="s"),),
            rest=classed(("a", "A")),
        ),
    ),
}
