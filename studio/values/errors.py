"""What can go wrong with values."""

from __future__ import annotations

from studio.errors import InvalidInput, NotFound, StudioError


class ValueNotKept(InvalidInput):
    """The value cannot be passed on to other tasks."""

    code = "value_not_kept"


class ValueNotThere(NotFound):
    """There is no such value."""

    code = "value_not_there"


class ValueNotRead(StudioError):
    """The value is there, but cannot be read here."""

    code = "value_not_read"


class ValueStoreUnavailable(StudioError):
    """The store of values cannot be reached."""

    code = "value_store_unavailable"


class NameNotGiven(InvalidInput):
    """A task has ended without a name that other tasks read."""

    code = "name_not_given"
