"""Every page in both themes and on a phone: accessible, at home, within its width; and the keyboard."""

import pytest
from playwright.sync_api import expect

from tests.ui.browser import check_page

pytestmark = pytest.mark.browser

PAGES = {
    "sign-in": "/sign-in",
    "runs": "/runs",
    "runs-none": "/runs?status=failed&mode=telemetry",
    "runs-filtered": "/runs?mode=simulation&created=30d",
    "views": "/runs/views?query=%3Fmode%3Dtelemetry",
    "new-run": "/runs/new",
    "new-run-form": "/runs/new?template=nyc-departures",
    "new-run-chance": "/runs/new?template=call-centre-uncertain",
    "template": "/templates/call-centre-uncertain",
    "template-wide": "/templates/emergency-department",
    "run-time": "/runs/{run}",
    "run-table": "/runs/{run}?node=JFK&row=0",
    "run-storm": "/runs/{run}?bin=41&rows=metric&metric=errors",
    "run-series": "/runs/{run}?tab=series",
    "run-warnings": "/runs/{run}?tab=warnings",
    "series": "/runs/{run}/series/jfk_slots@JFK_SLOTS@DEFAULT",
    "run-events": "/runs/{run}?tab=events",
    "run-api": "/runs/{run}?tab=api",
    "telemetry": "/telemetry",
    "profile": "/profile",
    "capture": "{capture}",
    "capture-replay": "{capture}/replay",
    "capture-mismatch": "{capture}/replay?template=container-port",
    "run-capture-options": "/runs/{run}?captureKey=storm&tab=api",
    "components": "/docs/ui",
    "not-found": "/runs/run_nowhere",
}


@pytest.fixture(scope="module")
def capture_path(browser, product):
    """The path of a capture of the first run, generated on its page."""
    from tests.ui.browser import sign_in

    context = browser.new_context()
    page = context.new_page()
    sign_in(page, product)
    page.goto(f"{product.url}/runs/{product.run_id}")
    if page.locator("#telemetry header .status").inner_text() != "Available":
        page.locator("#generate").click()
        expect(page.locator("#telemetry header .status")).to_have_text("Available", timeout=20_000)
    path = page.locator("#telemetry").get_by_role("link", name="kB").get_attribute("href")
    context.close()
    return path


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_accessible_and_fits(browse, product, capture_path, name, theme):
    path = PAGES[name].format(run=product.run_id, capture=capture_path)
    person = {"sign-in": None, "components": "admin"}.get(name, "operator")
    # In the dark it is opened on a phone.
    page = browse(name=person, color_scheme=theme, width={"light": 1440, "dark": 400}[theme])
    page.goto(product.url + path)
    check_page(page, name, theme)


def test_the_theme_changes_at_once_and_stays(browse, product):
    page = browse(color_scheme="light")
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(paper)

    with page.expect_response(f"{product.url}/theme"):
        page.get_by_role("button", name="Switch between light and dark").click()

    assert page.evaluate(paper) != light
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    assert page.evaluate(paper) != light


def test_the_viewer_of_the_api_has_the_theme_of_the_pages(browse, product):
    page = browse(color_scheme="dark")
    page.goto(f"{product.url}/docs/api")
    expect(page.locator("html.dark-mode .swagger-ui .info")).to_be_visible()
    page.emulate_media(color_scheme="light")
    expect(page.locator("html.dark-mode")).to_have_count(0)

    page.goto(f"{product.url}/runs")
    with page.expect_response(f"{product.url}/theme"):
        page.get_by_role("button", name="Switch between light and dark").click()
    page.goto(f"{product.url}/docs/api")

    expect(page.locator("html.dark-mode")).to_be_attached()


def test_single_keys_find_the_search_and_the_map(browse):
    page = browse()
    search = page.get_by_label("Run id or words of the title")

    page.keyboard.press("/")
    expect(search).to_be_focused()
    page.keyboard.type("/?")
    expect(search).to_have_value("/?")
    expect(page.get_by_role("dialog")).to_be_hidden()

    page.locator("h1").click()
    page.keyboard.press("?")
    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()


def test_the_first_tab_stop_skips_to_the_content(browse):
    page = browse()
    page.reload()

    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to content")
    expect(skip).to_be_focused()
    page.keyboard.press("Enter")

    expect(page.locator("#main")).to_be_focused()


def test_filters_follow_each_change_and_keep_the_focus(browse, product):
    page = browse()
    search = page.get_by_label("Run id or words of the title")

    search.fill("no such run")
    expect(page.get_by_role("heading", name="No run matches")).to_be_visible()
    expect(search).to_be_focused()
    search.fill("blizzard")
    expect(page.get_by_role("link", name="Departures through the blizzard").first).to_be_visible()

    assert "q=blizzard" in page.url
    page.go_back()
    expect(search).to_have_value("no such run")


def test_arrays_are_edited_in_cells_and_sent_as_they_stand(browse, product):
    page = browse()
    page.goto(f"{product.url}/runs/new?template=stream-backpressure")
    slider = page.locator("input[type=range]").first
    target = page.locator(f"#{slider.get_attribute('data-for')}")
    expect(slider).to_be_visible()

    slider.focus()
    before = target.input_value()
    page.keyboard.press("ArrowRight")

    expect(target).not_to_have_value(before)


def test_reduced_motion_has_no_motion(browse):
    page = browse(reduced_motion="reduce")

    moved = page.evaluate("getComputedStyle(document.querySelector('.btn')).transitionDuration")

    assert moved in ("0s", "0ms")


def test_moments_are_told_in_short_where_there_is_little_room(browse, product):
    page = browse(width=400)
    page.goto(f"{product.url}/runs/{product.run_id}?tab=warnings")
    more = page.locator(".ruler .long").first

    expect(more).to_be_hidden()
    page.set_viewport_size({"width": 1440, "height": 900})

    expect(more).to_be_visible()


def test_print_is_light_and_without_controls(browse, product):
    page = browse(color_scheme="dark")
    page.goto(f"{product.url}/runs/{product.run_id}")

    page.emulate_media(media="print")

    expect(page.locator("header.bar")).to_be_hidden()
    # Neither the actions nor the reasons beside them.
    expect(page.locator(".telemetry .do")).to_be_hidden()
    expect(page.locator("#capture-options")).to_be_hidden()
    assert page.evaluate("getComputedStyle(document.documentElement).colorScheme") == "light"
