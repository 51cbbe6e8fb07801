"""The studio server through a kernel: what passes, what does not, and what happens when the server goes."""

from __future__ import annotations

import json
import os
import queue
import signal
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from studio import DAG, empty
from studio.api.routes import STREAM_PATH
from studio.client import connect
from studio.client.endpoint import read_endpoint
from studio.settings import Settings
from studio.widgets import relay as module
from studio.widgets.relay import MAX_SOCKETS, Relay

PATIENCE = 60.0  # seconds


class Page:
    """The other end of the comm."""

    def __init__(self, locate: Callable[[], Any]) -> None:
        self.heard: queue.Queue[tuple[dict[str, Any], list[bytes]]] = queue.Queue()
        self.relay = Relay(lambda message, buffers: self.heard.put((message, buffers)), locate)

    def ask(self, body: bytes | None = None, **message: Any) -> tuple[dict[str, Any], bytes]:
        self.relay.handle({"id": 7, **message}, [] if body is None else [memoryview(body)])
        answer, buffers = self.heard.get(timeout=PATIENCE)
        assert answer.pop("id") == 7
        return answer, buffers[0] if buffers else b""

    def get(self, path: str, method: str = "GET") -> tuple[dict[str, Any], bytes]:
        return self.ask(do="request", method=method, path=path, type=None)

    def next_text(self) -> list[dict[str, Any]]:
        """The messages of the stream that come next."""
        answer, _ = self.heard.get(timeout=PATIENCE)
        found = json.loads(answer["text"])
        return found if isinstance(found, list) else [found]


@pytest.fixture
def page(settings: Settings) -> Iterator[Page]:
    made = Page(lambda: read_endpoint(settings))
    yield made
    made.relay.close()


def a_dag() -> DAG:
    with DAG("relayed") as dag:
        empty("a")
    return dag


def test_requests_pass_with_their_bodies_and_answers(page: Page, settings: Settings) -> None:
    with connect() as client:
        snapshot = a_dag().snapshot()
        client.publish_dag(snapshot.spec, snapshot.sources.values())
    answer, content = page.get("/api/dags/relayed")
    assert (answer, json.loads(content)["dag"]["dag_id"]) == (
        {"status": 200, "type": "application/json; charset=utf-8"},
        "relayed",
    )
    body = json.dumps({"logical_date": "2013-01-01"}).encode()
    answer, content = page.ask(
        body, do="request", method="POST", path="/api/dags/relayed/runs", type="application/json"
    )
    assert (answer["status"], json.loads(content)["run"]["logical_date"]) == (201, "2013-01-01T00:00:00Z")
    answer, content = page.get("/api/dags/nobody")
    assert (answer["status"], json.loads(content)["error"]["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/api/../server"),
        ("GET", "http://elsewhere.example/api/dags"),
        ("GET", "//elsewhere.example/api/dags"),
        ("DELETE", "/api/dags"),
        ("POST", "/api/server/stop"),
        ("POST", "/api/stop"),
    ],
)
def test_only_routes_of_the_api_pass(method: str, path: str) -> None:
    def nobody() -> None:
        raise AssertionError("the server was looked for")

    answer, _ = Page(nobody).get(path, method)
    assert answer == {"error": f"The studio has no {method} {path}.", "hint": None}


def test_without_a_server_the_page_is_told_how_to_start_one() -> None:
    answer, _ = Page(lambda: None).get("/api/dags")
    assert answer == {"error": "No studio server runs.", "hint": "`studio.connect()` in a cell starts it."}


def test_a_page_can_ask_whether_anybody_is_there() -> None:
    assert Page(lambda: None).ask(do="ping") == ({}, b"")


def test_the_stream_is_handed_on_until_it_is_closed(page: Page, settings: Settings) -> None:
    with connect() as client:
        page.relay.handle({"do": "open", "id": 3, "path": STREAM_PATH})
        assert [each["type"] for each in page.next_text()] == ["hello"]
        for count in range(20):  # what is said last is what counts
            wanted = {"type": "subscribe", "dags": count == 19, "dag_ids": [], "outputs": [], "logs": []}
            page.relay.handle({"do": "send", "id": 3, "text": json.dumps(wanted)})
        heard: list[str] = []
        while len(heard) < 20:
            heard += [each["type"] for each in page.next_text()]
        assert heard == ["hello"] * 20
        snapshot = a_dag().snapshot()
        client.publish_dag(snapshot.spec, snapshot.sources.values())
        assert "dag" in {each["type"] for each in page.next_text()}
        page.relay.handle({"do": "close", "id": 3})
        answer, _ = page.get("/api/dags")  # nothing of the socket comes any more
        assert answer["status"] == 200


def test_a_stream_that_ends_or_cannot_be_opened_is_closed(page: Page, settings: Settings) -> None:
    page.relay.handle({"do": "open", "id": 1, "path": STREAM_PATH})  # there is no server
    assert page.heard.get(timeout=PATIENCE)[0] == {"id": 1, "closed": True}
    with connect():
        page.relay.handle({"do": "open", "id": 2, "path": "/api/dags"})
        assert page.heard.get(timeout=PATIENCE)[0] == {"id": 2, "closed": True}
        page.relay.handle({"do": "open", "id": 3, "path": STREAM_PATH})
        page.next_text()
        endpoint = read_endpoint(settings)
        assert endpoint is not None
        os.kill(endpoint.pid, signal.SIGKILL)
        assert page.heard.get(timeout=PATIENCE)[0] == {"id": 3, "closed": True}


def test_a_page_that_is_reloaded_again_and_again_leaves_no_more_than_a_few_streams(
    page: Page, settings: Settings
) -> None:
    with connect():
        for number in range(MAX_SOCKETS + 1):
            page.relay.handle({"do": "open", "id": number, "path": STREAM_PATH})
        greeted, closed = set[int](), set[int]()
        while not closed or not greeted >= set(range(1, MAX_SOCKETS + 1)):
            message = page.heard.get(timeout=PATIENCE)[0]
            (closed if message.get("closed") else greeted).add(message["id"])
        assert closed == {0}


def test_after_a_restart_the_server_is_found_again(page: Page, settings: Settings) -> None:
    with connect():
        assert page.get("/api/dags")[0]["status"] == 200
        former = read_endpoint(settings)
        assert former is not None
        os.kill(former.pid, signal.SIGKILL)
    with connect():
        assert page.get("/api/dags")[0]["status"] == 200
        now = read_endpoint(settings)
        assert now is not None and now.pid != former.pid


def test_the_files_of_the_front_end_and_no_others(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ASSETS", tmp_path)
    (tmp_path / "live.css").write_text("p {}")
    (tmp_path / "secret.txt").write_text("x")
    page = Page(lambda: None)
    assert page.ask(do="asset", name="live.css") == ({"status": 200, "type": "text/css"}, b"p {}")
    assert page.ask(do="asset", name="../secret.txt")[0]["error"] == "There is no file '../secret.txt'."
    assert page.ask(do="asset", name="live.js")[0]["error"].startswith("This installation has no front end")


@pytest.mark.parametrize("message", [None, 1, {}, {"do": "request"}, {"do": "send", "id": 9, "text": "x"}])
def test_what_makes_no_sense_is_left_alone(message: object) -> None:
    page = Page(lambda: None)
    page.relay.handle(message)
    page.relay.close()
    assert page.heard.empty()
