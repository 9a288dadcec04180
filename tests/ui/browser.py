"""The product as a browser meets it: the real server and worker on scratch data, and a browser that stays at home."""

from __future__ import annotations

import json
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from axe_playwright_python.sync_playwright import Axe

REPOSITORY = Path(__file__).resolve().parents[2]
ARTIFACTS = REPOSITORY / "test-artifacts"
CHROMIUM_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
# A browser that asks its maker for nothing: no updates, no reports, no other protocol.
CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
START_LIMIT_S = 90
MOST_SHIFT = 0.05
"""Half of what is called good; fields that become narrower for their slider make 0.01."""
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
# A template with an array that is short enough for one cell a value.
LOADING_DOCK = """\
schemaVersion: 1
metadata: {id: loading-dock, title: A loading dock, version: 1.0.0, description: Six hours at a dock., tags: [tutorial]}
grid: {bins: 6, binSize: 1, binUnit: hours}
parameters:
  - {name: pallets, type: array, arrayOf: number, length: 6, default: [4, 8, 12, 9, 5, 2], minimum: 0, maximum: 50, title: Pallets}
  - {name: perHour, type: integer, default: 7, minimum: 1, maximum: 5000, title: Loads, unit: pallets/h}
nodes:
  - {id: pallets_in, kind: const, values: "${pallets}"}
  - {id: loads, kind: const, values: "${perHour}"}
topology:
  nodes:
    - {id: Dock, kind: serviceWithBuffer, semantics: {arrivals: pallets_in, capacity: loads}}
"""


@dataclass(frozen=True, slots=True)
class Product:
    """A running FlowTime: where it is, who may enter, and its first run."""

    url: str
    passwords: dict[str, str]
    tokens: dict[str, str]
    run_id: str
    database: Path

    def forget_preferences(self) -> None:
        """Give everybody back what a new person has: a theme that one test chose is not the next one's."""
        with closing(sqlite3.connect(self.database, timeout=20)) as rows, rows:
            rows.execute("DELETE FROM people_preferences")


def chromium() -> str | None:
    """The system's chromium, which the tests drive; None where there is none."""
    return next((found for name in CHROMIUM_NAMES if (found := shutil.which(name))), None)


def start_product(
    data: Path, *, settings: Mapping[str, str] | None = None, **own: str
) -> Iterator[Product]:
    """Bootstrap and serve on ``data``; everything stops when the generator is closed.

    ``own`` are texts of templates by name, beside the loading dock; ``settings`` go into the environment.
    """
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("FLOWTIME_", "DATABASE_URL", "DJANGO_"))
    }
    templates = data / "own-templates"
    templates.mkdir(parents=True)
    for name, text in {"loading-dock": LOADING_DOCK, **own}.items():
        (templates / f"{name}.yaml").write_text(text)
    environment |= {
        "FLOWTIME_TEMPLATE_DIRS": str(templates),
        "DJANGO_SETTINGS_MODULE": "flowtime.settings",
        "FLOWTIME_DATA_DIR": str(data),
        "SECRET_KEY": "a-key-for-the-browser-tests-that-is-long-enough-0123456789",
        "FLOWTIME_LOG_LEVEL": "ERROR",
        **(settings or {}),
    }
    manage = [sys.executable, str(REPOSITORY / "manage.py")]
    made = subprocess.run(
        [*manage, "bootstrap", "--json"],
        env=environment,
        cwd=REPOSITORY,
        check=True,
        capture_output=True,
        text=True,
        timeout=START_LIMIT_S,
    )
    document = json.loads(made.stdout.splitlines()[-1])
    server = subprocess.Popen(
        [*manage, "serve", "--port", "0", "--workers", "1"],
        env=environment,
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        url = _address(server)
        _wait_until_ready(url)
        yield Product(
            url=url,
            passwords={name: user["password"] for name, user in document["users"].items()},
            tokens={name: user["token"] for name, user in document["users"].items()},
            run_id=document["run"]["runId"],
            database=data / "flowtime.sqlite3",
        )
    finally:
        server.terminate()
        server.wait(timeout=30)


def _address(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    for line in server.stdout:
        if found := re.search(r"http://[\w.:\[\]-]+", line):
            return found[0].rstrip("/")
    raise AssertionError("The server ended before it said where it is.")


def _wait_until_ready(url: str) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"{url}/readyz", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.3)
    raise AssertionError("The product was not ready in time.")


def watch(page: Any, product: Product, *, foreseen: str | None = None) -> list[str]:
    """What must not happen on ``page``: requests to elsewhere, script errors, refusals by the content policy.

    A test that makes the server fail has ``foreseen`` what the console says of it.
    """
    seen: list[str] = []

    def request(asked: Any) -> None:
        if not asked.url.startswith((product.url, "data:", "blob:")):
            seen.append(f"request to {asked.url}")

    def message(said: Any) -> None:
        is_foreseen = foreseen is not None and foreseen in said.text
        if said.type == "error" and "Failed to load resource" not in said.text and not is_foreseen:
            seen.append(f"console: {said.text}")

    page.on("request", request)
    page.on("console", message)
    page.on("pageerror", lambda error: seen.append(f"script: {error}"))
    return seen


def sign_in(page: Any, product: Product, name: str = "operator") -> None:
    """Enter as one of the people that bootstrap made."""
    page.goto(f"{product.url}/sign-in")
    page.get_by_label("User name").fill(name)
    page.get_by_label("Password").fill(product.passwords[name])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{product.url}/runs")


def keep_screenshot(page: Any, name: str) -> None:
    """Keep the whole page as an artifact of the tests."""
    ARTIFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTIFACTS / f"{name}.png", full_page=True)


def shift_of(page: Any) -> float:
    """How far the page has moved under its reader since it was opened, as browsers score it."""
    moved: float = page.evaluate(
        """() => new Promise((done) => {
          let sum = 0;
          const count = (list) => list.getEntries().forEach((e) => { sum += e.hadRecentInput ? 0 : e.value; });
          new PerformanceObserver(count).observe({ type: "layout-shift", buffered: true });
          setTimeout(() => done(sum), 50);
        })"""
    )
    return moved


def check_page(page: Any, name: str, theme: str) -> None:
    """Keep the page at both widths; at both it must be accessible, and on a phone within its width.

    It must stand still while it loads, at whatever width it was opened.
    """
    page.wait_for_load_state("networkidle")
    assert shift_of(page) < MOST_SHIFT
    page.set_viewport_size({"width": 1440, "height": 900})
    keep_screenshot(page, f"{name}-1440-{theme}")
    found = Axe().run(page, options=RULES)
    assert not found.response["violations"], found.generate_report()

    page.set_viewport_size({"width": 400, "height": 860})
    page.wait_for_timeout(150)
    keep_screenshot(page, f"{name}-400-{theme}")
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    narrow = Axe().run(page, options=RULES)
    assert not narrow.response["violations"], narrow.generate_report()
