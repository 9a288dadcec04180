"""Travelling through the blizzard in a real browser: by pointer, by keys, by link, on paper, and without a script."""

import re
import time

import pytest
from playwright.sync_api import expect

from runs import measures, wording
from runs.bin_clock import BinClock
from runs.clock import from_text
from tests.ui.browser import keep_screenshot

pytestmark = pytest.mark.browser

MONDAY = "Mon 11 Feb 2013, 19:00 to 20:00"


@pytest.fixture
def travel(browse, product):
    """Call it with a query for the player of the first run, ready to be used."""

    def open_player(query="", **options):
        page = browse(**options)
        page.goto(f"{product.url}/runs/{product.run_id}{query}")
        expect(page.locator("#travel[data-ready]")).to_be_attached()
        return page

    return open_player


def bin_of(page):
    return int(re.search(r"\d+", page.locator("#clock-bin").inner_text())[0])


def wait_beyond(page, index):
    """Wait until the player has come further than a bin; the page's policy allows no conditions made of text."""
    deadline = time.monotonic() + 20
    while bin_of(page) <= index:
        assert time.monotonic() < deadline
        page.wait_for_timeout(50)


def query_of(page):
    return dict(pair.split("=") for pair in page.url.split("?")[1].split("#")[0].split("&"))


def box_of(page, place):
    """Where a track is, once it is in view."""
    page.locator(place).scroll_into_view_if_needed()
    return page.locator(place).bounding_box()


def state_of(page, product, index):
    """What the API says of a bin, by node."""
    answer = page.request.get(f"{product.url}/v1/runs/{product.run_id}/state?bin={index}")
    return {node["nodeId"]: node for node in answer.json()["nodes"]}


def figures_of(page):
    """What the panel says, by column."""
    page.locator("#more-figures").evaluate("details => (details.open = true)")
    rows = page.locator("[data-figure]")
    return {
        rows.nth(at).get_attribute("data-figure"): rows.nth(at).locator("[data-value]").inner_text()
        for at in range(rows.count())
    }


def say(name, value):
    return wording.say_number(value, decimals=measures.DECIMALS[name])


def test_a_run_opens_where_its_queue_peaks(travel):
    page = travel()

    expect(page.locator("#clock")).to_have_text(MONDAY)
    expect(page.locator(".card[aria-pressed=true]")).to_have_attribute("data-node", "JFK")
    expect(page.locator("#value-leading")).to_have_text("76")
    expect(page.locator(".card")).to_have_count(7)
    expect(page.locator(".edge")).to_have_count(9)


def test_playing_moves_the_clock_and_speaks_only_when_it_pauses(travel):
    page = travel("?bin=30")
    page.evaluate(
        """() => {
          window.heard = [];
          const said = document.getElementById("travel-said");
          new MutationObserver(() => window.heard.push(said.textContent)).observe(said, { childList: true });
        }"""
    )
    page.get_by_label("Speed").select_option("60 bins a second")
    page.get_by_role("button", name="Play", exact=True).click()
    wait_beyond(page, 40)
    assert page.evaluate("window.heard") == []

    page.get_by_role("button", name="Pause").click()

    index = bin_of(page)
    expect(page.locator("#travel-said")).to_contain_text(page.locator("#clock").inner_text())
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    assert query_of(page)["bin"] == str(index)


def test_playing_ends_with_the_run(travel):
    page = travel("?bin=110")
    page.get_by_label("Speed").select_option("60 bins a second")
    page.get_by_role("button", name="Play", exact=True).click()

    expect(page.locator("#clock-bin")).to_contain_text("bin 119 of")
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()


def test_a_pointer_scrubs_on_every_track_without_fetching_anything(travel):
    page = travel()
    page.wait_for_load_state("networkidle")
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for place in (".ruler", ".lane", "#rows .plot >> nth=2"):
        box = box_of(page, place)
        y = box["y"] + box["height"] / 2

        page.mouse.move(box["x"] + box["width"] * 0.1, y)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 41.5 / 120, y, steps=20)
        page.mouse.up()

        expect(page.locator("#clock")).to_have_text("Fri 8 Feb 2013, 17:00 to 18:00")
        expect(page.locator("#value-all-errors")).to_have_text("68")
        page.locator("#forward").click()
    # The browser itself looks at the icon again when the address changes.
    assert [url for url in asked if not url.endswith("favicon.svg")] == []


def test_everything_is_done_with_keys_alone(travel):
    page = travel("?bin=115&node=JFK")
    scrub = page.get_by_role("slider", name="Time")
    scrub.focus()

    page.keyboard.press("ArrowLeft")
    expect(page.locator("#clock-bin")).to_contain_text("bin 114 of")
    expect(scrub).to_have_attribute("aria-valuetext", "Mon 11 Feb 2013, 18:00 to 19:00, bin 114")
    page.keyboard.press("Shift+ArrowLeft")
    expect(page.locator("#clock-bin")).to_contain_text("bin 108 of")
    page.keyboard.press("n")
    expect(page.locator("#clock-bin")).to_contain_text("bin 112 of")
    page.keyboard.press("p")
    expect(page.locator("#clock-bin")).to_contain_text("bin 108 of")
    page.keyboard.press("Home")
    expect(page.locator("#clock-bin")).to_contain_text("bin 0 of")
    page.keyboard.press("End")
    expect(page.locator("#clock-bin")).to_contain_text("bin 119 of")

    page.keyboard.press("ArrowDown")
    expect(page.locator("#inspector-h")).to_have_text("LaGuardia")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#inspector-h")).to_have_text("John F. Kennedy")
    page.keyboard.press("m")
    expect(page.get_by_label("Show", exact=True)).to_have_value("latencyMinutes")
    page.keyboard.press(">")
    expect(page.get_by_label("Speed")).to_have_value("24")
    page.keyboard.press("Enter")
    expect(page.locator("#inspector-h")).to_be_focused()

    page.keyboard.press("Home")
    page.keyboard.press("Space")
    wait_beyond(page, 3)
    page.keyboard.press("Space")
    stopped = bin_of(page)
    page.wait_for_timeout(200)
    assert bin_of(page) == stopped


def test_a_card_is_a_button_for_keys(travel):
    page = travel()
    card = page.get_by_role("button", name=re.compile("^Newark, queue"))

    card.focus()
    page.keyboard.press("Space")

    expect(card).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#inspector-h")).to_have_text("Newark")


def test_letters_do_nothing_in_fields_and_where_they_are_turned_off(travel):
    page = travel("?bin=10")
    page.get_by_label("Show", exact=True).focus()
    page.keyboard.press("n")
    expect(page.locator("#clock-bin")).to_contain_text("bin 10 of")

    page.locator("#scrub").focus()
    page.evaluate("document.documentElement.dataset.shortcuts = 'off'")
    page.keyboard.press("n")
    expect(page.locator("#clock-bin")).to_contain_text("bin 10 of")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#clock-bin")).to_contain_text("bin 11 of")


def test_the_map_of_keys_names_those_of_the_player(travel):
    page = travel()

    page.keyboard.press("?")

    dialog = page.get_by_role("dialog", name="Keyboard")
    expect(dialog).to_contain_text("Next or previous warning")
    expect(dialog).to_contain_text("Play or pause")


def test_a_link_shows_the_same_again(travel):
    page = travel("?bin=41&node=EWR&metric=errors&rows=metric&from=24&to=71")

    expect(page.locator("#clock")).to_have_text("Fri 8 Feb 2013, 17:00 to 18:00")
    expect(page.locator("#inspector-h")).to_have_text("Newark")
    expect(page.locator("#headline")).to_have_text("27")
    expect(page.locator("#range-words")).to_have_text("bins 24 to 71")
    page.get_by_role("button", name="LaGuardia", exact=True).click()
    page.get_by_role("button", name="One bin forward").click()
    expect(page.locator("#travel-said")).to_contain_text("LaGuardia")
    page.reload()

    expect(page.locator("#travel[data-ready]")).to_be_attached()
    expect(page.locator("#clock-bin")).to_contain_text("bin 42 of")
    expect(page.locator("#inspector-h")).to_have_text("LaGuardia")
    expect(page.locator("#range-words")).to_have_text("bins 24 to 71")
    assert query_of(page)["rows"] == "metric"


@pytest.mark.parametrize("index", [41, 58, 114])
def test_panel_cards_and_table_say_what_the_api_says(travel, product, index):
    page = travel("?bin=60")
    box = box_of(page, ".lane")
    page.mouse.click(box["x"] + box["width"] * (index + 0.5) / 120, box["y"] + 5)
    expect(page.locator("#clock-bin")).to_contain_text(f"bin {index} of")
    state = state_of(page, product, index)

    for node_id, node in state.items():
        page.locator(f".card[data-node={node_id}]").click()
        expect(page.locator(f"[data-panel={node_id}]")).to_be_attached()
        expected = {**node["observed"], **node["derived"]}
        assert figures_of(page) == {name: say(name, value) for name, value in expected.items()}
        expect(page.locator("#chip")).to_have_attribute("data-state", node["colour"])
        row = page.locator(f"#node-rows tr[data-node={node_id}]")
        for name in ("arrivals", "served", "errors", "queueDepth", "latencyMinutes"):
            cell = row.locator(f"[data-value={name}]")
            assert cell.text_content() == say(name, expected.get(name))
        expect(page.locator(f".card[data-node={node_id}]")).to_have_attribute(
            "data-state", node["colour"]
        )


def test_formulas_carry_the_values_of_the_bin(travel):
    page = travel("?bin=115&node=JFK")
    wait = page.locator("[data-formula=latencyMinutes]")
    assert wait.inner_text().split("\n") == [
        "queueDepth / served × 60",
        "= 35 / 18 × 60",
        "= 116.7 min, promised 75",
    ]

    page.get_by_role("button", name="One bin back").click()

    expect(wait).to_contain_text("= 35 / 12 × 60= 175 min")
    page.locator("#scrub").focus()
    page.keyboard.press("Home")
    expect(wait).to_contain_text("undefined: nothing was served")


def test_nodes_are_found_by_name_kind_or_state_and_the_others_dimmed(travel):
    page = travel("?bin=115&node=JFK")
    dimmed = page.locator(".card.dimmed")

    page.keyboard.press("/")
    expect(page.get_by_label("Find nodes by name, kind or state")).to_be_focused()
    page.keyboard.type("queue risk")

    # Of the three queues, Newark and LaGuardia are at risk and Kennedy is beyond.
    expect(page.locator("#find-nodes [role=status]")).to_have_text("2 of 7")
    expect(dimmed).to_have_count(5)
    assert page.locator(".edge:not(.dimmed)").count() == 0
    assert page.locator("#rows .track:visible").count() == 2
    assert page.locator("#node-rows tr[hidden]").count() == 5
    page.keyboard.press("Enter")
    expect(page.locator(".card[aria-pressed=true]")).to_have_attribute("data-node", "EWR")

    page.get_by_role("button", name="Zoom in").click()
    expect(page.locator("#range-words")).to_be_visible()
    expect(page.locator("#rows .track:visible")).to_have_count(2)
    page.get_by_label("Find nodes by name, kind or state").fill("")

    expect(dimmed).to_have_count(0)
    assert page.locator("#rows .track[hidden]").count() == 0


def test_a_range_is_dragged_out_of_a_chart_and_given_back(travel):
    page = travel("?bin=100")
    box = box_of(page, "[data-chart=queueDepth]")
    y = box["y"] + 40

    page.mouse.move(box["x"] + box["width"] * 0.805, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.999, y, steps=8)
    page.mouse.up()

    expect(page.locator("#range-words")).to_have_text("bins 96 to 119")
    assert (query_of(page)["from"], query_of(page)["to"]) == ("96", "119")
    expect(page.locator("#rows svg").first).to_have_attribute("viewBox", "0 0 24 22")
    page.mouse.dblclick(box["x"] + 100, y)
    expect(page.locator("#range-words")).to_be_hidden()
    assert "from" not in query_of(page)

    page.get_by_role("button", name="Zoom in").click()
    expect(page.locator("#range-words")).to_be_visible()
    page.get_by_role("button", name="Whole run").click()
    expect(page.locator("#range-words")).to_be_hidden()


def test_another_metric_changes_cards_rows_and_has_its_chart(travel):
    page = travel("?bin=115")

    page.get_by_label("Show", exact=True).select_option("Oldest age")

    card = page.locator(".card[data-node=JFK]")
    expect(card.locator(".big")).to_have_text("91.3")
    expect(page.locator("[data-track=oldestAgeMin] canvas")).to_be_visible()
    page.get_by_role("button", name="Oldest age").click()
    expect(page.locator("#rows .ink-8").first).to_be_attached()
    expect(page.locator("#rows-title")).to_have_text("Oldest age")


def test_the_numbers_behind_the_charts_follow_the_node(travel):
    page = travel()
    page.get_by_text("The numbers behind the charts").click()
    table = page.get_by_role("table", name="John F. Kennedy, bin by bin")
    expect(table.locator("tbody tr")).to_have_count(120)

    page.locator(".card[data-node=EWR]").click()

    expect(page.get_by_role("table", name="Newark, bin by bin")).to_be_visible()


def test_charts_take_the_colours_of_a_new_theme(travel):
    page = travel(color_scheme="light")
    drawn = "document.querySelector('[data-chart=queueDepth] canvas').toDataURL()"
    light = page.evaluate(drawn)

    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")

    assert page.evaluate(drawn) != light


def test_what_cannot_be_fetched_is_said_and_what_is_shown_stays(travel):
    page = travel("?bin=115&node=JFK")
    page.route("**/travel/*/node?*", lambda route: route.abort())

    page.locator(".card[data-node=EWR]").click()

    expect(page.get_by_role("alert")).to_contain_text("FlowTime did not answer.")
    expect(page.locator("#inspector-h")).to_have_text("John F. Kennedy")
    page.unroute("**/travel/*/node?*")
    page.locator(".card[data-node=LGA]").click()
    expect(page.locator("#inspector-h")).to_have_text("LaGuardia")
    expect(page.get_by_role("alert")).to_have_count(0)


def test_a_narrow_page_has_the_table_instead_of_the_graph(travel):
    page = travel(width=400)

    expect(page.locator("#graph")).to_be_hidden()
    row = page.locator("#node-rows tr[data-node=LGA]")
    expect(row).to_be_visible()
    row.click()
    expect(page.locator("#inspector-h")).to_have_text("LaGuardia")
    assert page.evaluate("document.documentElement.scrollWidth") <= 400


def test_paper_has_the_bin_of_the_clock_in_light_and_no_controls(travel):
    page = travel("?bin=41&node=JFK", color_scheme="dark")

    page.emulate_media(media="print")

    expect(page.locator("#clock")).to_have_text("Fri 8 Feb 2013, 17:00 to 18:00")
    expect(page.locator("#headline")).to_have_text("0")
    for control in ("#play", "#next-warning", "#metric", "#views", "#zoom-in", "#speed"):
        expect(page.locator(control)).to_be_hidden()
    tape = page.locator("#rows .tape").first
    assert tape.evaluate("element => getComputedStyle(element).printColorAdjust") == "exact"
    keep_screenshot(page, "travel-print")


def test_without_a_script_the_bin_is_a_table_and_buttons_are_links(browse, product):
    page = browse(java_script_enabled=False)
    page.goto(f"{product.url}/runs/{product.run_id}?bin=41&node=EWR")
    expect(page.locator("#node-rows tr[data-node=EWR]")).to_contain_text("27")
    expect(page.locator("#play")).to_be_hidden()

    page.get_by_role("button", name="One bin forward").click()
    expect(page.locator("#clock-bin")).to_contain_text("bin 42 of")
    expect(page.locator("#inspector-h")).to_have_text("Newark")
    page.get_by_role("button", name="LaGuardia", exact=True).click()

    expect(page.locator("#inspector-h")).to_have_text("LaGuardia")
    expect(page.locator("#clock-bin")).to_contain_text("bin 42 of")
    keep_screenshot(page, "travel-no-script")


NUMBERS = [
    0,
    0.05,
    0.15,
    0.25,
    0.35,
    2.25,
    2.5,
    3.5,
    0.125,
    1234.5678,
    1e6,
    -0.04,
    -7.25,
    1e21,
    1 / 3,
]


def test_the_browser_says_amounts_and_times_as_the_server_does(travel):
    page = travel()
    words = "/static/flowtime/travel/words.js"

    said = page.evaluate(
        f"async (values) => {{ const {{ say }} = await import('{words}');"
        " return values.map((v) => [0, 1, 2].map((d) => say(v, d))); }",
        NUMBERS,
    )
    assert said == [[wording.say_number(float(v), decimals=d) for d in (0, 1, 2)] for v in NUMBERS]

    for start in ("2013-02-07T00:00:00Z", "2026-12-31T12:30:00Z", None):
        for minutes in (5, 60, 1440, 10080):
            clock = BinClock(bins=50, bin_minutes=minutes, start=from_text(start))
            found = page.evaluate(
                f"async ([binMinutes, from]) => {{ const {{ BinClock }} = await import('{words}');"
                " const start = from === null ? null : Date.parse(from);"
                " const clock = new BinClock({ bins: 50, binMinutes, start });"
                " return [...Array(50).keys()].map((i) =>"
                " [clock.span(i), clock.flag(i), clock.end(i), clock.number(i)]); }",
                [minutes, start],
            )
            assert found == [
                [clock.span(i), clock.flag(i), clock.end(i), clock.number(i)] for i in range(50)
            ]
