"""`studio.connection` and `studio.variable`: what the attempt that runs here was given, by its runner or by a pipe."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final

import msgspec

from studio.attempt_scope import AttemptScope
from studio.core.names import nearest, shown
from studio.errors import InvalidInput, NotFound
from studio.secrets.connection import Connection
from studio.secrets.delivery import Delivered
from studio.secrets.masking import NOTHING, Masker

#: In processes that an attempt starts: the path of the runner's anonymous file. It holds no secret itself.
SECRETS_FILE: Final = "STUDIO_SECRETS_FILE"

_of_attempt: AttemptScope[tuple[Delivered, Masker]] = AttemptScope("studio_secrets")


def connection(name: str) -> Connection:
    """A connection that the task declares: `connections=["warehouse"]`. Raises `NotFound`."""
    known = _delivered("connection").connections
    if name not in known:
        raise _undeclared("connection", name, known)
    return msgspec.convert(known[name], Connection)


def variable(name: str) -> Any:
    """The value of a variable that the task declares: `variables=["region"]`. Raises `NotFound`."""
    known = _delivered("variable").variables
    if name not in known:
        raise _undeclared("variable", name, known)
    return known[name]


@contextmanager
def delivered_here(delivered: Delivered) -> Iterator[dict[str, str]]:
    """While an attempt runs in this process. Gives the environment with which its child processes find the same."""
    with _of_attempt.entered((delivered, Masker(delivered.hidden) if delivered.hidden else NOTHING)):
        if not (delivered.connections or delivered.variables):
            yield {}
            return
        handle = os.memfd_create("studio-secrets", os.MFD_CLOEXEC)
        try:
            content = memoryview(msgspec.json.encode(delivered))
            while content:
                content = content[os.write(handle, content) :]
            yield {SECRETS_FILE: f"/proc/{os.getpid()}/fd/{handle}"}
        finally:
            os.close(handle)


def current_masker() -> Masker:
    """Of the attempt that runs here."""
    current = _of_attempt.get()
    return NOTHING if current is None else current[1]


def _delivered(what: str) -> Delivered:
    current = _of_attempt.get()
    if current is not None:
        return current[0]
    path = os.environ.get(SECRETS_FILE)
    if path:
        return _read(path)
    if os.environ.get("STUDIO_ATTEMPT"):
        return Delivered()
    raise InvalidInput(
        f"studio.{what}() works while a task runs, and no task runs here.",
        hint=f"Call it in a function, an operator or a notebook whose task declares it: {what}s=[…].",
    )


@cache
def _read(path: str) -> Delivered:
    try:
        with open(path, "rb") as file:
            return msgspec.convert(json.load(file), Delivered)
    except OSError as error:
        raise InvalidInput(
            f"What the task was given cannot be read any more: {error.strerror}.",
            hint="A process that outlives its task has none of its connections.",
        ) from error


def _undeclared(what: str, name: str, known: Mapping[str, Any]) -> NotFound:
    return NotFound(
        f"The {what} {shown(name)} was not given to this task.",
        hint=nearest(name, known) or f"Declare it where the task is defined: {what}s=[{name!r}].",
    )
