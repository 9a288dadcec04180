"""Warnings about how things develop (engine §19): for each code a model that provokes it, and one that nearly does."""

from tests.engine.warnings.models import ZEROS, Case, driven, queue

TRENDS: dict[str, tuple[Case, Case]] = {
    "backlog_growth_streak": (
        queue([9, 2, 2, 2], [1, 1, 1, 1]),
        queue([9, 2, 2, 1], [1, 1, 1, 1]),
    ),
    "backlog_overload": (
        driven([3, 3, 3, 0], [2, 2, 2, 2]),
        driven([3, 3, 2, 3], [2, 2, 2, 2]),
    ),
    "backlog_age_risk": (
        driven([9, 0, 0, 0], [1] * 4, roles={"slaMin": 60}),
        driven([3, 0, 0, 0], [1] * 4, roles={"slaMin": 60}),
    ),
    "non_stationary": (queue([4, 4, 3, 2], ZEROS), queue([4, 4, 3, 3], ZEROS)),
}
