"""What can go wrong with a request over HTTP, in words."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from studio.core.names import shown
from studio.errors import InvalidInput, StudioError
from studio.operators.http_address import public

_DOWN: Final = "Is the server running, and are host and port right?"


class RequestFailed(StudioError):
    """There was no answer that could be used."""

    code = "request_failed"


class RequestTimedOut(RequestFailed):
    """The server took too long to answer."""

    code = "request_timed_out"


class BadStatus(RequestFailed):
    """The server answered with a status that is not expected."""

    code = "bad_status"

    def __init__(
        self, message: str | None = None, *, hint: str | None = None, status: int | None = None
    ) -> None:
        self.status = status
        super().__init__(message, hint=hint)


@contextmanager
def explained(url: str) -> Iterator[None]:
    """What the library raises, in words."""
    import httpx  # noqa: PLC0415 - heavy

    where = public(url)
    try:
        yield
    except httpx.TimeoutException as error:
        kind = (
            "could not be reached" if isinstance(error, httpx.ConnectTimeout) else "did not go on answering"
        )
        raise RequestTimedOut(f"{where} {kind} in time (`request_timeout`).") from error
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise RequestFailed(*_reason(where, error)) from error
    except (httpx.InvalidURL, UnicodeError) as error:
        raise InvalidInput(f"The URL {shown(where, 300)} is none: {error}.", field="url") from error


def _reason(where: str, error: BaseException) -> tuple[str]:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return (f"The host of {where} is not known: {cause.strerror or cause}. Is its name right?",)
        if isinstance(cause, ssl.SSLError):
            told = getattr(cause, "verify_message", "") or cause.reason or cause
            return (
                f"{where}: no secure connection: {told}. A certificate of your own stands in the connection's extra: "
                '{"verify": "ca.pem"}.',
            )
        if isinstance(cause, ConnectionRefusedError):
            return (f"{where} refuses connections. {_DOWN}",)
        cause = cause.__cause__ or cause.__context__
    return (f"{where}: {type(error).__name__}: {str(error) or 'the connection broke'}.",)
