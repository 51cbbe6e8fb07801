"""Looking up the connections and variables that launches declare, right before a worker gets them.

Backends are asked first, each in a thread of its own; one that raises or hangs counts as if it had found nothing. What
is nowhere is a refusal: the attempt fails at once and says how to make what is missing.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from studio.core.model import ConnectionRow, Variable
from studio.core.names import shown
from studio.core.turn import Launch
from studio.errors import NotFound, StudioError
from studio.ports import Store
from studio.secrets.backends import SecretBackend
from studio.secrets.connection import Connection, connection_from, texts_in
from studio.secrets.delivery import Delivered
from studio.secrets.vault import Vault

log = logging.getLogger(__name__)

PATIENCE: Final = 5.0  # seconds that a backend may take for all names of a turn

Deliver = Callable[[Sequence[Launch]], Awaitable[list[Launch]]]
_Key = tuple[str, str]  # ("connection" or "variable", name)


async def nothing_delivered(launches: Sequence[Launch]) -> list[Launch]:
    """A `Deliver` where there are no secrets."""
    return list(launches)


def given(connections: Mapping[str, Any], variables: Mapping[str, Any]) -> Deliver:
    """A `Deliver` of these, by name: URLs, fields or `Connection`s, and JSON values."""

    async def deliver(launches: Sequence[Launch]) -> list[Launch]:
        found: dict[_Key, _Found | StudioError] = {}
        for name, value in connections.items():
            is_made = isinstance(value, Connection)
            found["connection", name] = _Found(value if is_made else connection_from(value), is_secret=True)
        for name, value in variables.items():
            found["variable", name] = _Found(value, is_secret=False)
        return [_complete(launch, found) for launch in launches]

    return deliver


class _Found(msgspec.Struct, frozen=True):
    value: Any  # a `Connection`, or a variable's JSON value
    is_secret: bool


class Delivery:
    """The `Deliver` of a server. Nothing is remembered from one turn to the next."""

    def __init__(self, store: Store, vault: Vault, backends: Mapping[str, SecretBackend]) -> None:
        self._store = store
        self._vault = vault
        self._backends = backends
        self._hanging: set[str] = set()  # backends with an unfinished call: not asked again until it ends

    async def __call__(self, launches: Sequence[Launch]) -> list[Launch]:
        wanted = {("connection", name) for launch in launches for name in launch.connections}
        wanted |= {("variable", name) for launch in launches for name in launch.variables}
        if not wanted:
            return list(launches)
        found: dict[_Key, _Found | StudioError] = {}
        for label, backend in self._backends.items():
            missing = sorted(wanted - found.keys())
            if missing:
                found |= await self._asked(label, backend, missing)
        missing = sorted(wanted - found.keys())
        if missing:
            rows, variables = await self._store.secrets_of(
                [name for what, name in missing if what == "connection"],
                [name for what, name in missing if what == "variable"],
            )
            found |= await asyncio.to_thread(self._opened, rows, variables)
        return [_complete(launch, found) for launch in launches]

    async def _asked(
        self, label: str, backend: SecretBackend, wanted: Sequence[_Key]
    ) -> dict[_Key, _Found | StudioError]:
        if label in self._hanging:
            return {}
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[dict[_Key, _Found | StudioError]] = loop.create_future()

        def settle(found: dict[_Key, _Found | StudioError]) -> None:
            self._hanging.discard(label)
            if not answer.done():
                answer.set_result(found)

        def ask() -> None:
            found = _looked_up(label, backend, wanted)
            try:
                loop.call_soon_threadsafe(settle, found)
            except RuntimeError:  # the server has ended
                pass

        self._hanging.add(label)
        threading.Thread(target=ask, name=f"secrets of {label}", daemon=True).start()
        try:
            return await asyncio.wait_for(answer, PATIENCE)
        except asyncio.TimeoutError:
            log.error(
                "Secrets: %s has not answered within %s s; it is passed over until it does.", label, PATIENCE
            )
            return {}

    def _opened(
        self, rows: Mapping[str, ConnectionRow], variables: Mapping[str, Variable]
    ) -> dict[_Key, _Found | StudioError]:
        found: dict[_Key, _Found | StudioError] = {}
        for name, row in rows.items():
            try:
                fields = json.loads(self._vault.open(row.data))
                found["connection", name] = _Found(msgspec.convert(fields, Connection), is_secret=True)
            except StudioError as error:
                found["connection", name] = error
        for name, variable in variables.items():
            try:
                text = self._vault.open(variable.value) if variable.secret else variable.value
                found["variable", name] = _Found(json.loads(text), is_secret=variable.secret)
            except StudioError as error:
                found["variable", name] = error
        return found


def _looked_up(
    label: str, backend: SecretBackend, wanted: Sequence[_Key]
) -> dict[_Key, _Found | StudioError]:
    """What a backend has of these. It is code of users, or asks servers of theirs: anything may go wrong."""
    found: dict[_Key, _Found | StudioError] = {}
    for what, name in wanted:
        try:
            value = backend.connection(name) if what == "connection" else backend.variable(name)
            if value is not None:
                value = connection_from(value) if what == "connection" else json.loads(json.dumps(value))
                found[what, name] = _Found(value, is_secret=True)
        except StudioError as error:
            found[what, name] = error
        except Exception as error:  # its message may hold what it knows
            log.error("Secrets: %s failed for the %s %s: %s.", label, what, shown(name), type(error).__name__)
    return found


def _complete(launch: Launch, found: Mapping[_Key, _Found | StudioError]) -> Launch:
    if launch.refusal is not None or not (launch.connections or launch.variables):
        return launch
    connections, variables, hidden = {}, {}, dict[str, None]()
    for what, names in (("connection", launch.connections), ("variable", launch.variables)):
        for name in names:
            each = found.get((what, name))
            if isinstance(each, StudioError):
                return replace(launch, refusal=each)
            if each is None:
                if what == "variable" and name in launch.optional:
                    continue
                return replace(launch, refusal=_missing(what, name))
            if isinstance(each.value, Connection):
                connections[name] = msgspec.to_builtins(each.value)
                hidden.update(dict.fromkeys(each.value.secrets))
            else:
                variables[name] = each.value
                if each.is_secret:
                    hidden.update(dict.fromkeys(texts_in(each.value)))
    return replace(
        launch, secrets=Delivered(connections=connections, variables=variables, hidden=tuple(hidden))
    )


def _missing(what: str, name: str) -> NotFound:
    kind = "CONN" if what == "connection" else "VAR"
    variable = "".join(each if each.isascii() and each.isalnum() else "_" for each in name).upper()
    return NotFound(
        f"There is no {what} {shown(name)}, which this task declares.",
        hint=f"Make it: `studio {what}s set {name}`, or STUDIO_{kind}_{variable} in the server's environment.",
    )
