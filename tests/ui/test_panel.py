"""The panel as a guest in JupyterLab: quiet while nobody looks, calm where its server is missing, at home anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from jupyter_mlplatform.demo.folder import DemoFolder
from jupyter_mlplatform.demo.seed import seed
from tests.ui.lab import Person
from tests.ui.server import server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Lab = Callable[..., Page]


@pytest.fixture
def lab(browser: Browser, tmp_path: Path) -> Iterator[Lab]:
    """Opens a JupyterLab in a new browser profile."""
    folder = DemoFolder(tmp_path / "demo")
    seed(folder)
    with ExitStack() as stack:

        def opened(
            *, base_url: str = "/", extension: bool = True, prepare: Callable[[Page], None] | None = None
        ) -> Page:
            running = stack.enter_context(server(folder, base_url=base_url, extension=extension))
            page = stack.enter_context(browser.new_context(locale="en-GB")).new_page()
            if prepare:
                prepare(page)
            page.goto(running.page())
            return page

        yield opened


def asked(page: Page) -> list[str]:
    """Requests to the platform from now on, as they are made."""
    seen: list[str] = []
    page.on(
        "request", lambda request: "/api/mlplatform/" in request.url and seen.append(f"{request.method} {request.url}")
    )
    return seen


def settle(page: Page) -> None:
    """An answer of the server: what the page had asked for before is seen by now."""
    page.evaluate("async () => { for (let i = 0; i < 5; i++) { await (await fetch('api/status')).text(); } }")


def pass_half_an_hour(page: Page) -> None:
    """In the page only: its timers fire."""
    for _ in range(6):
        page.clock.fast_forward("05:00")
        settle(page)


def test_a_hidden_panel_asks_nothing_and_an_open_one_asks_again(lab: Lab) -> None:
    page = lab(prepare=lambda page: page.clock.install())
    alice = Person("alice", page)
    alice.open_panel()
    expect(alice.panel.get_by_text("Demo workspace")).to_be_visible()
    seen = asked(page)
    pass_half_an_hour(page)
    assert seen, "an open panel keeps itself up to date"

    page.get_by_role("tab", name="ML workspace").click()
    expect(alice.panel).to_be_hidden()
    settle(page)
    seen.clear()
    pass_half_an_hour(page)
    assert seen == []

    alice.open_panel()
    settle(page)
    assert seen


def test_a_panel_that_was_never_opened_asks_nothing(lab: Lab) -> None:
    from_the_start: list[str] = []

    def prepare(page: Page) -> None:
        page.clock.install()
        nonlocal from_the_start
        from_the_start = asked(page)

    page = lab(prepare=prepare)
    expect(page.get_by_role("tab", name="ML workspace")).to_be_visible()
    pass_half_an_hour(page)
    assert from_the_start == []


def test_without_the_server_part_there_is_one_calm_message(lab: Lab) -> None:
    page = lab(extension=False)
    alice = Person("alice", page)
    alice.open_panel()
    expect(alice.panel.get_by_text("The server part is not installed or not enabled")).to_be_visible()
    expect(alice.panel.get_by_role("region")).to_have_count(0)
    expect(page.get_by_role("alert").filter(has_not_text="official Jupyter news")).to_have_count(0)


def test_it_works_below_the_address_that_sagemaker_studio_uses(lab: Lab) -> None:
    page = lab(base_url="/jupyterlab/default/")
    alice = Person("alice", page)
    seen = asked(page)
    alice.open_panel()
    data = alice.open_section("Data")
    data.get_by_role("combobox", name="Search datasets").fill("weld")
    expect(data.get_by_role("button", name="Welding gun sensors")).to_be_visible()
    assert seen
    assert all("/jupyterlab/default/api/mlplatform/v1/" in each for each in seen)


def tab_to(page: Page, wanted: Locator, most: int = 15) -> None:
    """Press Tab until the focus is there, as somebody without a mouse does."""
    expect(wanted).to_be_visible()
    for _ in range(most):
        if wanted.evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Tab")
    expect(wanted).to_be_focused()


def test_the_keyboard_alone_opens_a_dataset(lab: Lab) -> None:
    page = lab()
    expect(page.get_by_role("region", name="main area content")).to_be_focused()  # JupyterLab's last act of starting
    alice = Person("alice", page)
    alice.open_panel()
    expect(alice.panel.get_by_text("Demo workspace")).to_be_visible()
    headings = alice.panel.get_by_role("heading", level=2).get_by_role("button")
    headings.first.focus()
    page.keyboard.press("ArrowDown")
    expect(headings.nth(1)).to_be_focused()
    if headings.nth(1).get_attribute("aria-expanded") == "false":
        page.keyboard.press("Enter")
    data = alice.section("Data")
    tab_to(page, data.get_by_role("combobox", name="Search datasets"))
    page.keyboard.type("weld")
    expect(data.get_by_role("status").filter(has_text="2 datasets")).to_be_visible()
    tab_to(page, data.get_by_role("button", name="Welding gun sensors"))
    page.keyboard.press("Enter")
    expect(data.get_by_role("heading", name="Welding gun sensors")).to_be_visible()
