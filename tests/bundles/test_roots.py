"""The start-up checks of the roots: a sentence for each thing wrong, never a path (bundles §1)."""

from pathlib import Path

from flowtime.bundles import check_roots


def test_two_usable_roots_have_no_problem(tmp_path):
    assert check_roots(tmp_path / "runs", tmp_path / "telemetry", create=True) == []
    assert check_roots(tmp_path / "runs", tmp_path / "telemetry") == []


def test_a_missing_root_is_named_and_not_made(tmp_path):
    (tmp_path / "telemetry").mkdir()

    assert check_roots(tmp_path / "runs", tmp_path / "telemetry") == [
        "The runs root does not exist."
    ]
    assert not (tmp_path / "runs").exists()


def test_a_file_is_no_root(tmp_path):
    (tmp_path / "runs").write_text("x")
    (tmp_path / "telemetry").mkdir()

    assert check_roots(tmp_path / "runs", tmp_path / "telemetry") == [
        "The runs root is not a directory."
    ]
    assert check_roots(tmp_path / "runs", tmp_path / "telemetry", create=True) == [
        "The runs root could not be created: File exists."
    ]


def test_one_directory_cannot_be_both(tmp_path):
    same = "The runs root and the telemetry root are the same directory."
    (tmp_path / "data").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "data")

    assert check_roots(tmp_path / "data", tmp_path / "data") == [same]
    assert check_roots(tmp_path / "data", tmp_path / "link") == [same]


def test_roots_are_not_nested(tmp_path):
    nested = "One of the runs root and the telemetry root lies inside the other."

    assert check_roots(tmp_path, tmp_path / "telemetry", create=True) == [nested]
    assert check_roots(tmp_path / "telemetry" / "runs", tmp_path / "telemetry", create=True) == [
        nested
    ]


def test_a_relative_root_is_refused():
    assert check_roots(Path("runs"), Path("telemetry")) == [
        "The runs root is not an absolute directory.",
        "The telemetry root is not an absolute directory.",
    ]


def test_a_staging_area_that_leads_elsewhere_is_found(tmp_path):
    for name in ("runs", "telemetry", "elsewhere"):
        (tmp_path / name).mkdir()
    (tmp_path / "runs" / ".staging").symlink_to(tmp_path / "elsewhere")

    (problem,) = check_roots(tmp_path / "runs", tmp_path / "telemetry")

    assert "runs root" in problem
    assert str(tmp_path) not in problem
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_the_probe_leaves_nothing_behind(tmp_path):
    check_roots(tmp_path / "runs", tmp_path / "telemetry", create=True)

    assert list((tmp_path / "runs" / ".staging").iterdir()) == []
