"""The pictures of the tutorial, taken while its steps are walked; what the text says of them is on the page."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.ui.browser import ARTIFACTS, REPOSITORY

pytestmark = pytest.mark.browser

PAGE = REPOSITORY / "docs" / "tutorial" / "the-storm.md"
PICTURES = ARTIFACTS / "tutorial"


@pytest.fixture
def walk(browse, product):
    """Call it with a query for the player, in a window of the pictures' size."""
    page = browse(width=1180, color_scheme="light")

    def go(query):
        page.goto(f"{product.url}/runs/{product.run_id}?{query}")
        expect(page.locator("#travel[data-ready]")).to_be_attached()
        page.set_viewport_size({"width": 1180, "height": 1500})
        page.wait_for_timeout(400)
        return page

    return go


def keep(page, name, *places, margin=8):
    """A picture of the smallest rectangle that holds some places of the page."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.evaluate("scrollTo(0, document.getElementById('stage').offsetTop)")
    page.mouse.move(0, 0)
    boxes = [page.locator(place).bounding_box() for place in places]
    left, top = (min(box[side] for box in boxes) - margin for side in ("x", "y"))
    right = max(box["x"] + box["width"] for box in boxes) + margin
    bottom = max(box["y"] + box["height"] for box in boxes) + margin
    clip = {"x": left, "y": max(top, 0), "width": right - left, "height": bottom - max(top, 0)}
    page.screenshot(path=PICTURES / f"{name}.png", clip=clip)


def said(sentence):
    """Whether the tutorial says it, whatever its line breaks."""
    return sentence in re.sub(r"\s+", " ", PAGE.read_text())


def test_it_opens_on_monday_evening(walk):
    page = walk("")

    expect(page.locator("#clock")).to_have_text("Mon 11 Feb 2013, 19:00 to 20:00")
    expect(page.locator("#value-leading")).to_have_text("76")
    assert said("76 flights are waiting")
    keep(page, "storm-opens", "#stage", "#transport", "#rows", "#inspector header")


def test_the_storm_is_in_the_errors(walk):
    page = walk("bin=41&node=JFK")

    expect(page.locator("#value-all-errors")).to_have_text("68")
    expect(page.locator("#value-leading")).to_have_text("0")
    expect(page.locator("#chip")).to_have_attribute("data-state", "green")
    assert said("68 flights are cancelled")
    keep(page, "storm-friday", "#stage", "#transport")
    keep(page, "storm-score", ".track.first", "#rows")


def test_monday_is_explained_by_its_formula(walk):
    page = walk("bin=114&node=JFK")

    expect(page.locator("[data-formula=latencyMinutes]")).to_contain_text("= 35 / 12 × 60")
    assert said("35 flights wait, 12 leave")
    keep(page, "storm-formula", "#inspector", margin=4)


def test_errors_by_ink_show_which_airport_lost_most(walk):
    page = walk("bin=41&node=EWR&metric=errors&rows=metric&from=24&to=71")

    expect(page.locator("#headline")).to_have_text("27")
    assert said("27 flights are cancelled at Newark")
    keep(page, "storm-zoomed", "#transport", ".track.first", "[data-track=queueDepth]")


@pytest.mark.parametrize(
    "picture", re.findall(r"!\[[^\]]+\]\(images/([\w-]+\.png)\)", PAGE.read_text())
)
def test_each_picture_of_the_text_is_there_and_small(picture):
    kept = Path(PAGE.parent / "images" / picture)

    assert kept.read_bytes().startswith(b"\x89PNG")
    assert kept.stat().st_size < 250_000
