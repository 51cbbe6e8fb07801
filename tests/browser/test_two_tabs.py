"""Two people, or one with two tabs: what one does the other sees, and nothing is lost without a word."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from studio.client import Client

pytestmark = pytest.mark.browser


@pytest.fixture
def other(browser: Browser, client: Client) -> Iterator[Page]:
    """The dashboard, beside JupyterLab."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000})
    page = context.new_page()
    page.goto(client.new_login())
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="Overview")).to_be_visible()
    yield page
    context.close()


def test_a_variable_that_somebody_else_has_changed_is_not_overwritten_without_a_word(
    other: Page, client: Client
) -> None:
    client.set_variable("limit", 1)
    other.goto(f"{client.url}/#/variables")
    row = other.locator("tbody tr", has_text="limit")
    row.get_by_role("button", name="Change limit…").click()
    other.get_by_label("Value").fill("2")
    client.set_variable("limit", 3)
    other.get_by_role("button", name="Save").click()
    expect(other.get_by_role("alert")).to_contain_text("changed it meanwhile")
    expect(row).to_contain_text("3")
    expect(other.get_by_label("Value")).to_have_value("2")  # nothing typed is lost
    assert client.get_variable("limit").value == 3
    other.get_by_role("button", name="Save").click()
    expect(row).to_contain_text("2")
    assert client.get_variable("limit").value == 2

    other.get_by_role("button", name="New").click()
    other.get_by_label("Name").fill("limit")
    other.get_by_label("Value").fill("4")
    other.get_by_role("button", name="Save").click()
    expect(other.get_by_role("alert")).to_contain_text("one of this name already")
    assert client.get_variable("limit").value == 2
    client.delete_variable("limit")
