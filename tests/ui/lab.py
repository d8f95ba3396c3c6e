"""What a person does in JupyterLab, said once: by role and name only, as a person or a screen reader finds things."""

from __future__ import annotations

import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

PICTURES = Path(__file__).parents[2] / "screenshots"


class Person:
    """One person's browser tab."""

    def __init__(self, name: str, page: Page) -> None:
        self.name = name
        self.page = page

    @property
    def panel(self) -> Locator:
        """The side panel."""
        return self.page.get_by_role("region", name="ML workspace")

    def section(self, name: str) -> Locator:
        """A section of the panel."""
        return self.panel.get_by_role("region", name=name, exact=True)

    def open_panel(self) -> None:
        """Click the panel's icon in the bar on the left, once JupyterLab has loaded."""
        self.page.get_by_role("tab", name="ML workspace").click()
        expect(self.panel).to_be_visible()

    def open_section(self, name: str) -> Locator:
        """Open one section and close the others."""
        for button in self.panel.get_by_role("heading", level=2).get_by_role("button").all():
            wanted = (button.text_content() or "").startswith(name)
            if (button.get_attribute("aria-expanded") == "true") is not wanted:
                button.click()
        return self.section(name)

    def picture(self, name: str) -> None:
        """Leave a picture of this moment, light and dark."""
        PICTURES.mkdir(exist_ok=True)
        for shade in ("dark", "light"):
            self.page.emulate_media(color_scheme=shade)  # type: ignore[arg-type]
            expect(self.page.locator("body")).to_have_attribute("data-jp-theme-light", str(shade == "light").lower())
            self.page.screenshot(path=PICTURES / f"{name}-{shade}.png", animations="disabled")

    def run_all_cells(self) -> None:
        """Run, Run All Cells."""
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()

    def told(self, text: str) -> Locator:
        """A notification with this text."""
        return self.page.get_by_role("alert").filter(has_text=re.compile(text))
