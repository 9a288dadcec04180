"""A new run in a browser: cells of an array, the plan that follows, what is marked, and nothing typed is lost."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser
DOCK = "/runs/new?template=loading-dock"


@pytest.fixture
def dock(browse, product):
    page = browse()
    page.goto(product.url + DOCK)
    expect(page.locator(".array input")).to_have_count(6)
    return page


def cell(page, number):
    return page.get_by_label(f"Pallets, {number}", exact=True)


def sent(page):
    return page.locator("#id_p-pallets").input_value()


def test_cells_step_with_arrows_and_by_ten_with_shift(dock):
    cell(dock, 2).press("ArrowUp")
    cell(dock, 2).press("Shift+ArrowUp")
    expect(cell(dock, 2)).to_have_value("23")
    cell(dock, 0).press("ArrowDown")

    assert sent(dock) == "3, 8, 23, 9, 5, 2"
    expect(dock.locator("[data-told]")).to_have_text("6 values, sum 50, largest 23")


def test_a_pasted_column_fills_from_its_cell(dock):
    cell(dock, 3).evaluate(
        """(cell) => {
          const data = new DataTransfer();
          data.setData("text", "11\\n12\\n13\\n14");
          cell.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
        }"""
    )

    assert sent(dock) == "4, 8, 12, 11, 12, 13"


def test_a_list_is_pasted_whole_once_it_has_as_many_numbers_as_are_needed(dock):
    dock.get_by_role("button", name="Paste list…").click()
    dialog = dock.get_by_role("dialog", name="Paste a list: Pallets")
    values = dialog.get_by_label("Values")
    expect(values).to_be_focused()
    values.fill("1\n2\nx")
    dialog.get_by_role("button", name="Fill the values").click()
    expect(dialog.get_by_role("alert")).to_have_text(
        "3 values given, 6 needed; “x” is not a number."
    )
    assert sent(dock) == "4, 8, 12, 9, 5, 2"

    values.fill("1; 2; 3\n4 5 6")
    expect(dialog.locator("[data-said]")).to_have_text("6 values, sum 21, largest 6")
    dialog.get_by_role("button", name="Fill the values").click()

    expect(dialog).to_be_hidden()
    expect(cell(dock, 5)).to_have_value("6")
    expect(dock.get_by_role("button", name="Paste list…")).to_be_focused()
    expect(dock.locator("#plan")).to_contain_text("Pallets: 5 of 6 values")


def test_every_value_is_scaled_and_held_within_its_bounds(dock):
    dock.get_by_role("button", name="Scale…").click()
    dialog = dock.get_by_role("dialog", name="Scale: Pallets")
    dialog.get_by_label("Multiply each value by").fill("5")
    expect(dialog.locator("[data-said]")).to_have_text(
        "Sum 40 becomes 190; 1 of them held at a bound."
    )
    dialog.get_by_label("and add").press("Enter")

    expect(dialog).to_be_hidden()
    assert sent(dock) == "20, 40, 50, 45, 25, 10"
    expect(cell(dock, 2)).to_have_value("50")


def test_a_cleared_cell_waits_for_its_number(dock):
    cell(dock, 1).fill("")
    expect(dock.locator(".array input")).to_have_count(6)
    cell(dock, 1).press_sequentially("30")

    assert sent(dock) == "4, 30, 12, 9, 5, 2"


def test_the_plan_follows_what_is_typed_and_the_focus_stays(dock):
    plan = dock.locator("#plan")
    expect(plan).to_contain_text("nothing: all defaults")
    loads = dock.get_by_label("Loads", exact=True)

    loads.fill("9")

    expect(plan).to_contain_text("Loads 9, not 7")
    expect(loads).to_be_focused()
    expect(dock.locator("#plan-told")).to_contain_text("Planned:")
    cell(dock, 0).fill("5")
    expect(plan).to_contain_text("Pallets: 1 of 6 values")


def test_what_is_wrong_is_said_beside_its_field_and_goes_when_mended(dock):
    loads = dock.get_by_label("Loads", exact=True)

    loads.fill("0")

    expect(dock.locator("#id_p-perHour-error")).to_contain_text("below the minimum 1")
    expect(loads).to_have_attribute("aria-invalid", "true")
    expect(dock.locator("#plan")).to_contain_text("1 field needs another value.")
    expect(loads).to_be_focused()
    loads.fill("8")
    expect(dock.locator("#id_p-perHour-error")).to_be_empty()
    expect(loads).not_to_have_attribute("aria-invalid", "true")


def test_what_differs_is_marked_and_put_back(dock):
    reset = dock.get_by_role("button", name="Reset Pallets to its default")
    expect(reset).to_be_hidden()
    cell(dock, 5).fill("40")

    expect(dock.get_by_text("Changed")).to_have_count(2)
    expect(reset).to_be_visible()
    reset.click()

    expect(cell(dock, 5)).to_have_value("2")
    expect(reset).to_be_hidden()
    assert sent(dock) == "4, 8, 12, 9, 5, 2"


def test_enter_plans_and_runs_nothing(dock):
    dock.get_by_label("Loads", exact=True).fill("6")
    with dock.expect_response(lambda answer: answer.request.method == "POST"):
        dock.get_by_label("Loads", exact=True).press("Enter")

    expect(dock.locator("#plan")).to_contain_text("Loads 6, not 7")
    assert dock.url.startswith(dock.url.split("/runs/")[0] + "/runs/new")


def test_what_was_typed_is_back_after_leaving_and_can_be_forgotten(dock, product):
    dock.get_by_label("Loads", exact=True).fill("9")
    cell(dock, 0).fill("44")
    dock.goto(f"{product.url}/telemetry")
    dock.goto(product.url + DOCK)

    expect(dock.get_by_text("What you had typed here is back.")).to_be_visible()
    expect(dock.get_by_label("Loads", exact=True)).to_have_value("9")
    expect(cell(dock, 0)).to_have_value("44")
    expect(dock.locator("#plan")).to_contain_text("Loads 9, not 7")

    dock.get_by_role("button", name="Start again").click()
    expect(dock.get_by_label("Loads", exact=True)).to_have_value("7")
    expect(dock.get_by_text("What you had typed here is back.")).to_be_hidden()


def test_a_session_that_ended_leads_through_the_door_and_back_to_what_was_typed(browse, product):
    page = browse(name=None)
    page.goto(f"{product.url}/sign-in")
    enter(page, product)
    page.goto(product.url + DOCK)
    page.get_by_label("Loads", exact=True).fill("9")
    page.context.clear_cookies(name="sessionid")
    page.context.clear_cookies(name="flowtime_session")
    page.locator("#do-run").click()
    page.wait_for_url("**/sign-in?**")

    enter(page, product)

    page.wait_for_url(f"**{DOCK}*")
    expect(page.get_by_label("Loads", exact=True)).to_have_value("9")


def test_a_server_that_fails_takes_nothing_of_the_form(browse, product):
    dock = browse(foreseen="Response Status Error Code 500")
    dock.goto(product.url + DOCK)
    dock.route(
        "**/runs/new?*", lambda route: route.fulfill(status=500, body="<!doctype html><h1>No</h1>")
    )
    dock.get_by_label("Loads", exact=True).fill("9")

    dock.locator("#do-run").click()

    expect(dock.get_by_role("alert").first).to_contain_text("Nothing you typed is lost")
    expect(dock.get_by_label("Loads", exact=True)).to_have_value("9")
    dock.unroute("**/runs/new?*")
    dock.reload()
    expect(dock.get_by_label("Loads", exact=True)).to_have_value("9")


def test_a_form_that_has_become_a_run_begins_anew_and_is_back_with_the_back_button(dock, product):
    dock.get_by_label("Loads", exact=True).fill("9")
    dock.locator("#do-run").click()
    dock.wait_for_url("**/runs/run_*")

    dock.go_back()
    expect(dock.get_by_label("Loads", exact=True)).to_have_value("9")
    dock.goto(f"{product.url}/runs")
    dock.goto(product.url + DOCK)
    expect(dock.get_by_label("Loads", exact=True)).to_have_value("7")


def test_long_arrays_stay_text_with_their_bars(browse, product):
    page = browse()
    page.goto(f"{product.url}/runs/new?template=parcel-hub-waves")
    text = page.get_by_role("textbox", name="Parcels that come in")
    bars = page.locator("[data-array] svg path").first
    before = bars.get_attribute("d")

    text.fill("1, 2, 3")

    expect(page.locator(".array")).to_have_count(0)
    expect(page.locator("[data-told]").first).to_have_text("3 values, sum 6, largest 3")
    assert bars.get_attribute("d") != before


def test_templates_are_found_as_one_types(browse, product):
    page = browse()
    page.goto(f"{product.url}/runs/new")

    page.keyboard.press("/")
    page.keyboard.type("real data")

    expect(page.locator(".card-t:visible")).to_have_count(1)
    expect(page.get_by_role("link", name="Departures through the blizzard").first).to_be_visible()


def enter(page, product):
    page.get_by_label("User name").fill("operator")
    page.get_by_label("Password").fill(product.passwords["operator"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_load_state()
