"""`cache=`: when the result of an earlier run counts instead of running a task again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from studio.authoring.arguments import seconds
from studio.core.names import shown
from studio.core.spec import CacheSpec
from studio.errors import InvalidInput


@dataclass(frozen=True, slots=True, kw_only=True)
class Cache:
    """A result counts as long as code, arguments and inputs are the same: `cache=Cache(expires="1 day", version="2")`.

    Args:
        expires: for how long; seconds, a timedelta, or text such as "1 day". None: as long as it is there.
        version: part of what must be the same; change it when something has changed that is not seen, such as a table.
    """

    expires: float | timedelta | str | None = None
    version: str = ""

    def spec(self) -> CacheSpec:
        """As data. Raises `InvalidInput`."""
        if not isinstance(self.version, str):
            raise InvalidInput(f"version is {shown(self.version)}; it must be text.", field="cache")
        expires = None if self.expires is None else seconds(self.expires, "cache")
        if expires is not None and expires <= 0:
            raise InvalidInput(
                f"cache is {shown(self.expires)}; a result that counts for no time is no result.",
                hint="Leave `cache` out, or give a duration of more than 0.",
                field="cache",
            )
        return CacheSpec(expires=expires, version=self.version)


Cached = bool | float | timedelta | str | Cache


def cache_spec(given: Cached) -> CacheSpec | None:
    """What `cache=` says. Raises `InvalidInput`."""
    if given is False:
        return None
    if given is True:
        return CacheSpec()
    return (given if isinstance(given, Cache) else Cache(expires=given)).spec()
