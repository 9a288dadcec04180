"""Telemetry in a browser: followed while it is written and cancelled, taken home as one file, replayed elsewhere."""

import hashlib
import json
import re
import zipfile

import pytest
from playwright.sync_api import expect

from tests.ui.browser import chromium, keep_screenshot, sign_in, start_product

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def slow_product(tmp_path_factory):
    """FlowTime whose disk takes a while for each file of telemetry."""
    if chromium() is None:
        pytest.skip("there is no chromium")
    settings = {"DEBUG": "true", "FLOWTIME_FAILPOINTS": "capture.file_written=sleep:90"}
    yield from start_product(tmp_path_factory.mktemp("slow"), settings=settings)


@pytest.fixture
def slow_page(browser, slow_product):
    """The first run of the slow product, as an operator sees it."""
    expect.set_options(timeout=20_000)
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    sign_in(page, slow_product)
    page.goto(f"{slow_product.url}/runs/{slow_product.run_id}")
    yield page
    context.close()


def test_a_capture_is_followed_file_by_file_and_its_log_stays(slow_page, slow_product):
    page, panel = slow_page, slow_page.locator("#telemetry")

    # Cancelled in its panel: nothing was published.
    panel.get_by_role("button", name="Generate telemetry").click()
    expect(panel).to_contain_text(re.compile(r"\d+ of \d+ files"))
    panel.get_by_role("button", name="Cancel capture").click()
    expect(panel).to_contain_text("The last capture was cancelled.")
    expect(panel).to_contain_text("Not available")

    # Once more, and watched on its own page.
    panel.get_by_role("button", name="Generate telemetry").click()
    expect(panel.locator("progress[value]")).to_have_count(1)
    expect(panel).to_contain_text(re.compile(r"about \d+ seconds? left"))
    keep_screenshot(page, "capture-progress-panel")
    page.goto(f"{slow_product.url}/telemetry")
    row = page.locator("tr", has_text="Generating")
    expect(row).to_contain_text(re.compile(r"\d+ of \d+ files"))
    page.goto(slow_product.url + row.get_by_role("link").first.get_attribute("href"))
    lines = page.get_by_role("list", name="Files").get_by_role("listitem")
    expect(lines.first).to_contain_text("written")
    before = lines.count()
    expect(lines.nth(before)).to_be_visible()
    keep_screenshot(page, "capture-live")

    # It ends by itself; the line of every file is still there.
    expect(page.locator("#integrity-h")).to_be_visible()
    count = int(re.search(r"(\d+),", page.locator("#files header").inner_text())[1])
    page.get_by_text(f"{count} files written").click()
    expect(lines).to_have_count(count)


@pytest.fixture
def library_capture(browse, product):
    """The page of a capture in the library, generated in the panel under the key that it suggests."""
    page = browse()
    page.goto(f"{product.url}/runs/{product.run_id}")
    panel = page.locator("#telemetry")
    panel.get_by_text("Options").click()
    panel.get_by_role("link", name="Use it").click()
    expect(page.locator("#capture-key")).to_have_value("nyc-departures")
    page.locator("#generate").click()
    replace = page.get_by_role("button", name=re.compile("Replace with"))
    done = page.locator("#toasts", has_text="Telemetry generated:")
    expect(replace.or_(done).first).to_be_visible()
    if replace.count():
        replace.click()
    expect(done).to_be_visible()
    page.goto(f"{product.url}/telemetry?q=nyc-departures&status=succeeded")
    page.get_by_role("link", name="nyc-departures", exact=True).first.click()
    expect(page.locator("#files-h")).to_be_visible()
    return page


def test_the_whole_bundle_is_taken_home_with_the_hashes_of_its_manifest(library_capture, tmp_path):
    page = library_capture

    with page.expect_download() as started:
        page.get_by_role("link", name="All as zip").click()
    file = tmp_path / started.value.suggested_filename
    started.value.save_as(file)

    assert re.fullmatch(r"nyc-departures-g\d{6}\.zip", file.name)
    with zipfile.ZipFile(file) as archive:
        folder = file.stem
        manifest = json.loads(archive.read(f"{folder}/manifest.json"))
        listed = manifest["files"] + manifest["companions"]
        for entry in listed:
            digest = hashlib.sha256(archive.read(f"{folder}/{entry['path']}")).hexdigest()
            assert entry["hash"] == f"sha256:{digest}"
        assert len(archive.namelist()) == len(listed) + 1


def test_it_is_replayed_into_a_template_that_fits_and_explained_where_none_does(library_capture):
    page = library_capture
    capture_id = page.url.rsplit("/", 1)[-1]
    page.get_by_role("link", name="Replay into a template").click()
    expect(page.locator("#choice")).to_contain_text("Takes the place of")

    page.locator("#template").select_option("A container port and its dry port")
    expect(page.locator("#choice")).to_contain_text("bundle_mismatch")
    expect(page.locator("#choice")).to_contain_text("the template has 28 bins of 1 day")
    expect(page).to_have_url(re.compile("template=container-port"))
    keep_screenshot(page, "replay-mismatch")
    page.locator("#template").select_option("Departures through the blizzard")
    page.get_by_role("button", name="Run in mode telemetry").click()

    page.wait_for_url(re.compile(r"/runs/run_"))
    expect(page.locator(".head .status")).to_have_text("Succeeded")
    expect(page.locator("#lineage")).to_contain_text(capture_id)


def test_verifying_says_what_it_found(library_capture):
    page = library_capture

    page.get_by_role("button", name="Verify now").click()

    expect(page.locator("#toasts")).to_contain_text("Telemetry bundle checked: valid.")
    expect(page.get_by_role("list", name="Events")).to_contain_text("Verified: valid")


def test_nobody_is_asked_while_the_page_is_hidden(slow_page, slow_product):
    page, panel = slow_page, slow_page.locator("#telemetry")
    page.goto(f"{slow_product.url}/runs/{slow_product.run_id}?captureKey=hidden")
    page.locator("#generate").click()
    expect(panel).to_contain_text(re.compile(r"\d+ of \d+ files"))
    asked = []

    page.evaluate("Object.defineProperty(document, 'hidden', {value: true, configurable: true})")
    # What was on its way when the page was hidden may still arrive.
    page.wait_for_timeout(300)
    page.on("request", lambda request: asked.append(request.url))
    page.wait_for_timeout(2500)
    assert asked == []
    page.evaluate("delete document.hidden")

    expect(panel.locator("header .status")).to_have_text("Available")
    assert asked
