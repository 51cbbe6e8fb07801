"""What the scripts of a page reach in a real browser, under the headers that the server gives it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from studio.exports.page import html_of
from studio.server.answers import FileAnswer

from .conftest import display, notebook

ATTACK = """<b id="own">drawn</b><script>
const found = {};
const attempt = (name, reach) => { try { found[name] = String(reach()); } catch (error) { found[name] = error.name; } };
attempt('cookies', () => document.cookie);
attempt('storage', () => localStorage.length);
attempt('parent', () => parent.document.title);
attempt('dialog', () => confirm('password?'));
fetch('/stolen').catch(() => undefined);
new Image().src = '/pixel';
document.body.dataset.found = JSON.stringify(found);
</script><a id="link" href="javascript:document.body.dataset.link = document.cookie">here</a><meta
http-equiv="refresh" content="0;url=javascript:fetch('/refreshed')">"""


@contextmanager
def _site(page: FileAnswer, asked: list[str]) -> Iterator[str]:
    """`/` has a session and shows the export in a frame."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            headers = {"Content-Type": "text/html", "Set-Cookie": "session=secret"}
            self.send_response(200)
            for name, value in (page.headers if self.path == "/export" else headers).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page.content if self.path == "/export" else b"<iframe src=/export></iframe>")

        def log_message(self, *args: Any) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.browser
def test_scripts_of_a_page_reach_nothing(chromium: str) -> None:
    text = html_of(notebook(display(text_html=ATTACK)), title="", images="", for_printing=False)
    asked: list[str] = []
    page = FileAnswer(text.encode(), "text/html; charset=utf-8", "a.html", is_page=True)
    flags = ["--no-sandbox"] if os.getuid() == 0 else []
    with _site(page, asked) as url, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=flags)
        tab = browser.new_page()
        dialogs: list[str] = []
        tab.on("dialog", lambda dialog: dialogs.append(dialog.message))
        tab.goto(f"{url}/")
        frame = tab.frames[1]
        frame.wait_for_selector("#own")
        frame.click("#link")
        found = json.loads(str(frame.evaluate("document.body.dataset.found")))
        link = frame.evaluate("document.body.dataset.link")
        tab.wait_for_timeout(500)  # ms, for what it might ask for
        browser.close()
    assert found == dict.fromkeys(("cookies", "storage", "parent"), "SecurityError") | {"dialog": "false"}
    assert (link, dialogs) == (None, [])
    assert set(asked) <= {"/", "/export", "/favicon.ico"}
