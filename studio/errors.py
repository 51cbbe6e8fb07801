"""Every error that Pipeline Studio raises on purpose.

One root. The docstring of a class is its default message; a raised message says which object, which rule and
what to do next. `code` is the stable word that the API and the CLI's `--json` carry.
"""

from __future__ import annotations


class StudioError(Exception):
    """Pipeline Studio could not do what was asked."""

    code = "error"

    def __init__(self, message: str | None = None, *, hint: str | None = None) -> None:
        self.message = message or (type(self).__doc__ or "").strip().splitlines()[0]
        self.hint = hint or None
        super().__init__(f"{self.message} {hint}" if hint else self.message)


class StudioWarning(UserWarning):
    """Something works, but hardly as it is meant."""


class InvalidInput(StudioError):
    """A value that was given breaks a rule."""

    code = "invalid_input"

    def __init__(
        self, message: str | None = None, *, hint: str | None = None, field: str | None = None
    ) -> None:
        self.field = field
        super().__init__(message, hint=hint)


class InvalidName(InvalidInput):
    """A name may hold letters, digits, `_`, `-` and `.`, and starts with a letter, a digit or `_`."""

    code = "invalid_name"


class InvalidDag(InvalidInput):
    """The DAG breaks a rule and was not accepted."""

    code = "invalid_dag"


class InvalidParameter(InvalidInput):
    """A parameter is unknown, badly named or not a JSON value."""

    code = "invalid_parameter"


class InvalidSchedule(InvalidInput):
    """The schedule makes no sense or never fires."""

    code = "invalid_schedule"


class NotebookNotFound(InvalidInput):
    """There is no such notebook."""

    code = "notebook_not_found"


class TooLarge(InvalidInput):
    """What was given is too large."""

    code = "too_large"


class NotARegularFile(InvalidInput):
    """A directory, a pipe or a device was named where a file is wanted."""

    code = "not_a_regular_file"


class NotANotebook(InvalidInput):
    """The file is no JSON, so it is no notebook."""

    code = "not_a_notebook"


class InvalidNotebook(InvalidInput):
    """The file is JSON, but not a notebook of format 4."""

    code = "invalid_notebook"


class RevisionNotFound(InvalidInput):
    """The git repository does not have this revision, or not the file in it."""

    code = "revision_not_found"


class NotFound(StudioError):
    """There is no such object."""

    code = "not_found"


class Conflict(StudioError):
    """The object is not in a state in which this can be done."""

    code = "conflict"


class Forbidden(StudioError):
    """This is not allowed."""

    code = "forbidden"


class OutsideRoot(Forbidden):
    """The path leads out of the directory that it has to be in."""

    code = "outside_root"


class ServerUnavailable(StudioError):
    """The studio server does not answer. Start it with `studio server`."""

    code = "server_unavailable"


class ExportFailed(StudioError):
    """The notebook could not be exported."""

    code = "export_failed"


class ExportUnavailable(StudioError):
    """What this export needs is not installed."""

    code = "export_unavailable"


class EnvironmentFailed(StudioError):
    """The Python environment of a task could not be made."""

    code = "environment_failed"


class StoreError(StudioError):
    """The database could not do what was asked."""

    code = "store_error"


class StoreUnavailable(StoreError):
    """The database does not answer; the same call may work later."""

    code = "store_unavailable"


class SchemaMismatch(StoreError):
    """The database has another schema version than this server. Run `studio db upgrade`."""

    code = "schema_mismatch"


class Fenced(StoreError):
    """Another scheduler has taken over; this one may write nothing any more."""

    code = "fenced"


class StaleWrite(StoreError):
    """A guarded write met another state than it expected; nothing of its transaction was kept."""

    code = "stale_write"
