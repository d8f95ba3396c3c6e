"""Three people in three browsers: some rows are asked for, narrowed in two stages, renewed, decided by a delegate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from jupyter_mlplatform.demo.folder import ALICE, BOB, DemoFolder
from jupyter_mlplatform.demo.folder import Person as Somebody
from jupyter_mlplatform.demo.seed import PLACE, seed
from jupyter_mlplatform.demo.servers import DemoServer
from tests.ui.lab import Person

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 60_000
CAROL = Somebody("carol", "looks after personal data", "lab")
STAGES = """
[[access.stages]]
name = "owner"
approvers = ["owner"]

[[access.stages]]
name = "privacy"
approvers = ["carol"]
when = { column_tags = ["personal"] }

[[access.auto_approve]]
name = "open data"
when = { classifications = ["public"] }
most_days = 30

[access.max_days]"""
NASTY = "<img src=x onerror=\"document.title='owned'\"> for the weld study"

Office = dict[str, Person]


@pytest.fixture
def office(browser: Browser, tmp_path: Path) -> Iterator[Office]:
    """Who asks, who owns the data and who looks after personal data, each with the panel open, in a narrow window."""
    folder = DemoFolder(tmp_path / "demo")
    seed(folder)
    policy = folder.root / "policy.toml"
    policy.write_text(policy.read_text(encoding="utf-8").replace("\n[access.max_days]", STAGES, 1), encoding="utf-8")
    with ExitStack() as stack:
        people: Office = {}
        for person in (ALICE, BOB, CAROL):
            place(folder, person)
            server = DemoServer(folder, person)
            server.start()
            stack.callback(server.stop)
            server.wait()
            context = stack.enter_context(
                browser.new_context(viewport={"width": 700, "height": 1000}, locale="en-GB", color_scheme="light")
            )
            context.set_default_timeout(PATIENCE_MS)
            page = context.new_page()
            page.goto(server.client.page("lab"))
            people[person.name] = Person(person.name, page)
            people[person.name].open_panel()
        yield people


def place(folder: DemoFolder, person: Somebody) -> None:
    """Somebody's own files, with pages that follow the browser's wish for light or dark."""
    folder.work(person).mkdir(parents=True, exist_ok=True)
    (folder.home(person) / "place.toml").write_text(PLACE.format(name=person.name), encoding="utf-8")
    settings = folder.home(person) / "jupyter/config/lab/user-settings/@jupyterlab/apputils-extension"
    settings.mkdir(parents=True)
    (settings / "themes.jupyterlab-settings").write_text('{"adaptive-theme": true}', encoding="utf-8")


def test_rows_are_asked_for_narrowed_in_two_stages_and_renewed_with_a_delegate(office: Office) -> None:
    alice, bob, carol = office["alice"], office["bob"], office["carol"]
    ask_for_some_rows(alice)
    the_owner_leaves_less(bob)
    the_second_stage_approves_what_is_left(carol)
    renew(alice)
    bob_goes_on_holiday(bob)
    carol_decides_in_both_stages(carol)
    the_renewal_begins_later(alice)
    for person in office.values():
        assert "owned" not in person.page.title()
        assert person.page.locator("img[src='x']").count() == 0


def test_a_request_that_a_rule_approves_says_which_one(office: Office) -> None:
    form = open_form(office["alice"], "weather", "Weather at the plant")
    form.get_by_label("What for?").select_option(label="Report or dashboard")
    form.get_by_role("button", name="Send request").click()
    data = office["alice"].section("Data")
    expect(data.get_by_text("Your request was approved at once by the rule “open data” of the policy.")).to_be_visible()
    expect(data.get_by_role("button", name="Insert code")).to_be_visible()


def test_conditions_are_filled_in_with_the_keyboard_alone(office: Office) -> None:
    page = office["alice"].page
    form = open_form(office["alice"], "weld", "Welding gun sensors")
    form.get_by_role("checkbox", name="Only some rows").focus()
    page.keyboard.press("Space")
    condition = form.get_by_role("group", name="Condition 1")
    expect(condition.get_by_label("Column")).to_be_focused()
    page.keyboard.type("stat")
    page.keyboard.press("Tab")
    expect(condition.get_by_label("Comparison")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.type("W01")
    expect(form.get_by_text("Only rows where station is W01.")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(form.get_by_role("button", name="Add a condition")).to_be_focused()
    page.keyboard.press("Enter")
    expect(form.get_by_role("group", name="Condition 2").get_by_label("Column")).to_be_focused()


def open_form(person: Person, words: str, title: str) -> Locator:
    data = person.open_section("Data")
    data.get_by_role("searchbox", name="Search datasets").fill(words)
    data.get_by_role("button", name=title).click()
    data.get_by_role("button", name="Request access").click()
    form = data.get_by_role("form", name=f"Request access to {title}")
    expect(form).to_be_visible()
    return form


def open_inbox(person: Person) -> Locator:
    data = person.open_section("Data")
    data.get_by_role("tab", name="Inbox").click()
    return data


def ask_for_some_rows(alice: Person) -> None:
    form = open_form(alice, "weld", "Welding gun sensors")
    form.get_by_role("checkbox", name="Only some rows").check()
    first = form.get_by_role("group", name="Condition 1")
    first.get_by_label("Column").select_option("station")
    first.get_by_label("Comparison").select_option(label="is one of")
    first.get_by_label("Values, one a line").fill("W01\nW02")
    form.get_by_role("button", name="Add a condition").click()
    second = form.get_by_role("group", name="Condition 2")
    second.get_by_label("Column").select_option("weld_current_ka")
    second.get_by_label("Value").fill("8.5")
    expect(form.get_by_role("listitem").filter(has_text="weld_current_ka is at least 8.5.")).to_be_visible()
    form.get_by_label("What for?").select_option(label="Train or evaluate a model")
    form.get_by_label("In your own words").fill(NASTY)
    fits(alice.page)
    alice.picture("access-1-alice-asks-for-rows")
    form.get_by_role("button", name="Send request").click()
    data = alice.section("Data")
    expect(data.get_by_text("Your request waits for bob.")).to_be_visible()
    expect(stages(data)).to_contain_text(["waits for bob", "carol decides"])


def the_owner_leaves_less(bob: Person) -> None:
    data = open_inbox(bob)
    expect(data.get_by_text(NASTY)).to_be_visible()
    expect(data.get_by_text("stage 1 of 2")).to_be_visible()
    expect(data.get_by_text("Once approved, it goes on to carol (privacy).")).to_be_visible()
    data.get_by_role("checkbox", name="gun_id").uncheck()
    data.get_by_role("checkbox", name="Only some of these rows").check()
    further = data.get_by_role("group", name="Condition 1")
    further.get_by_label("Column").select_option("fault")
    further.get_by_label("Value").fill("1")
    data.get_by_label("Days").fill("20")
    fits(bob.page)
    bob.picture("access-2-bob-leaves-less")
    data.get_by_role("button", name="Approve narrowed").click()
    expect(data.get_by_text("Nothing waits for you")).to_be_visible()


def the_second_stage_approves_what_is_left(carol: Person) -> None:
    data = open_inbox(carol)
    expect(data.get_by_text("stage 2 of 2")).to_be_visible()
    expect(data.get_by_text("11 of 11 columns")).to_be_visible()
    expect(data.get_by_text("fault is 1.")).to_be_visible()
    expect(data.get_by_text("30 asked, 20 left by the stage before")).to_be_visible()
    carol.picture("access-3-carol-sees-what-is-left")
    data.get_by_role("button", name="Approve", exact=True).click()
    expect(data.get_by_text("Nothing waits for you")).to_be_visible()


def renew(alice: Person) -> None:
    data = alice.open_section("Data")
    data.get_by_role("tab", name="My access").click()
    expect(data.get_by_text("11 columns · approved by carol")).to_be_visible()
    data.get_by_role("button", name="Renew…").click()
    form = data.get_by_role("form", name="Renew Welding gun sensors")
    expect(form.get_by_label("For how many more days?")).to_be_focused()
    form.get_by_label("For how many more days?").fill("10")
    alice.picture("access-4-alice-renews")
    form.get_by_role("button", name="Send renewal").click()
    expect(data.get_by_text("Its renewal is asked for.")).to_be_visible()


def bob_goes_on_holiday(bob: Person) -> None:
    data = open_inbox(bob)
    data.get_by_role("button", name="Let somebody decide for you…").click()
    data.get_by_label("Who decides in your place?").fill("carol")
    data.get_by_role("button", name="Let decide").click()
    expect(data.get_by_text("carol decides in your place")).to_be_visible()
    bob.picture("access-5-bob-goes-on-holiday")


def carol_decides_in_both_stages(carol: Person) -> None:
    data = open_inbox(carol)
    expect(data.get_by_text("You decide in the place of bob.")).to_be_visible()
    fits(carol.page)
    carol.picture("access-6-carol-in-the-place-of-bob")
    data.get_by_role("button", name="Approve", exact=True).click()
    expect(data.get_by_text("carol, in the place of bob, approved as “owner”")).to_be_visible()
    data.get_by_role("button", name="Approve", exact=True).click()
    expect(data.get_by_text("Nothing waits for you")).to_be_visible()


def the_renewal_begins_later(alice: Person) -> None:
    data = alice.section("Data")
    expect(data.get_by_role("heading", name="Begins later")).to_be_visible()
    expect(data.get_by_text("It goes on until")).to_be_visible()
    expect(data.get_by_role("button", name="Insert code")).to_have_count(1)
    alice.picture("access-7-the-renewal-begins-later")


def stages(data: Locator) -> Locator:
    return data.get_by_role("list", name="Who decides").get_by_role("listitem")


def fits(page: Page) -> None:
    """Nothing in the panel is wider than the panel."""
    wider = page.evaluate(
        """() => {
          const panel = document.querySelector('.jp-mlp-Panel');
          const edge = panel.getBoundingClientRect().right + 1;
          return [...panel.querySelectorAll('*')]
            .filter(each => each.getBoundingClientRect().right > edge)
            .map(each => each.className || each.tagName);
        }"""
    )
    assert wider == []
