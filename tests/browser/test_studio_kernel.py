"""The kernel "Python 3 (Studio)" in JupyterLab: its card, a fork, plots, prompts, interrupts, restarts."""

from __future__ import annotations

import json

import nbformat
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Lab, command, picture

pytestmark = pytest.mark.browser

MAY_TAKE = 120_000  # milliseconds: a kernel that is spawned and imports matplotlib, on a busy machine
#: A fork is not the program that its fork server is: its command line is that of the server, not ipykernel's.
IS_FORK = "'ipykernel_launcher' not in open('/proc/self/cmdline').read()"


def open_notebook(page: Page, lab: Lab, name: str, *sources: str) -> None:
    """A notebook of these cells in its own tab, with a kernel that has answered."""
    notebook = nbformat.v4.new_notebook(
        metadata={
            "kernelspec": {"name": "studio", "display_name": "Python 3 (Studio)", "language": "python"}
        },
        cells=[nbformat.v4.new_code_cell(source) for source in sources],
    )
    nbformat.write(notebook, lab.root / name)
    command(page, "docmanager:open", path=name)
    page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").first.wait_for()
    kernel_answers(page)


def kernel_answers(page: Page) -> None:
    page.evaluate(
        """async () => {
            const { context, sessionContext } = window.jupyterapp.shell.currentWidget;
            await Promise.all([context.ready, sessionContext.ready]);
            await sessionContext.session.kernel.info;
        }"""
    )


def ask(page: Page, expression: str) -> object:
    """The JSON value of an expression in the current notebook's kernel."""
    text = page.evaluate(
        """async code => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            const future = kernel.requestExecute({ code });
            let text = '';
            future.onIOPub = message => { text += message.content.text ?? message.content.evalue ?? ''; };
            await future.done;
            return text;
        }""",
        f"import json; print(json.dumps({expression}))",
    )
    return json.loads(text)


def cell(page: Page, index: int) -> Locator:
    return page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-CodeCell").nth(index)


def run_all(page: Page) -> None:
    """Returns at once."""
    page.evaluate("() => { void window.jupyterapp.commands.execute('notebook:run-all-cells'); }")


def is_idle(page: Page) -> None:
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget.sessionContext.session?.kernel?.status === 'idle'",
        timeout=MAY_TAKE,
    )


def restart(page: Page) -> None:
    page.evaluate(
        "async () => { await window.jupyterapp.shell.currentWidget.sessionContext.restartKernel(); }"
    )
    kernel_answers(page)


def test_the_launcher_shows_the_kernel_with_its_logo(page: Page) -> None:
    card = page.locator(".jp-LauncherCard[title*='Studio'][data-category='Notebook']")
    expect(card).to_be_visible()
    expect(card).to_contain_text("Python 3 (Studio)")
    logo = card.locator("img")
    expect(logo).to_have_attribute("src", "/kernelspecs/studio/logo-svg.svg")
    assert logo.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")
    picture(page, "studio-kernel-launcher")


def test_a_forked_kernel_plots_asks_is_interrupted_and_restarts(page: Page, lab: Lab) -> None:
    becomes_a_fork(page, lab)
    open_notebook(
        page,
        lab,
        "plots.ipynb",
        "%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 3, 2]); plt.show()",
        "name = input('who? ')\nprint('hello', name)",
        "import time\nfor i in range(10_000):\n    print('\\r', i, end='', flush=True)\n    time.sleep(0.05)",
    )
    assert ask(page, IS_FORK) is True
    first = ask(page, "__import__('os').getpid()")

    run_all(page)
    image = cell(page, 0).locator(".jp-OutputArea img")
    expect(image).to_be_visible(timeout=MAY_TAKE)
    assert image.evaluate("image => image.complete && image.naturalWidth > 300")
    prompt = cell(page, 1).locator(".jp-Stdin-input")
    prompt.fill("Ada")
    prompt.press("Enter")
    expect(cell(page, 1).locator(".jp-OutputArea-output", has_text="hello Ada")).to_be_visible()
    output = cell(page, 2).locator(".jp-OutputArea-output").first
    expect(output).to_contain_text("3")
    picture(page, "studio-kernel-running")

    command(page, "notebook:interrupt-kernel")
    expect(cell(page, 2)).to_contain_text("KeyboardInterrupt")
    is_idle(page)
    assert ask(page, "name") == "Ada"  # interrupted, not restarted
    picture(page, "studio-kernel-interrupted")

    restart(page)
    assert ask(page, f"['name' in globals(), {IS_FORK}, __import__('os').getpid() != {first}]") == [
        False,
        True,
        True,
    ]
    run_all(page)
    expect(cell(page, 1).locator(".jp-Stdin-input")).to_be_visible()
    picture(page, "studio-kernel-restarted")


def becomes_a_fork(page: Page, lab: Lab) -> None:
    """The first kernel starts its fork server; restarted, once that is there, it is a fork."""
    open_notebook(page, lab, "first.ipynb", "1")
    for _ in range(60):
        if ask(page, IS_FORK):
            return
        page.wait_for_timeout(1000)
        restart(page)
    pytest.fail("No kernel was forked in a minute.")
