"""What a person sees of idle shutdown: why it is awake, that it stops soon, how to keep it, and that nothing is lost.

The server runs where it sees no process of this machine: what else happens here is no work of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from jupyter_mlplatform.demo.folder import ALICE, DemoFolder
from jupyter_mlplatform.demo.seed import seed
from tests.poll import until
from tests.ui.lab import Person
from tests.ui.server import Server, alone, server, set_idle_policy

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RULES = {
    "timeout_seconds": 15,
    "min_timeout_seconds": 1,
    "sample_seconds": 2,
    "min_uptime_seconds": 0,
    "keep_max_seconds": 3 * 3600,
    "network_bytes_per_second": 1e12,  # the network is the machine's
    "stop": "server",
    "watchdog": False,
}
SOON_MS = 90_000

Start = Callable[[float], tuple[Person, Server, Path]]


@pytest.fixture
def start(browser: Browser, tmp_path: Path) -> Iterator[Start]:
    """Opens alice's notebook on a server that warns for so many seconds before it stops."""
    folder = DemoFolder(tmp_path / "demo")
    seed(folder)
    with ExitStack() as stack:

        def started(grace_seconds: float) -> tuple[Person, Server, Path]:
            set_idle_policy(folder, {**RULES, "grace_seconds": grace_seconds})
            settings = folder.home(ALICE) / "jupyter/config/lab/user-settings/@jupyterlab/apputils-extension"
            settings.mkdir(parents=True)
            (settings / "themes.jupyterlab-settings").write_text('{"adaptive-theme": true}', encoding="utf-8")
            running = stack.enter_context(server(folder, within=alone()))
            context = browser.new_context(viewport={"width": 1440, "height": 1400}, locale="en-GB")
            page = stack.enter_context(context).new_page()
            page.goto(running.page(ALICE.opens))
            expect(page.get_by_text("Python 3 (ipykernel) | Idle")).to_be_visible()
            return Person("alice", page), running, folder.work(ALICE) / "weld_faults.ipynb"

        yield started


def ask_for_a_terminal(page: Page, url: str) -> None:
    """As another tab would: this one stays at its notebook."""
    answer = page.context.request.post(
        f"{url}api/terminals", headers={"Authorization": "token alice-alone"}, data=json.dumps({"name": "1"})
    )
    assert answer.ok, answer.text()


def set_panel_width(person: Person, width: int) -> None:
    """Drag the panel's edge."""
    box = person.panel.bounding_box()
    assert box is not None
    mouse, edge = person.page.mouse, box["x"] + box["width"]
    mouse.move(edge + 1, 600)
    mouse.down()
    mouse.move(box["x"] + width, 600, steps=5)
    mouse.up()


def test_a_warned_workspace_is_kept_by_the_mouse_or_for_as_long_as_a_person_says(start: Start) -> None:
    alice, running, _ = start(600)
    page = alice.page
    ask_for_a_terminal(page, running.url)
    alice.open_panel()
    section = alice.open_section("Idle")
    expect(section.get_by_role("list", name="Kernels").get_by_text("weld_faults.ipynb")).to_be_visible()
    expect(section.get_by_role("list", name="Terminals").get_by_text("Terminal 1")).to_be_visible()
    expect(section.get_by_text("This Jupyter server ends when it is idle; its machine goes on.")).to_be_visible()

    warning = alice.told("The workspace stops in")
    expect(warning).to_be_visible(timeout=SOON_MS)
    expect(page.get_by_role("alert").filter(has_text="stop")).to_have_count(1)  # the workspace speaks for all
    expect(page.get_by_role("button", name=re.compile("Idle shutdown: Stops in"))).to_be_visible()
    expect(section.get_by_role("status").first).to_contain_text("stops")
    alice.picture("10-alice-is-warned")
    page.mouse.move(700, 500)
    expect(warning).to_have_count(0)
    expect(alice.told("The workspace stays")).to_be_visible()

    expect(warning).to_be_visible(timeout=SOON_MS)
    warning.get_by_role("button", name="Keep 4 h").click()
    expect(alice.told("The policy allows no more than 3 h")).to_be_visible()
    expect(warning).to_have_count(0)
    expect(section.get_by_text(re.compile("^kept until")).first).to_be_visible()
    expect(page.get_by_role("button", name="Idle shutdown: Kept awake")).to_be_visible()
    alice.picture("11-alice-keeps-the-workspace")
    for width in (420, 200):
        set_panel_width(alice, width)
        alice.picture(f"12-the-idle-section-{width}-wide")
        inside = section.evaluate("node => node.scrollWidth <= node.clientWidth")
        assert inside, "nothing sticks out of a narrow panel"


def test_what_a_tab_has_not_saved_is_saved_before_the_workspace_stops(start: Start) -> None:
    alice, running, notebook = start(5)
    page = alice.page
    page.get_by_role("textbox").filter(has_text="from").first.click()
    page.keyboard.type("# typed and never saved\n")
    assert "never saved" not in notebook.read_text(encoding="utf-8")
    assert until(lambda: running.process.poll() is not None, SOON_MS / 1000)
    assert "# typed and never saved" in notebook.read_text(encoding="utf-8")
    expect(page.get_by_role("dialog").filter(has_text=re.compile("Save"))).to_have_count(0)
