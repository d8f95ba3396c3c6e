"""Two people in two browsers, each with the JupyterLab of their own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from jupyter_mlplatform.demo.folder import PEOPLE, DemoFolder
from jupyter_mlplatform.demo.runs import end_runs
from jupyter_mlplatform.demo.seed import seed
from jupyter_mlplatform.demo.servers import DemoServers

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = ("--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync")
PATIENCE_MS = 30_000


@pytest.fixture(autouse=True)
def jp_asyncio_loop() -> None:
    """Playwright runs this thread's event loop; pytest-jupyter's own must not close it."""


@pytest.fixture(autouse=True)
def jp_server_cleanup() -> None:
    """No server runs inside this process."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The machine's own Chromium, without a window."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    assert program, f"No browser was found on PATH; install one of {', '.join(PROGRAMS)}."
    flags = [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=program, args=flags)
        yield launched
        launched.close()


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[DemoServers]:
    """A freshly seeded demo with both servers running; the pages follow the browser's wish for light or dark."""
    folder = DemoFolder(tmp_path / "demo")
    seed(folder)
    for person in PEOPLE:
        settings = folder.home(person) / "jupyter/config/lab/user-settings/@jupyterlab/apputils-extension"
        settings.mkdir(parents=True)
        (settings / "themes.jupyterlab-settings").write_text('{"adaptive-theme": true}', encoding="utf-8")
    servers = DemoServers(folder)
    servers.start()
    yield servers
    servers.stop()
    end_runs(folder)


@pytest.fixture
def people(browser: Browser, demo: DemoServers) -> Iterator[dict[str, Page]]:
    """Alice and bob, each in a browser profile of their own, signed in by the address that the demo prints."""
    contexts: list[BrowserContext] = []
    pages: dict[str, Page] = {}
    for name, server in demo.each.items():
        context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="en-GB", color_scheme="light")
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        pages[name] = context.new_page()
        pages[name].goto(server.page)
    yield pages
    for context in contexts:
        context.close()
