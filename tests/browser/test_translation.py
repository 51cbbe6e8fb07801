"""JupyterLab in another language: every word of the views comes from the language pack.

The pack is made of the sources' own messages, each between brackets: what stands on the page without brackets was
never handed to the translator.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from studio import DAG, shell
from studio.client import Client, connect
from tests.browser.conftest import TOKEN, Lab, command, picture, running_lab

pytestmark = pytest.mark.browser

LOCALE = "de_DE"
PACK = f"jupyterlab_language_pack_{LOCALE}"  # the server looks for settings in a module of this name
DAG_ID = "spoken"
#: What comes from the DAG and the server, and reads the same in all languages.
DATA = re.compile(
    rf"{DAG_ID}|load|report|shell|@daily|UTC|[\d:. -]*(AM|PM)?|all_success|manual|python\S*|echo .*|pipelines?"
    r"|reported|stdout|INFO|command|\d+ operator|at 00:00 every day, UTC"  # the log, and words of the server
    r"|CPU|default_pool|linux.*|\S+/\S+|pid \d+|w?[0-9a-f]{8,}|\S+@\S+|root|\d+ (ms|s|min|h|d)|scheduled__\S+|\S+__\S+"
    r"|(Mon|Di|Mi|Do|Fr|Sa|So)\.? .*|[A-Z][a-zäö]{2,8}\.? \d{4}.*|(in|vor) .*|jetzt",
    re.IGNORECASE,
)
#: Text and attributes that people read or hear, below what matches the selector, without those of outputs and code.
READ = """selector => {
    const found = new Set();
    for (const root of document.querySelectorAll(selector)) {
        for (const element of [root, ...root.querySelectorAll('*')]) {
            if (element.closest('.jp-OutputArea, pre, code, time, [data-day]') || !element.checkVisibility()) {
                continue;
            }
            for (const name of ['title', 'aria-label', 'placeholder']) {
                found.add(element.getAttribute(name) ?? '');
            }
            for (const node of element.childNodes) {
                if (node.nodeType === Node.TEXT_NODE) {
                    found.add(node.data.trim());
                }
            }
        }
    }
    return [...found];
}"""


def messages(sources: Path) -> dict[str, list[str]]:
    """Message → its translations, one for each plural form."""
    text = r"'((?:[^'\\]|\\.)*)'"
    pattern = re.compile(rf"trans\.(__|_n)\(\s*{text}(?:,\s*{text})?")
    found: dict[str, list[str]] = {}
    for path in sources.rglob("*.ts*"):
        for kind, one, many in pattern.findall(path.read_text(encoding="utf-8")):
            forms = [re.sub(r"\\(.)", r"\1", form) for form in ((one, many) if kind == "_n" else (one,))]
            found[forms[0]] = [f"⟦{form}⟧" for form in forms]
    return found


def setting_titles(schemas: Path) -> dict[str, str]:
    """Plugin → the title of its settings."""
    return {
        f"pipeline-studio:{path.stem}": json.loads(path.read_text(encoding="utf-8"))["title"]
        for path in schemas.glob("*.json")
    }


def catalogue_of(titles: Iterable[str]) -> bytes:
    """What `msgfmt` makes of titles of settings; gettext wants the messages sorted."""
    words = {"": "Content-Type: text/plain; charset=UTF-8\n"}
    words |= {f"schema\x04{title}": f"⟦{title}⟧" for title in titles}
    pairs = sorted((message.encode(), said.encode()) for message, said in words.items())
    count, tables, offset, data = len(pairs), b"", 28 + 16 * len(pairs), b""
    for column in zip(*pairs, strict=True):
        for text in column:
            tables += struct.pack("<II", len(text), offset + len(data))
            data += text + b"\0"
    return struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, 0) + tables + data


def write_pack(folder: Path, found: dict[str, list[str]], titles: Iterable[str]) -> None:
    """As the packages `jupyterlab-language-pack-…` are, in a folder for PYTHONPATH."""
    catalogue = folder / PACK / "locale" / LOCALE / "LC_MESSAGES" / "pipeline_studio.json"
    catalogue.parent.mkdir(parents=True)
    (folder / PACK / "__init__.py").touch()
    head = {
        "domain": "pipeline_studio",
        "language": LOCALE.replace("_", "-"),
        "plural_forms": "nplurals=2; plural=(n != 1);",
        "version": "1",
    }
    catalogue.write_text(json.dumps({"": head, **found}), encoding="utf-8")
    catalogue.with_suffix(".mo").write_bytes(catalogue_of(titles))
    info = folder / f"{PACK}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {PACK}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[jupyterlab.languagepack]\n{LOCALE} = {PACK}\n")


@pytest.fixture
def spoken(
    browser: Browser, tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Page, Client]]:
    found = messages(repository / "labextension" / "src")
    assert len(found) > 500
    titles = setting_titles(repository / "labextension" / "schema")
    write_pack(tmp_path / "packs", found, titles.values())
    base = tmp_path / "lab"
    base.mkdir()
    with running_lab(base, repository, PYTHONPATH=str(tmp_path / "packs")) as lab:
        chosen = base / "settings" / "@jupyterlab" / "translation-extension"
        chosen.mkdir(parents=True)
        (chosen / "plugin.jupyterlab-settings").write_text(json.dumps({"locale": LOCALE}))
        monkeypatch.setenv("STUDIO_HOME", str(lab.home))
        monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(lab.home.parent / "runtime"))
        with connect() as client:
            page = browser.new_context(viewport={"width": 1500, "height": 1000}).new_page()
            page.set_default_timeout(30_000)
            open_page(page, lab)
            yield page, client
            page.context.close()


def open_page(page: Page, lab: Lab) -> None:
    page.goto(f"{lab.url}/lab?token={TOKEN}&reset")
    page.wait_for_function("window.jupyterapp?.commands.hasCommand('pipeline-studio:open-dag')")
    page.locator("#jupyterlab-splash").wait_for(state="detached")


def untranslated(page: Page, selector: str) -> list[str]:
    words: list[str] = page.evaluate(READ, selector)
    assert any("⟦" in text for text in words), f"nothing of {selector} is translated"
    return [
        text
        for text in words
        if re.search("[A-Za-z]{3,}", text) and "⟦" not in text and DATA.fullmatch(text) is None
    ]


def test_every_word_of_the_views_is_translated(spoken: tuple[Page, Client]) -> None:
    page, client = spoken
    with DAG(
        DAG_ID, schedule="@daily", start_date="2013-01-01", end_date="2013-01-10", catchup="skip"
    ) as dag:
        shell("echo loaded", task_id="load") >> shell("echo reported", task_id="report")
    client.publish_dag(dag.snapshot().spec)
    run_id = client.trigger_run(DAG_ID).run.run_id
    client.wait_for_run(DAG_ID, run_id, timeout=120)
    command(page, "pipeline-studio:show-pipelines")
    page.locator(".jp-Studio-sidebar [data-dag]").wait_for()
    left = {"sidebar": untranslated(page, ".jp-Studio-sidebar")}
    command(page, "pipeline-studio:open-dag", dagId=DAG_ID, taskId="report")
    panel = ".jp-MainAreaWidget .jp-Studio-page"
    for tab in ("graph", "grid", "gantt", "calendar", "runs", "backfills", "code", "details"):
        command(page, "pipeline-studio:open-dag", dagId=DAG_ID, tab=tab)
        # The last view may fetch; what it says meanwhile is translated, too.
        page.wait_for_timeout(1500)
        left[tab] = untranslated(page, panel)
    picture(page, "translated")
    for tab in ("output", "log", "params", "values", "resources", "tries", "why", "compare"):
        command(page, "pipeline-studio:open-dag", dagId=DAG_ID, tab="graph", taskId="report", taskTab=tab)
        page.wait_for_timeout(1000)
        left[f"task {tab}"] = untranslated(page, f"{panel} .jp-Studio-card")
    assert {view: words for view, words in left.items() if words} == {}
    expect(page.locator(".jp-Studio-statusItem")).to_have_attribute("title", re.compile("⟦.*⟧"))


def test_settings_are_translated(spoken: tuple[Page, Client], repository: Path) -> None:
    page, _client = spoken
    titles = setting_titles(repository / "labextension" / "schema")
    said: dict[str, str] = page.evaluate(
        """async ids => {
            const settings = window.jupyterapp.serviceManager.settings;
            const title = async id => [id, (await settings.fetch(id)).schema.title];
            return Object.fromEntries(await Promise.all(ids.map(title)));
        }""",
        sorted(titles),
    )
    assert said == {plugin: f"⟦{title}⟧" for plugin, title in titles.items()}
