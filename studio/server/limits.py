"""How much one request may carry: what is larger is refused before anything is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from studio.core.names import check_run_id
from studio.core.parameters import check_names
from studio.errors import InvalidInput
from studio.server.base import Refused

MAX_DATA: Final = 1024 * 1024  # bytes of JSON; papermill writes params into a cell
MAX_RUNS: Final = 1000  # in one request
MAX_NOTE: Final = 10_000  # characters


def check_data(value: Any, what: str) -> None:
    """Refuse JSON that does not belong into a database row: 413."""
    if len(msgspec.json.encode(value)) > MAX_DATA:
        raise Refused(
            413, f"The {what} has more than 1 MB. Write the data to a file and pass its path instead."
        )


def check_given_params(params: Mapping[str, Any], declared: Mapping[str, Any]) -> None:
    """Their size, and that a name is a name: papermill would execute it. A name that is declared has passed before."""
    check_names((name for name in params if name not in declared), "a DAG")
    check_data(params, "JSON of the params")


def check_run_ids(run_ids: Sequence[str]) -> list[str]:
    """The ids, each once; at least one, and not too many."""
    if not run_ids:
        raise InvalidInput(
            "No run is named.", hint='For example {"run_ids": ["manual__2013-01-01"]}.', field="run_ids"
        )
    if len(run_ids) > MAX_RUNS:
        raise InvalidInput(
            f"{len(run_ids)} runs are named; at most {MAX_RUNS} are taken.",
            hint="Do it in parts.",
            field="run_ids",
        )
    return [check_run_id(run_id) for run_id in dict.fromkeys(run_ids)]


def check_note(note: str | None) -> None:
    if note is not None and len(note) > MAX_NOTE:
        raise InvalidInput(f"The note has {len(note)} characters; at most {MAX_NOTE} are kept.", field="note")
