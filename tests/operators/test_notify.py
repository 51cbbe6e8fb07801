"""People are told how runs end: by a webhook, by mail; with real servers of both."""

from __future__ import annotations

import email
import json
import socketserver
import threading
from collections.abc import Iterator
from email.message import Message
from typing import Any

import pytest

from studio.errors import InvalidInput
from studio.operators.notify import NotTold, notify

from .web import Web

CONTEXT = {
    "dag_id": "flights",
    "run_id": "scheduled__2013-01-01",
    "event": "failure",
    "logical_date": "2013-01-01T00:00:00+00:00",
    "reason": "task_failure",
}


def test_a_webhook_gets_the_text(web: Web) -> None:
    web.pages["/services/T/B/secret"] = (200, "text/plain", b"ok")
    notify(CONTEXT, url=f"{web.url}/services/T/B/secret")
    (asked,) = web.asked
    assert asked["method"] == "POST"
    text = json.loads(asked["body"])["text"]
    assert text.splitlines() == [
        "flights failed",
        "Run: scheduled__2013-01-01",
        "Date: 2013-01-01T00:00:00+00:00",
        "Reason: task_failure",
    ]


def test_what_a_webhook_refuses_is_an_error_that_tells_no_secret(web: Web) -> None:
    for path in ("/none/of/secret", "/to//elsewhere/secret"):
        with pytest.raises(NotTold) as told:
            notify(CONTEXT, url=f"{web.url}{path}")
        assert "secret" not in str(told.value)
    assert len(web.asked) == 2  # a redirect is not followed
    with pytest.raises(NotTold, match="could not be told"):
        notify(CONTEXT, url="http://127.0.0.1:1/secret")


@pytest.mark.parametrize(
    "url", ["", "postgresql://host/db", "https:///x", "http://[", "mailto:me@example.org"]
)
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(InvalidInput, match="no address of a webhook"):
        notify(CONTEXT, url=url)


class Mail(socketserver.StreamRequestHandler):
    """As much of SMTP as a client needs."""

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline().decode().strip():
            word = line.split()[0].upper()
            if word == "EHLO":
                self._say("250-here")
                self._say("250 AUTH PLAIN LOGIN")
            elif word == "AUTH":
                self.server.said.append(line)  # type: ignore[attr-defined]
                self._say("235 fine")
            elif word == "DATA":
                self._say("354 go on")
                lines = []
                while (piece := self.rfile.readline()) not in (b".\r\n", b""):
                    lines.append(piece)
                self.server.mails.append(email.message_from_bytes(b"".join(lines)))  # type: ignore[attr-defined]
                self._say("250 taken")
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self.server.said.append(line)  # type: ignore[attr-defined]
                self._say("550 no" if "nobody@" in line else "250 fine")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class MailServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Mail)
        self.mails: list[Message] = []
        self.said: list[str] = []


@pytest.fixture
def mail() -> Iterator[MailServer]:
    with MailServer() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_a_mail_is_sent_with_the_login_of_the_connection(mail: MailServer) -> None:
    port = mail.server_address[1]
    context: dict[str, Any] = {**CONTEXT, "task_id": "report", "event": "success", "reason": ""}
    url = f"smtp://robot%40example.org:s3cret@127.0.0.1:{port}"
    notify(context, url=url, to=["a@example.org", "b@example.org"])
    (sent,) = mail.mails
    assert (sent["Subject"], sent["From"], sent["To"]) == (
        "flights, task report succeeded",
        "robot@example.org",
        "a@example.org, b@example.org",
    )
    assert "Run: scheduled__2013-01-01" in str(sent.get_payload())
    assert any(line.startswith("AUTH") for line in mail.said)


def test_a_mail_that_is_not_taken_and_one_to_nobody(mail: MailServer) -> None:
    port = mail.server_address[1]
    with pytest.raises(NotTold, match="did not take the mail"):
        notify(CONTEXT, url=f"smtp://127.0.0.1:{port}", to=["nobody@example.org"])
    with pytest.raises(InvalidInput, match="needs the addresses"):
        notify(CONTEXT, url=f"smtp://127.0.0.1:{port}")
    with pytest.raises(NotTold, match="did not take the mail"):
        notify(CONTEXT, url="smtp://127.0.0.1:1", to=["a@example.org"])
