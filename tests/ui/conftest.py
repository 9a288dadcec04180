"""The pages as readers see them: small templates, finished runs made through the services, and their parts."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from runs.models import Run
from tests import flows
from tests.ui.browser import CHROMIUM_ARGUMENTS, Product, chromium, sign_in, start_product, watch


@pytest.fixture(autouse=True)
def catalog_of_tests(data_dirs):
    """The small templates of ``flows``, beside those that are shipped."""
    flows.add_template(data_dirs.templates, flows.DESK, name="desk")
    flows.add_template(
        data_dirs.templates, flows.COUNTED, name="counted", counted_csv=flows.COUNTED_CSV
    )
    flows.add_template(data_dirs.templates, flows.BARE, name="bare")
    flows.add_template(data_dirs.templates, flows.BROKEN, name="broken")


@pytest.fixture
def make_run(alice: Any) -> Callable[..., Run]:
    """Call it for a finished run of a template, made by Alice."""
    from runs.services import RunRequest, create_run

    def make(template_id: str = "desk", **asked: Any) -> Run:
        return create_run(RunRequest(template_id=template_id, **asked), user=alice).run

    return make


@pytest.fixture
def make_capture(alice: Any) -> Callable[..., Any]:
    """Call it for a finished capture of a run, asked for by Alice."""
    from telemetry.services import request_capture

    def make(run: Run, **asked: Any) -> Any:
        capture = request_capture(run=run, user=alice, **asked)
        run.refresh_from_db()
        return capture

    return make


###############################################################################
# A real browser, on the real product
###############################################################################
@pytest.fixture(scope="session")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """FlowTime as `manage.py serve` runs it, web and worker, for all browser tests of a process."""
    if chromium() is None:
        pytest.skip("there is no chromium")
    yield from start_product(tmp_path_factory.mktemp("product"))


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The system's chromium, which asks its maker for nothing."""
    return {
        **browser_type_launch_args,
        "executable_path": chromium(),
        "args": list(CHROMIUM_ARGUMENTS),
    }


@pytest.fixture(scope="session")
def entrances() -> dict[str, Any]:
    """The cookies of people who have signed in before, by name: the door is crossed once a process."""
    return {}


@pytest.fixture
def browse(
    browser: Any, product: Product, entrances: dict[str, Any]
) -> Iterator[Callable[..., Any]]:
    """Call it for a page in a context of its own; no page may ask elsewhere or break a rule of its own."""
    from playwright.sync_api import expect

    # As patient as the page below: a busy machine is slow, not wrong.
    expect.set_options(timeout=20_000)
    contexts: list[Any] = []
    watched: list[list[str]] = []

    def open_page(
        *,
        name: str | None = "operator",
        width: int = 1440,
        foreseen: str | None = None,
        **options: Any,
    ) -> Any:
        if name in entrances:
            options["storage_state"] = entrances[name]
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)
        watched.append(watch(page, product, foreseen=foreseen))
        if name is not None and name not in entrances:
            sign_in(page, product, name)
            entrances[name] = context.storage_state()
        elif name is not None:
            page.goto(f"{product.url}/runs")
        return page

    yield open_page
    for context in contexts:
        context.close()
    product.forget_preferences()
    assert not [what for here in watched for what in here]
