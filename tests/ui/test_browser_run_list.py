"""The run list in a browser: walked by keyboard, ticked, kept as views, and followed without losing one's place."""

import json
import urllib.request

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def more_runs(product):
    """Ids of three more runs in the product, made by its API; newest first."""
    made = []
    for seed in range(3):
        body = {"templateId": "first-steps", "rng": {"seed": seed}}
        request = urllib.request.Request(
            f"{product.url}/v1/runs",
            data=json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {product.tokens['operator']}",
                "Content-Type": "application/json",
            },
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            made.insert(0, json.load(answer)["runId"])
    return made


def link(page, run_id):
    return page.locator(f"#open-{run_id}")


def test_rows_are_walked_ticked_and_opened_by_keyboard(browse, product, more_runs):
    page = browse()
    page.goto(f"{product.url}/runs?templateId=first-steps")
    first, second, third = more_runs

    page.keyboard.press("j")
    expect(link(page, first)).to_be_focused()
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(link(page, third)).to_be_focused()
    page.keyboard.press("k")
    expect(link(page, second)).to_be_focused()

    page.keyboard.press("x")
    expect(page.locator(f"#pick-{second}")).to_be_checked()
    expect(page.locator("[data-picks-told]")).to_have_text("Tick one more run to compare.")
    page.keyboard.press("Enter")

    page.wait_for_url(f"{product.url}/runs/{second}")


def test_two_ticked_runs_are_compared_and_other_numbers_are_not(browse, product, more_runs):
    page = browse()
    page.goto(f"{product.url}/runs?templateId=first-steps")
    compare = page.get_by_role("button", name="Compare")
    newer, older, _ = more_runs
    expect(compare).to_have_attribute("aria-disabled", "true")

    page.locator(f"#pick-{newer}").check()
    compare.click(force=True)
    assert page.url == f"{product.url}/runs?templateId=first-steps"
    page.locator(f"#pick-{older}").check()
    expect(compare).not_to_have_attribute("aria-disabled", "true")
    compare.click()

    page.wait_for_url(f"{product.url}/runs/compare?a={older}&b={newer}")


def test_letters_are_letters_in_a_field_and_nothing_when_turned_off(browse, product, more_runs):
    page = browse()
    page.goto(f"{product.url}/runs")
    search = page.get_by_label("Run id or words of the title")

    search.press_sequentially("jx")
    expect(search).to_have_value("jx")
    expect(search).to_be_focused()

    page.goto(f"{product.url}/runs")
    page.keyboard.press("?")
    with page.expect_response(f"{product.url}/keys"):
        page.get_by_role("checkbox", name="Single keys do something").uncheck()
    page.goto(f"{product.url}/runs")
    page.keyboard.press("j")
    page.keyboard.press("?")

    expect(page.get_by_role("dialog")).to_be_hidden()
    assert page.evaluate("document.activeElement === document.body")
    with page.expect_response(f"{product.url}/keys"):
        page.evaluate("document.getElementById('keys').showModal()")
        page.get_by_role("checkbox", name="Single keys do something").check()


def test_a_view_is_saved_opened_and_deleted(browse, product, more_runs):
    page = browse()
    page.goto(f"{product.url}/runs")
    with page.expect_response(lambda answer: "mode=simulation" in answer.url):
        page.get_by_label("Mode").select_option("simulation")

    page.get_by_text("Views", exact=True).click()
    page.get_by_label("Keep these filters as").fill("Simulations")
    page.get_by_role("button", name="Save view").click()

    expect(page.get_by_text("View “Simulations” saved.")).to_be_visible()
    assert page.url == f"{product.url}/runs?mode=simulation"
    page.goto(f"{product.url}/runs")
    page.get_by_text("Views", exact=True).click()
    page.get_by_role("link", name="Simulations").click()
    expect(page.get_by_role("link", name="Remove the filter: Mode Simulation")).to_be_visible()
    page.goto(f"{product.url}/runs/views")
    page.get_by_role("button", name="Delete the view Simulations").click()
    expect(page.get_by_role("link", name="Simulations")).to_have_count(0)


def test_a_chip_leads_out_of_its_filter(browse, product, more_runs):
    page = browse()
    page.goto(f"{product.url}/runs?mode=simulation&templateId=first-steps")

    page.get_by_role("link", name="Remove the filter: Mode Simulation").click()

    page.wait_for_url(f"{product.url}/runs?templateId=first-steps")
    expect(page.get_by_label("Mode")).to_have_value("")


def test_a_row_that_is_followed_keeps_focus_ticks_and_scroll(browse, product, more_runs):
    """A finished run is asked for as a followed one is: the answer replaces its row each second."""
    page = browse(width=1000)
    page.set_viewport_size({"width": 1000, "height": 300})
    page.goto(f"{product.url}/runs?templateId=first-steps")
    followed = more_runs[0]
    page.locator(f"#pick-{followed}").check()
    link(page, followed).focus()
    before = page.evaluate("scrollY")
    page.evaluate(
        """(id) => {
          document.getElementById("row-" + id).dataset.old = "yes";
          const live = document.getElementById("live");
          live.setAttribute("hx-get", "/runs?live=" + id);
          live.setAttribute("hx-trigger", "every 1s");
          htmx.process(live);
        }""",
        followed,
    )

    expect(page.locator(f"#row-{followed}[data-old]")).to_have_count(0)

    expect(link(page, followed)).to_be_focused()
    expect(page.locator(f"#pick-{followed}")).to_be_checked()
    assert page.evaluate("scrollY") == before


def test_nothing_is_asked_while_the_page_is_hidden(browse, product, more_runs):
    page = browse()
    page.goto(f"{product.url}/runs?templateId=first-steps")
    asked = []
    page.on(
        "request", lambda request: asked.append(request.url) if "live=" in request.url else None
    )
    page.evaluate(
        """(id) => {
          Object.defineProperty(document, "hidden", { value: true, configurable: true });
          const live = document.getElementById("live");
          live.setAttribute("hx-get", "/runs?live=" + id);
          live.setAttribute("hx-trigger", "every 1s");
          htmx.process(live);
        }""",
        more_runs[0],
    )
    page.wait_for_timeout(2500)
    assert asked == []

    with page.expect_request(lambda request: "live=" in request.url):
        page.evaluate("delete document.hidden")


def test_a_failure_stays_until_it_is_tried_again_whatever_is_followed(browse, product, more_runs):
    page = browse(foreseen="htmx:")
    page.goto(f"{product.url}/runs")
    # A row that is followed asks each second, as a run that is running does.
    page.evaluate(
        """() => {
          const followed = document.createElement("div");
          followed.setAttribute("hx-get", "/runs?live=run_nowhere");
          followed.setAttribute("hx-trigger", "every 50ms");
          followed.setAttribute("hx-swap", "none");
          document.getElementById("main").append(followed);
          htmx.process(followed);
        }"""
    )
    page.context.set_offline(True)
    page.get_by_label("Mode").select_option("Simulation")
    failure = page.get_by_role("alert")
    expect(failure).to_contain_text("FlowTime did not answer.")
    page.wait_for_timeout(200)
    expect(failure).to_have_count(1)

    page.context.set_offline(False)
    failure.get_by_role("button", name="Try again").click()

    expect(failure).to_have_count(0)
    expect(page.locator(".filter-chip")).to_contain_text("Mode Simulation")
