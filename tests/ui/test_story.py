"""The one story in two browsers: what alice and bob click, and what they then see."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.ui.lab import Person

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_alice_gets_data_and_a_model_version_and_bob_decides_on_both(people: dict[str, Page]) -> None:
    alice, bob = (Person(name, people[name]) for name in ("alice", "bob"))
    alice.open_panel()
    bob.open_panel()

    ask_for_the_data(alice)
    approve_with_one_column_less(bob)
    use_the_data(alice)
    hand_off(alice)
    approve_the_model(bob)
    find_the_approved_model(alice)
    see_what_becomes_of_the_workspace(alice)


def ask_for_the_data(alice: Person) -> None:
    data = alice.open_section("Data")
    data.get_by_role("combobox", name="Search datasets").fill("weld")
    expect(data.get_by_role("status").filter(has_text="2 datasets")).to_be_visible()
    data.get_by_role("button", name="Welding gun sensors").click()
    expect(data.get_by_text("You have no access. bob decides.")).to_be_visible()
    alice.picture("1-alice-finds-a-dataset")
    data.get_by_role("button", name="Request access").click()
    form = data.get_by_role("form", name="Request access to Welding gun sensors")
    form.get_by_label("What for?").select_option(label="Train or evaluate a model")
    form.get_by_label("In your own words").fill("Find faulty welds before the body leaves the shop")
    form.get_by_label("For how many days?").fill("30")
    alice.picture("2-alice-asks")
    form.get_by_role("button", name="Send request").click()
    expect(data.get_by_text("Your request waits for bob.")).to_be_visible()


def approve_with_one_column_less(bob: Person) -> None:
    bob.told("alice asks for Welding gun sensors").get_by_role("button", name="Decide").click()
    data = bob.open_section("Data")
    expect(data.get_by_text("Find faulty welds before the body leaves the shop")).to_be_visible()
    data.get_by_role("checkbox", name="operator_id").uncheck()
    data.get_by_label("Comment (optional)").fill("You do not need to know who was at work")
    bob.picture("3-bob-decides")
    data.get_by_role("button", name="Approve narrowed").click()
    expect(data.get_by_text("Nothing waits for you")).to_be_visible()


def use_the_data(alice: Person) -> None:
    expect(alice.told("Welding gun sensors")).to_be_visible()
    data = alice.section("Data")
    expect(data.get_by_text("You may use 11 columns.")).to_be_visible()
    data.get_by_role("button", name="Insert code").click()
    alice.page.keyboard.press("Shift+Enter")
    expect(alice.page.get_by_text("14,400 rows").first).to_be_visible()
    alice.picture("4-alice-has-the-data")
    alice.run_all_cells()
    expect(alice.page.get_by_text("'auc': 0.8")).to_be_visible()


def hand_off(alice: Person) -> None:
    alice.page.get_by_role("button", name="Hand off", exact=True).click()
    alice.page.get_by_role("button", name="Save and go on").click()
    dialog = alice.page.get_by_role("dialog")
    expect(dialog.get_by_text("a model version to be approved by another person")).to_be_visible()
    expect(dialog.get_by_text("dataset:weld_guns")).to_be_visible()
    expect(dialog.get_by_text("an estimate from the policy's prices")).to_be_visible()
    alice.picture("5-alice-sees-what-is-sent")
    dialog.get_by_role("button", name="Start").click()
    expect(dialog).to_be_hidden()
    section = alice.open_section("Hand-off")
    alice.picture("6-alice-watches-the-run")
    expect(alice.told("The hand-off of weld-faults succeeded")).to_be_visible(timeout=120_000)
    expect(section.get_by_role("button", name=re.compile("weld-faults.*succeeded"))).to_be_visible()
    expect(section.get_by_text("auc", exact=True)).to_be_visible()
    alice.picture("7-alice-has-a-model-version")


def approve_the_model(bob: Person) -> None:
    section = bob.open_section("Hand-off")
    section.get_by_role("tab", name=re.compile("Models")).click()
    expect(section.get_by_text("weld-faults version 1")).to_be_visible()
    section.get_by_text("Lineage").click()
    expect(section.get_by_text(re.compile("dataset:weld_guns"))).to_be_visible()
    section.get_by_label("Reason").fill("The metrics hold on later welds")
    bob.picture("8-bob-decides-on-the-model")
    section.get_by_role("button", name="Approve").click()
    expect(section.get_by_text("approved", exact=True)).to_be_visible()


def find_the_approved_model(alice: Person) -> None:
    expect(alice.told("bob approved model version weld-faults-1")).to_be_visible()
    section = alice.section("Hand-off")
    section.get_by_role("tab", name=re.compile("Models")).click()
    expect(section.get_by_text("approved", exact=True)).to_be_visible()
    expect(section.get_by_role("button", name="Approve")).to_have_count(0)


def see_what_becomes_of_the_workspace(alice: Person) -> None:
    section = alice.open_section("Idle")
    verdict = section.get_by_role("status").first
    expect(verdict).to_contain_text("somebody used the keyboard or the mouse")
    alice.picture("9-alice-goes-home")
    section.get_by_role("button", name="Keep the workspace for 1 hour").click()
    expect(section.get_by_role("button", name="Release")).to_be_visible()
