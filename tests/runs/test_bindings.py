"""What the files of a telemetry bundle stand for in a model."""

import numpy as np
import pytest

from flowtime.bundles import (
    Grid,
    TelemetryFile,
    TelemetryManifest,
    TelemetryProvenance,
    TelemetryWindow,
)
from flowtime.engine import bind, load_template
from runs.bindings import apply_bindings, check_fit, derive_bindings, named_parameters
from runs.errors import BindingsInvalid, BundleMismatch
from tests.flows import DESK

DIGEST = "sha256:" + "0" * 64
START = "2026-03-02T08:00:00Z"
ROLES = {
    "Desk": {"arrivals": "everybody", "served": "desk_served"},
    "Exit": {"arrivals": "desk_served"},
}


def file(node, metric, class_id=None):
    path = "_".join(part for part in (node, metric, class_id) if part) + ".csv"
    return TelemetryFile(
        node_id=node, metric=metric, class_id=class_id, path=path, bytes=1, points=4, hash=DIGEST
    )


def manifest(*files, bins=4, size=1, unit="hours", start=START):
    grid = Grid(bins=bins, bin_size=size, bin_unit=unit)
    return TelemetryManifest(
        window=TelemetryWindow(start_time_utc=start, duration_minutes=grid.duration_minutes),
        grid=grid,
        supports_class_metrics=False,
        files=tuple(f.model_copy(update={"points": bins}) for f in files),
        companions=(),
        provenance=TelemetryProvenance(
            run_id="run_1", scenario_hash=DIGEST, model_hash=DIGEST, captured_at_utc=START
        ),
    )


def arrays_of(*files, **values):
    return {f.path: np.full(4, values.get(f.path.removesuffix(".csv"), 1.0)) for f in files}


@pytest.fixture(scope="module")
def template():
    return load_template(DESK)


class TestDeriving:
    def test_each_role_names_the_series_that_its_file_replaces(self):
        files = file("Desk", "Arrivals"), file("Desk", "Served")

        bound = derive_bindings(manifest(*files), arrays_of(*files), ROLES)

        assert bound.names == {"everybody": "Desk_Arrivals.csv", "desk_served": "Desk_Served.csv"}
        assert bound.warnings == ()

    def test_two_observations_of_one_series_that_agree_are_one(self):
        files = file("Desk", "Served"), file("Exit", "Arrivals")

        bound = derive_bindings(manifest(*files), arrays_of(*files), ROLES)

        assert bound.names == {"desk_served": "Desk_Served.csv"}
        assert bound.warnings == ()

    def test_two_observations_that_differ_are_told(self):
        files = file("Desk", "Served"), file("Exit", "Arrivals")

        bound = derive_bindings(manifest(*files), arrays_of(*files, Exit_Arrivals=2.0), ROLES)

        assert bound.overrides["desk_served"].tolist() == [1, 1, 1, 1]
        assert bound.warnings[0]["code"] == "telemetry_conflict"
        assert "4 bins" in bound.warnings[0]["message"]

    def test_a_metric_without_a_series_is_told(self):
        files = (file("Desk", "Errors"),)

        bound = derive_bindings(manifest(*files), arrays_of(*files), ROLES)

        assert bound.overrides == {}
        assert bound.warnings[0]["code"] == "telemetry_unbound"

    def test_parts_go_with_their_total_only(self):
        whole = file("Desk", "Arrivals"), file("Desk", "Arrivals", "Adult")
        lone = (file("Desk", "Served", "Adult"),)

        bound = derive_bindings(manifest(*whole, *lone), arrays_of(*whole, *lone), ROLES)

        assert set(bound.overrides) == {"everybody", "everybody@Adult"}


class TestFitting:
    def model(self, template):
        return bind(template)

    def test_the_same_grid_and_nodes_fit(self, template):
        check_fit(manifest(file("Desk", "Arrivals")), self.model(template))

    def test_a_bundle_without_a_start_fits(self, template):
        check_fit(manifest(file("Desk", "Arrivals"), start=None), self.model(template))

    @pytest.mark.parametrize(
        "facts",
        [{"bins": 3}, {"size": 2}, {"unit": "minutes"}, {"start": "2026-03-03T08:00:00Z"}],
    )
    def test_another_grid_or_window_does_not(self, template, facts):
        with pytest.raises(BundleMismatch):
            check_fit(manifest(file("Desk", "Arrivals"), **facts), self.model(template))

    def test_nodes_that_the_template_lacks_are_named(self, template):
        with pytest.raises(BundleMismatch, match="Counter"):
            check_fit(manifest(file("Counter", "Arrivals")), self.model(template))


class TestBindingAsTold:
    def apply(self, template, **bindings):
        files = (file("Desk", "Arrivals"),)
        return apply_bindings(
            bindings,
            template=template,
            arrays=arrays_of(*files),
            series_keys={"visitors": "visitors", "visitors@VISITORS@DEFAULT": "visitors"},
            source_texts=frozenset({"file:a.csv#b"}),
        )

    def test_a_series_goes_by_either_id(self, template):
        for name in ("visitors", "visitors@VISITORS@DEFAULT"):
            bound = self.apply(template, **{name: "Desk_Arrivals.csv"})
            assert set(bound.overrides) == {"visitors"}

    def test_a_source_goes_by_its_text(self, template):
        bound = self.apply(template, **{"file:a.csv#b": "Desk_Arrivals.csv"})

        assert set(bound.sources) == {"file:a.csv#b"}

    def test_every_failure_is_listed(self, template):
        with pytest.raises(BindingsInvalid) as refusal:
            self.apply(template, perHour="Desk_Arrivals.csv", visitors="No.csv", a="No.csv")

        errors = refusal.value.extra["errors"]
        assert [error["code"] for error in errors] == [
            "not_an_array",
            "unknown_file",
            "unknown_file",
        ]

    def test_an_array_parameter_takes_the_values(self):
        text = DESK.replace(
            "parameters:",
            "parameters:\n  - {name: wave, type: array, default: [1, 1, 1, 1], length: 4}",
        )
        files = (file("Desk", "Arrivals"),)

        given = named_parameters(
            {"wave": "Desk_Arrivals.csv"}, load_template(text), arrays_of(*files, Desk_Arrivals=7)
        )

        assert given == {"wave": [7, 7, 7, 7]}
