"""Two runs side by side and the page of a series in a real browser: accessible, within their width, by pointer and keys."""

import re

import pytest
from playwright.sync_api import expect

from tests.ui.browser import check_page, sign_in

pytestmark = pytest.mark.browser

SERIES = "jfk_waiting@JFK_WAITING@DEFAULT"


@pytest.fixture(scope="module")
def half_storm(browser, product):
    """A second run of the blizzard, with a storm half as bad."""
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, product)
    page.goto(f"{product.url}/runs/new?template=nyc-departures")
    page.get_by_role("textbox", name="Storm severity").fill("0.5")
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url(re.compile(r"/runs/run_"))
    expect(page.locator(".head .status")).to_have_text("Succeeded", timeout=30_000)
    run_id = page.url.rpartition("/")[2].partition("?")[0]
    context.close()
    return run_id


@pytest.fixture
def addresses(product, half_storm):
    pair = f"a={product.run_id}&b={half_storm}"
    return {
        "compare": f"/runs/compare?{pair}",
        "compare-identical": f"/runs/compare?a={half_storm}&b={half_storm}&identical=1",
        "compare-series": f"/runs/compare?{pair}&series={SERIES}",
        "compare-choice": f"/runs/compare?a={product.run_id}",
        "series": f"/runs/{product.run_id}/series/{SERIES}",
    }


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(
    "name", ["compare", "compare-identical", "compare-series", "compare-choice", "series"]
)
def test_a_page_is_accessible_and_fits(browse, product, addresses, name, theme):
    page = browse(color_scheme=theme)
    page.goto(product.url + addresses[name])

    check_page(page, name, theme)


def test_the_pointer_reads_both_runs_in_a_bin(browse, product, addresses):
    page = browse()
    page.goto(f"{product.url}{addresses['compare']}&show=queueDepth")
    jfk = page.locator(".track").filter(has_text="John F. Kennedy")
    box = jfk.locator("[data-plot]").bounding_box()

    page.mouse.move(box["x"] + box["width"] * 115.5 / 120, box["y"] + 40)

    expect(page.locator("#at-words")).to_have_text("Mon 11 Feb, 19:00, bin 115")
    expect(jfk.locator("[data-reading]").first).to_have_text("35")
    expect(jfk.locator("[data-reading]").nth(1)).to_have_text("17.5")
    assert "bin=115" in page.get_by_role("link", name="A", exact=True).last.get_attribute("href")


def test_the_cursor_is_moved_by_keys(browse, product, addresses):
    page = browse()
    page.goto(f"{product.url}{addresses['series']}")
    handle = page.get_by_label("Bin that is read")
    handle.focus()

    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")

    expect(handle).to_have_attribute("aria-valuetext", "Thu 7 Feb, 01:00, bin 1")
    expect(page.locator("#at-words")).to_have_text("Thu 7 Feb, 01:00, bin 1")


def test_another_choice_is_shown_at_once(browse, product, addresses):
    page = browse()
    page.goto(f"{product.url}{addresses['compare']}")

    page.get_by_label("Show").select_option("errors")

    expect(page).to_have_url(re.compile("show=errors"))
    expect(page.get_by_label("Show")).to_have_value("errors")


def test_c_compares_and_swapping_changes_sides(browse, product, addresses, half_storm):
    page = browse()
    page.goto(f"{product.url}/runs/{product.run_id}?tab=events")

    page.keyboard.press("c")
    page.wait_for_url("**/runs/compare?a=*")
    page.get_by_role("link", name=f"Compare with {half_storm}").click()
    expect(page.get_by_label("Run A")).to_contain_text(product.run_id)
    page.get_by_role("link", name="Swap A and B").click()

    expect(page.get_by_label("Run A")).to_contain_text(half_storm)


def test_without_a_script_the_courses_are_drawn_and_the_numbers_stand_in_tables(
    browser, product, addresses, entrances, browse
):
    browse()
    context = browser.new_context(java_script_enabled=False, storage_state=entrances["operator"])
    page = context.new_page()
    page.goto(product.url + addresses["compare-series"])

    expect(page.locator("path.b").first).to_have_attribute("d", re.compile("^M"))
    expect(page.get_by_role("region", name="bin by bin")).to_contain_text("Thu 7 Feb, 06:00")
    expect(page.get_by_role("button", name="Show")).to_be_visible()
    context.close()
