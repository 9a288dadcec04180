"""The milestone's manual verification, performed by a browser on the real product with a real worker."""

import re

import pytest
from playwright.sync_api import expect

from tests.ui.browser import keep_screenshot

pytestmark = pytest.mark.browser

TIMESTAMP = re.compile(r"\d{1,2} [A-Z][a-z]{2} \d{4}, \d\d:\d\d:\d\d")


@pytest.fixture
def fresh_run(browse, product):
    """A page on a run of the storm that nobody has generated telemetry from, made on the page of a new run."""
    page = browse()
    page.goto(f"{product.url}/runs")
    page.get_by_role("link", name="New run").click()
    page.locator("#template-nyc-departures").click()
    page.get_by_role("textbox", name="Promised wait").fill("80")
    page.get_by_role("button", name="Plan").click()
    expect(page.locator("#plan")).to_contain_text("Promised wait 80, not 75")
    expect(page.get_by_role("textbox", name="Promised wait")).to_have_value("80")
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_url(re.compile(r"/runs/run_"))
    expect(page.locator(".head .status")).to_have_text("Succeeded")
    return page


def test_generate_replay_conflict_overwrite(fresh_run, product):
    page, url = fresh_run, fresh_run.url
    panel = page.locator("#telemetry")

    # Telemetry is unavailable, and replay is disabled with its reason.
    expect(panel).to_contain_text("Not available")
    replay = panel.get_by_role("button", name="Replay from telemetry")
    expect(replay).to_have_attribute("aria-disabled", "true")
    expect(replay).to_have_accessible_description("Generate telemetry first.")
    replay.focus()
    expect(replay).to_be_focused()
    keep_screenshot(page, "1-telemetry-unavailable")
    stale = page.context.new_page()
    stale.goto(url)

    # Generate: available with a timestamp.
    panel.get_by_role("button", name="Generate telemetry").click()
    expect(panel.locator("header .status")).to_have_text("Available")
    generated = panel.locator("dt", has_text="Generated").locator("xpath=following-sibling::dd")
    expect(generated).to_have_text(TIMESTAMP)
    first_timestamp = generated.inner_text()
    expect(page.locator("#toasts")).to_contain_text("Telemetry generated:")
    keep_screenshot(page, "2-telemetry-available")

    # Replay from telemetry: a new run, linked.
    panel.get_by_role("button", name="Replay from telemetry").click()
    page.wait_for_url(lambda now: "/runs/run_" in now and not now.startswith(url))
    expect(page.locator("main")).to_contain_text(re.compile(r"(\d+) of \1 series identical"))
    source = page.locator(".facts").get_by_role("link", name=url.rsplit("/", 1)[-1])
    expect(source).to_be_visible()
    keep_screenshot(page, "3-replayed-from-telemetry")
    source.click()
    page.wait_for_url(url)
    expect(page.locator("#provenance-h")).to_be_visible()

    # Again without overwrite: the conflict is shown, naming the timestamp; the safe answer has the focus.
    page.locator("#generate").click()
    dialog = page.get_by_role("dialog", name="Replace the existing telemetry?")
    expect(dialog).to_be_visible()
    expect(dialog).to_contain_text(first_timestamp)
    expect(dialog).to_contain_text("g000001")
    keep = dialog.get_by_role("link", name="Keep existing")
    expect(keep).to_be_focused()
    keep_screenshot(page, "4-conflict")
    keep.click()
    expect(dialog).to_be_hidden()
    expect(panel).to_contain_text("already has a telemetry bundle")
    expect(page.locator("#generate")).to_be_focused()
    page.locator("#generate").click()
    expect(keep).to_be_focused()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(page.locator("#generate")).to_be_focused()
    # So it is for somebody whose page is older than the bundle.
    stale.locator("#generate").click()
    expect(stale.locator("#telemetry")).to_contain_text("already has a telemetry bundle")
    expect(stale.get_by_role("dialog")).to_contain_text(first_timestamp)
    stale.close()

    # With overwrite: success, as a new generation.
    page.locator("#generate").click()
    page.get_by_role("button", name="Replace with g000002").click()
    expect(panel.locator("header .status")).to_have_text("Available")
    expect(panel).to_contain_text("Generation g000002", use_inner_text=True)
    expect(generated).not_to_have_text(first_timestamp)
    keep_screenshot(page, "5-overwritten")


def test_replaying_from_the_model_reproduces_every_series(fresh_run):
    page = fresh_run

    page.get_by_role("button", name="Replay from model").click()

    expect(page.locator("main")).to_contain_text(re.compile(r"(\d+) of \1 series identical"))
    expect(page.locator("main")).to_contain_text("replayed from model")


def test_the_main_job_without_a_script(browse, product, fresh_run):
    url = fresh_run.url
    page = browse(java_script_enabled=False)
    run_without_a_script(page, product)
    page.goto(url)

    page.get_by_role("button", name="Generate telemetry").click()
    status = page.locator("#telemetry header .status")
    for _ in range(50):
        if status.inner_text() == "Available":
            break
        page.wait_for_timeout(300)
        page.goto(url)
    expect(status).to_have_text("Available")
    page.locator("#generate").click()
    expect(page.locator("#overwrite")).to_be_visible()
    expect(page.locator("#telemetry")).to_contain_text("already has a telemetry bundle")
    page.get_by_role("button", name="Replace with g000002").click()
    for _ in range(50):
        if "g000002" in page.locator("#telemetry").inner_text():
            break
        page.wait_for_timeout(300)
        page.goto(url)
    expect(page.locator("#telemetry")).to_contain_text("g000002")

    page.goto(f"{product.url}/runs")
    page.get_by_label("Mode").select_option("simulation")
    page.get_by_role("button", name="Apply filters").click()
    page.get_by_role("link", name=re.compile("^Succeeded")).click()
    expect(page).to_have_url(re.compile(r"mode=simulation&status=succeeded"))
    page.get_by_text("Views", exact=True).click()
    page.get_by_label("Keep these filters as").fill("Without a script")
    page.get_by_role("button", name="Save view").click()
    expect(page.locator("#toasts")).to_contain_text("View “Without a script” saved.")
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto(f"{product.url}/runs")
    page.locator("input[name=pick]").nth(0).check()
    page.locator("input[name=pick]").nth(1).check()
    page.get_by_role("button", name="Compare").click()
    expect(page).to_have_url(re.compile(r"/runs/compare\?a=run_\w+&b=run_\w+"))


def run_without_a_script(page, product):
    """Find a template, plan it, put a value back, meet an error, and run it: by forms alone."""
    page.goto(f"{product.url}/runs/new")
    page.get_by_label("Find a template").fill("loading")
    page.get_by_role("button", name="Find").click()
    page.get_by_role("link", name=re.compile("A loading dock")).first.click()
    page.get_by_label("Loads", exact=True).fill("0")
    page.get_by_role("textbox", name="Pallets").fill("1, 2, 3, 4, 5, 6")
    page.locator("#do-plan").click()
    expect(page.locator("#id_p-perHour-error")).to_contain_text("below the minimum 1")
    expect(page.get_by_role("textbox", name="Pallets")).to_have_value("1, 2, 3, 4, 5, 6")
    page.get_by_role("button", name="Reset Loads to its default").click()
    expect(page.get_by_label("Loads", exact=True)).to_have_value("7")
    page.locator("#do-plan").click()
    expect(page.locator("#plan")).to_contain_text("Pallets: 5 of 6 values")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page).to_have_url(re.compile(r"/runs/run_"))
