"""The player in a browser: how soon a run opens, what it fetches, and what a frame costs while it plays."""

import json
import statistics
import time
import urllib.request
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import pytest

from tests.perf import engine_workload
from tests.ui.browser import CHROMIUM_ARGUMENTS, Product, chromium, sign_in, start_product

FRAMES = """() => new Promise((done) => {
  const times = [];
  const play = document.getElementById("play");
  const speed = document.getElementById("speed");
  speed.value = "60";
  play.click();
  const tick = (now) => {
    times.push(now);
    if (times.length < 180 && play.hasAttribute("data-playing")) requestAnimationFrame(tick);
    else { if (play.hasAttribute("data-playing")) play.click(); done(times); }
  };
  requestAnimationFrame(tick);
})"""
WORK = """() => {
  const scrub = document.getElementById("scrub");
  const costs = [];
  for (let bin = 0; bin < 288; bin += 1) {
    scrub.value = bin;
    const began = performance.now();
    scrub.dispatchEvent(new Event("input"));
    document.body.offsetHeight;
    costs.push(performance.now() - began);
  }
  return costs;
}"""


@pytest.fixture(scope="module")
def long_product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    if chromium() is None:
        pytest.skip("there is no chromium")
    yield from start_product(
        tmp_path_factory.mktemp("product"),
        day=engine_workload.line_of_queues(20, 288).replace("bench-line", "day"),
        year=engine_workload.line_of_queues(50, 8760).replace("bench-line", "year"),
    )


@pytest.fixture
def page(long_product: Product) -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=chromium(), args=list(CHROMIUM_ARGUMENTS)
        )
        page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
        page.set_default_timeout(60_000)
        sign_in(page, long_product)
        yield page
        browser.close()


def make_run(product: Product, template: str) -> str:
    """A finished run of a template, asked for over the API."""
    request = urllib.request.Request(
        f"{product.url}/v1/runs",
        data=json.dumps({"templateId": template}).encode(),
        headers={
            "Authorization": f"Bearer {product.tokens['operator']}",
            "Content-Type": "application/json",
        },
    )
    with urllib.request.urlopen(request, timeout=120) as answer:
        return str(json.load(answer)["runId"])


def open_run(page: Any, product: Product, run_id: str) -> float:
    """Seconds from asking for the page until it can be played."""
    started = time.perf_counter()
    page.goto(f"{product.url}/runs/{run_id}")
    page.wait_for_selector("#travel[data-ready]", state="attached")
    return time.perf_counter() - started


def test_a_day_of_twenty_nodes_plays(
    benchmark: Any, long_product: Product, page: Any, say: Callable[..., None]
) -> None:
    run_id = make_run(long_product, "day")
    opened = benchmark.pedantic(open_run, args=(page, long_product, run_id), rounds=3)
    page.wait_for_load_state("networkidle")

    costs = page.evaluate(WORK)
    page.keyboard.press("Home")
    times = page.evaluate(FRAMES)

    gaps = [b - a for a, b in pairwise(times)]
    say(
        f"20 nodes x 288 bins: a bin costs {statistics.median(costs):.1f} ms of script and layout "
        f"({max(costs):.1f} ms at most); playing 60 bins a second, {1000 * len(gaps) / sum(gaps):.0f} "
        f"frames a second, median {statistics.median(gaps):.1f} ms. Target: 60 frames a second, 16.7 ms."
    )
    assert opened > 0


def test_a_year_of_fifty_nodes_opens_and_scrubs(
    benchmark: Any, long_product: Product, page: Any, say: Callable[..., None]
) -> None:
    run_id = make_run(long_product, "year")
    first = open_run(page, long_product, run_id)
    benchmark.pedantic(open_run, args=(page, long_product, run_id), rounds=5)
    fetched = page.evaluate(
        "performance.getEntriesByType('resource').map((r) => [r.name, r.decodedBodySize])"
    )
    parts = {name.split("/travel/")[1][17:]: size for name, size in fetched if "/travel/" in name}
    parts = {name: size for name, size in parts.items() if not name.endswith(".js")}
    page.wait_for_load_state("networkidle")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))

    scrub = page.locator("#scrub")
    for at in range(0, 8760, 146):
        scrub.evaluate(
            "(input, at) => { input.value = at; input.dispatchEvent(new Event('input')); }", at
        )
    page.wait_for_timeout(500)

    refetched = [url for url in asked if "/travel/" in url]
    say(
        f"50 nodes x 8,760 bins: opens in {first:.2f} s at first and "
        f"{benchmark.stats.stats.min:.2f} s at best afterwards (target: below 1 s); "
        f"{sum(parts.values()):,} bytes of columns until then; scrubbing fetched {len(refetched)} parts again."
    )
    assert refetched == []
