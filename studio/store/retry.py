"""What an error of a database means: try again, call again later, or give up."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from studio.errors import StaleWrite, StoreError, StoreUnavailable

T = TypeVar("T")

RETRY_TIME = 15.0  # seconds from the first failure to the last try
FIRST_PAUSE = 0.02  # seconds
LONGEST_PAUSE = 2.0  # seconds

#: https://www.postgresql.org/docs/current/errcodes-appendix.html: serialization failure, deadlock, lock timeout,
#: too many connections; 57P0x: the server shuts down or starts; class 08: the connection.
_POSTGRESQL = ("40001", "40P01", "55P03", "53300", "57P0", "08")
#: Lock wait timeout, deadlock, server gone, connection lost, cannot connect, too many connections, shutdown.
_MYSQL = frozenset({1205, 1213, 2006, 2013, 2002, 2003, 1040, 1053})
#: Deadlock, serialization, resource busy, end of file on the channel, not connected, no listener.
_ORACLE = (
    "ORA-00060",
    "ORA-08177",
    "ORA-00054",
    "ORA-03113",
    "ORA-03114",
    "ORA-12541",
    "DPY-4011",
    "DPY-6005",
)
#: SQLite's own words; its error codes reach Python from 3.11 on.
_SQLITE = ("database is locked", "database table is locked", "database is busy", "database schema is locked")
#: Errors of SQLite that no waiting heals.
_SQLITE_FINAL = ("no such", "has no column", "readonly", "malformed", "not a database", "syntax error")


class AmbiguousCommit(Exception):
    """The connection broke during COMMIT: nobody knows whether the transaction was kept. Cause: the driver's error."""


def is_retryable(error: DBAPIError) -> bool:
    """True if the database rolled the transaction back, or was not reached, for a reason that passes."""
    if isinstance(error, IntegrityError):
        return False
    if error.connection_invalidated:
        return True
    cause = error.orig
    state = getattr(cause, "sqlstate", None)  # psycopg
    if isinstance(state, str):
        return state.startswith(_POSTGRESQL)
    arguments: Sequence[object] = getattr(cause, "args", ())
    if arguments and isinstance(arguments[0], int):  # pymysql
        return arguments[0] in _MYSQL
    text = str(cause)
    if any(words in text for words in (*_SQLITE, *_ORACLE)):
        return True
    # psycopg could not connect: no SQLSTATE, as there was no server to give one
    return type(cause).__module__.startswith("psycopg") and isinstance(error, OperationalError)


def with_retries(
    function: Callable[[], T],
    *,
    where: str,
    secrets: Sequence[str] = (),
    stop: threading.Event | None = None,
    retry_time: float | None = None,
) -> T:
    """Call `function`, a whole transaction, again while it fails for a reason that passes. Blocks its thread.

    The pauses grow exponentially and are jittered, so that two who collided do not collide again. `stop` ends the
    waiting. `where` names the database in errors; `secrets` never appear there.

    Raises:
        StaleWrite: a unique or foreign key refused the write.
        StoreUnavailable: no success within `retry_time` seconds (`RETRY_TIME` if not given), or the outcome of a
            COMMIT is unknown.
        StoreError: an error that trying again cannot change.
    """
    stop = stop or threading.Event()
    deadline = time.monotonic() + (RETRY_TIME if retry_time is None else retry_time)
    pause = FIRST_PAUSE
    while True:
        try:
            return function()
        except IntegrityError as error:
            raise StaleWrite(f"The database {where} refused a write: {_words(error, secrets)}.") from error
        except AmbiguousCommit as error:
            raise StoreUnavailable(
                f"The connection to the database {where} broke while a transaction was committed: it may or may "
                "not have been kept. Read the state again before repeating it."
            ) from error.__cause__
        except PoolTimeout as error:
            raise StoreUnavailable(f"No connection to the database {where} became free.") from error
        except DBAPIError as error:
            retryable = is_retryable(error)
            if retryable and time.monotonic() + pause < deadline and not stop.is_set():
                stop.wait(pause * random.uniform(0.5, 1.0))
                pause = min(2 * pause, LONGEST_PAUSE)
                continue
            if retryable or _may_pass(error):
                message = (
                    f"The database {where} does not answer or cannot work now: {_words(error, secrets)}."
                )
                raise StoreUnavailable(message) from error
            raise StoreError(f"The database {where} reports an error: {_words(error, secrets)}.") from error


def _may_pass(error: DBAPIError) -> bool:
    """Disk full, statement timeout and the like: not worth an immediate retry, but not final either."""
    return isinstance(error, OperationalError) and not any(
        words in str(error.orig) for words in _SQLITE_FINAL
    )


def _words(error: DBAPIError, secrets: Sequence[str]) -> str:
    """The driver's own words, first line; SQLAlchemy's would add the statement."""
    cause = error.orig
    arguments: Sequence[object] = getattr(cause, "args", ())
    number_and_text = len(arguments) > 1 and isinstance(arguments[0], int)
    text = str(arguments[1]) if number_and_text else str(cause)
    for secret in secrets:
        text = text.replace(secret, "***")
    lines = text.strip().splitlines()
    return (lines[0] if lines else type(cause).__name__).rstrip(".")
