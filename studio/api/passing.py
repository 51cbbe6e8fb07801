"""Which requests of a page may be handed on to the server: routes of the API, by path and method."""

from __future__ import annotations

import re
from typing import Final

from studio.api.routes import ROUTES, Route

_NOT_PASSED: Final = frozenset({"stop_server"})  # a page must not be able to end the server for everybody
_ROUTES: Final = [
    (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(route.path))), route)
    for route in ROUTES
    if route.name not in _NOT_PASSED
]


def routes_at(path: str) -> dict[str, Route]:
    """The routes at this path, which is not decoded, by method; none: the API has no such address."""
    return {route.method: route for pattern, route in _ROUTES if pattern.fullmatch(path)}
