"""A callback that tells people how a run or a task ended: a webhook, or an e-mail.

    DAG("flights", on_failure=Callback(notify, {"url": "{{ conn.alerts.url }}"}))

The address is that of a connection, so that nobody sees what is secret in it: `https://…` gets a POST of
`{"text": …}`, as Slack, Mattermost, Teams and others take it; `smtp://login:password@host:587` or `smtps://…` sends a
plain-text mail.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from typing import Any, Final
from urllib.parse import SplitResult, unquote, urlsplit

from studio.core.names import shown
from studio.errors import InvalidInput, StudioError

TIMEOUT: Final = 30.0  # seconds
_WORDS: Final = {
    "success": "succeeded",
    "failure": "failed",
    "retry": "will be tried again",
    "skipped": "was skipped",
    "deadline": "is late",
}


class NotTold(StudioError):
    """The message could not be handed over. It names the host, nothing else of the address."""

    code = "not_told"


def notify(context: Mapping[str, Any], *, url: str, to: Sequence[str] = (), sender: str = "") -> None:
    """Say what the callback is about.

    Args:
        context: of the callback.
        url: `http`, `https`, `smtp` or `smtps`; a template that names a connection.
        to: addresses, for mail.
        sender: of the mail; by default the login of the connection.

    Raises:
        InvalidInput: for an address that is none.
        NotTold: it was refused, or nobody answered.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, parts = "", None, urlsplit("")
    if not host or parts.scheme not in ("http", "https", "smtp", "smtps"):
        raise InvalidInput(
            "The connection for notifications has no address of a webhook or a mail server.",
            hint="Its URL begins with https://, http://, smtp:// or smtps://.",
            field="url",
        )
    subject, text = _message(context)
    if parts.scheme in ("http", "https"):
        _post(url, host, f"{subject}\n{text}")
    else:
        _mail(parts, host, port, list(to), sender, subject, text)


def _message(context: Mapping[str, Any]) -> tuple[str, str]:
    """A line for the subject, and what is known beside."""
    event = str(context.get("event", ""))
    what = f"{context.get('dag_id')}"
    if context.get("task_id"):
        what += f", task {context['task_id']}"
    lines = [f"Run: {context.get('run_id')}"]
    for title, name in (("Date", "logical_date"), ("Reason", "reason"), ("Error", "exception")):
        if context.get(name):
            lines.append(f"{title}: {context[name]}")
    return f"{what} {_WORDS.get(event, event)}", "\n".join(lines)


def _post(url: str, host: str, text: str) -> None:
    import httpx  # noqa: PLC0415 - most workers tell nobody anything

    try:
        # A redirect would hand the message, and what is secret in the address, to somebody else.
        answer = httpx.post(url, json={"text": text}, timeout=TIMEOUT, follow_redirects=False)
    except httpx.HTTPError as error:
        raise NotTold(f"{shown(host)} could not be told: {type(error).__name__}.") from None
    if not answer.is_success:
        raise NotTold(f"{shown(host)} answered {answer.status_code} {answer.reason_phrase}.")


def _mail(
    parts: SplitResult, host: str, port: int | None, to: list[str], sender: str, subject: str, text: str
) -> None:
    import smtplib  # noqa: PLC0415
    import ssl  # noqa: PLC0415

    if not to:
        raise InvalidInput("A mail needs the addresses that it goes to.", hint="Give `to`.", field="to")
    login, password = unquote(parts.username or ""), unquote(parts.password or "")
    message = EmailMessage()
    message["Subject"] = subject
    message["From"] = sender or (login if "@" in login else f"pipeline-studio@{host}")
    message["To"] = ", ".join(to)
    message.set_content(text)
    context = ssl.create_default_context()
    try:
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(host, port or 465, timeout=TIMEOUT, context=context)
        else:
            server = smtplib.SMTP(host, port or 25, timeout=TIMEOUT)
        with server:
            server.ehlo()
            if parts.scheme == "smtp" and server.has_extn("starttls"):
                server.starttls(context=context)
            if login and password:
                server.login(login, password)
            server.send_message(message)
    except (smtplib.SMTPException, OSError) as error:
        raise NotTold(f"{shown(host)} did not take the mail: {type(error).__name__}.") from None
