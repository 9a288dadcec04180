"""Rules that hold for every template: nothing inline, nothing from elsewhere, nothing unlabelled."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
TEMPLATES = sorted((REPOSITORY / "templates").rglob("*.html"))
STATIC = sorted(
    path for path in (REPOSITORY / "flowtime" / "static" / "flowtime").rglob("*") if path.is_file()
)
# The admin and the API documents extend what their packages bring.
OURS = [path for path in TEMPLATES if not {"admin", "docs"} & set(path.parts)]


def name_of(path):
    return str(path.relative_to(REPOSITORY))


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_a_template_has_no_inline_script_or_style(path):
    text = path.read_text()

    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", text)
    assert "<style" not in text
    assert not re.search(r"\sstyle=", text)
    assert not re.search(r"\son[a-z]+=", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=name_of)
def test_a_template_loads_nothing_from_elsewhere(path):
    assert not re.search(r"""(?:src|href|action)=["'](?:https?:)?//""", path.read_text())


@pytest.mark.parametrize("path", STATIC, ids=name_of)
def test_a_static_file_names_no_other_host(path):
    hosts = set(re.findall(r"https?://([\w.-]+)", path.read_text()))

    assert hosts <= {"www.w3.org"}


@pytest.mark.parametrize("path", OURS, ids=name_of)
def test_a_fragment_says_what_it_is(path):
    text = path.read_text()

    if path.name.startswith("_") or path.parent.name == "components":
        assert text.startswith("{#")


def test_colours_and_durations_are_written_down_once():
    app = (REPOSITORY / "flowtime" / "static" / "flowtime" / "app.css").read_text()

    # Black with an opacity behind a dialog, the transparent half of an arrow, and the two letters that
    # must stay dark or light in both themes are no colours of the palette.
    allowed = {"#0000", "#191b1d", "#fff", "#0e1113"}
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", app)) <= allowed
