"""Three people in three browsers: some rows are asked for, narrowed in two stages, renewed, decided by a delegate."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.sync_api import Browser, Locator, Page, expect

from jupyter_mlplatform.access.legs import Leg, LegState
from jupyter_mlplatform.access.local.sqlite_store import SqliteStore
from jupyter_mlplatform.access.models import Column, Dataset, EndReason, Grant, GrantState, Kind, Scope
from jupyter_mlplatform.demo.folder import ALICE, BOB, DemoFolder
from jupyter_mlplatform.demo.folder import Person as Somebody
from jupyter_mlplatform.demo.seed import PLACE, seed
from jupyter_mlplatform.demo.servers import DemoServer
from tests.ui.lab import Person

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PATIENCE_MS = 60_000
LAKE = "lake_formation"
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
HIDES = """[access]
hidden_tags = ["merger"]
"""
NASTY = "<img src=x onerror=\"document.title='owned'\"> for the weld study"

Office = dict[str, Person]


@pytest.fixture
def office(request: pytest.FixtureRequest, browser: Browser, tmp_path: Path) -> Iterator[Office]:
    """Who asks, who owns the data and who looks after personal data, each with the panel open, in a narrow window.

    The parameter names those who are admins of data access.
    """
    folder = DemoFolder(tmp_path / "demo")
    seed(folder)
    policy = folder.root / "policy.toml"
    text = policy.read_text(encoding="utf-8").replace("\n[access.max_days]", STAGES, 1)
    admins = json.dumps(getattr(request, "param", []))
    policy.write_text(text.replace("[access]\n", f"{HIDES}admins = {admins}\n", 1), encoding="utf-8")
    put_beside_the_rules(folder)
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


def put_beside_the_rules(folder: DemoFolder) -> None:
    """A hidden dataset, and one in a lake that this machine cannot reach: what is known of it stays as it is here."""
    store, now, day = SqliteStore(folder.shared), datetime.now(timezone.utc), timedelta(days=1)
    columns = (Column("force", type="double"),)
    plan = Dataset(
        id="merger_2030", title="Merger plan", owner="bob", location="/plan", tags=("merger",), registered_at=now
    )
    lake = Dataset(
        id="strokes",
        title="Press strokes",
        owner="bob",
        location="glue://1/presses/strokes",
        kind=Kind.GLUE_TABLE,
        columns=columns,
        backend=LAKE,
        registered_at=now,
    )
    given = Grant(
        id="g-lake",
        request_id="r-lake",
        subject="dora",
        scope=Scope(dataset_id=lake.id, columns=("force",)),
        dataset_title=lake.title,
        owner="bob",
        purpose="reporting",
        not_before=now - day,
        not_after=now + 20 * day,
        state=GrantState.FULFILLING,
        version=1,
        approved_by="bob",
        backend=LAKE,
    )
    taken = replace(given, id="g-gone", request_id="r-gone", subject="ernest", state=GrantState.ENDING)
    taken = replace(taken, end_reason=EndReason.REVOKED, ended_at=now, ended_by="bob")
    leg = Leg(
        id=f"{given.id}/{LAKE}",
        grant_id=given.id,
        dataset_id=lake.id,
        subject="dora",
        backend=LAKE,
        wanted=True,
        state=LegState.APPLYING,
        version=1,
        due_at=now + day,
    )
    stuck = replace(leg, id=f"{taken.id}/{LAKE}", grant_id=taken.id, subject="ernest", wanted=False, note=NASTY)
    with store.unit() as unit:
        unit.put_dataset(plan)
        unit.put_dataset(lake)
        unit.put_grant(given)
        unit.put_grant(taken)
        unit.put_leg(leg)
        unit.put_leg(replace(stuck, state=LegState.ORPHANED, attempts=12))
    store.close()


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


def test_a_name_is_found_while_it_is_typed_with_the_keyboard_alone(office: Office) -> None:
    alice = office["alice"]
    data = alice.open_section("Data")
    field = data.get_by_role("combobox", name="Search datasets")
    field.press_sequentially("weld")
    listed = data.get_by_role("listbox", name="Datasets").get_by_role("option")
    expect(listed).to_have_text([re.compile("weld_guns$"), re.compile("weld_plan$")])
    field.press("ArrowDown")
    expect(listed.first).to_have_attribute("aria-selected", "true")
    expect(field).to_be_focused()
    alice.picture("access-8-a-name-while-it-is-typed")
    field.press("Escape")
    expect(listed).to_have_count(0)
    field.press_sequentially("_g")
    expect(listed).to_have_count(1)
    field.press("ArrowDown")
    field.press("Enter")
    expect(data.get_by_role("heading", name="Welding gun sensors")).to_be_visible()


@pytest.mark.parametrize("office", [["carol"]], indirect=True)
def test_a_hidden_dataset_is_for_its_owner_and_oversight_for_owners_and_admins(office: Office) -> None:
    alice, bob, carol = office["alice"], office["bob"], office["carol"]
    for person in (alice, bob):
        person.open_section("Data").get_by_role("combobox", name="Search datasets").fill("merger")
    expect(bob.section("Data").get_by_role("button", name="Merger plan")).to_be_visible()
    expect(alice.section("Data").get_by_text("Nothing found")).to_be_visible()
    expect(alice.section("Data").get_by_role("button", name="Merger plan")).to_have_count(0)
    grants = open_oversight(bob)
    expect(grants.get_by_text("It is being set up in Lake Formation…")).to_be_visible()
    expect(grants.get_by_text("1 not taken away")).to_be_visible()
    expect(grants.get_by_text(NASTY)).to_be_visible()
    bob.picture("access-9-the-owner-oversees")
    grants.get_by_role("button", name="Show only these").click()
    expect(grants.get_by_text("It is being set up in Lake Formation…")).to_have_count(0)
    expect(alice.section("Data").get_by_role("tab", name="Oversight")).to_have_count(0)

    grants = open_oversight(carol)
    grants.get_by_role("tab", name="Audit trail").click()
    grants.get_by_label("Only this action").fill("dataset")
    expect(grants.get_by_text("dataset.registered").first).to_be_visible()
    grants.get_by_role("button", name="Check that nobody changed it").click()
    expect(grants.get_by_text("The grant g-lake was added without an event.")).to_be_visible()
    carol.picture("access-10-the-audit-trail-is-checked")
    for person in office.values():
        fits(person.page)
        assert "owned" not in person.page.title()


def open_oversight(person: Person) -> Locator:
    data = person.open_section("Data")
    data.get_by_role("tab", name="Oversight").click()
    return data


def open_form(person: Person, words: str, title: str) -> Locator:
    data = person.open_section("Data")
    data.get_by_role("combobox", name="Search datasets").fill(words)
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
