"""The tables. One record class of `studio.core.model` is one table, one field one column.

Written for SQLite, PostgreSQL, MySQL/MariaDB and Oracle at once, hence:

* No identifier is longer than 30 characters or a reserved word somewhere: `Dag.cursor` is `last_tick`,
  `Command.key` is `idem_key`, `Asset.group` is `asset_group`, `CallbackRequest.on` is `event` and its `function` is
  `function_path`, `SavedValue.size` is `byte_size`.
* Oracle takes '' for NULL: text that may be empty is nullable, and `rows` reads NULL as "". Lists and dictionaries
  that are mostly empty are NULL too then: nothing to make, to send or to read.
* MySQL and Oracle have no partial indexes, and Oracle counts two half-empty composite keys as equal. "One scheduled
  run per DAG and logical date" is therefore a nullable key of its own, `dag_run.scheduled_key`.
* JSON is text: the same everywhere, and nothing but `rows` looks inside.

Times are seconds since 1970-01-01 UTC, as double.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Column, ForeignKeyConstraint, Index, MetaData, Table, UniqueConstraint
from sqlalchemy.dialects import mysql, oracle

from studio.core.names import MAX_NAME, MAX_RUN_ID

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)

#: On SQLite INTEGER PRIMARY KEY is the row itself; BIGINT would be a second index.
ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME: sa.types.TypeEngine[float] = sa.Double().with_variant(oracle.BINARY_DOUBLE(), "oracle")
LONG_TEXT = sa.Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
DAG_ID = sa.String(MAX_NAME)
RUN_ID = sa.String(MAX_RUN_ID)
HASH = sa.String(64)  # sha256, hexadecimal
WORD = sa.String(20)  # a state or a kind
TEXT = sa.String(250)  # what people write or read; cut to this
ASSET = sa.String(500)  # with an id it still is a key of MySQL

#: MySQL and MariaDB compare names without case unless they are told otherwise.
_MYSQL: dict[str, Any] = {
    f"{dialect}_{option}": value
    for dialect in ("mysql", "mariadb")
    for option, value in {"engine": "InnoDB", "charset": "utf8mb4", "collate": "utf8mb4_bin"}.items()
}


def _table(name: str, *parts: sa.schema.SchemaItem, **options: Any) -> Table:
    return Table(name, metadata, *parts, **_MYSQL, **options)


scheduler = _table(
    "scheduler",
    # AUTOINCREMENT: the number of a row that is gone is never given again; it is the epoch of a lease.
    Column("id", ID, sa.Identity(), primary_key=True),
    Column("name", sa.String(250), nullable=False),
    Column("beat", ID, nullable=False),
    Column("fenced", sa.Boolean, nullable=False),
    sqlite_autoincrement=True,
)

dag = _table(
    "dag",
    Column("dag_id", DAG_ID, primary_key=True),
    Column("version", HASH, nullable=False),
    Column("paused", sa.Boolean, nullable=False),
    Column("last_tick", TIME),
    Column("next_due", TIME),
    Column("created_at", TIME, nullable=False),
    Column("updated_at", TIME, nullable=False),
    Column("failures", sa.Integer, nullable=False, server_default="0"),
    Column("queued_events", LONG_TEXT),
    Column("rev", ID, nullable=False),
    Column("owner", ID),  # scheduler.id; no foreign key, so that a commit does not lock rows of others
    Index("ix_dag_owner", "owner"),
)

dag_version = _table(
    "dag_version",
    Column("dag_id", DAG_ID, primary_key=True),
    Column("version", HASH, primary_key=True),
    Column("spec", LONG_TEXT, nullable=False),
    Column("spec_hash", HASH, nullable=False),  # of the text: documentation may change within a version
    Column("created_at", TIME, nullable=False),
    ForeignKeyConstraint(["dag_id"], ["dag.dag_id"]),
)

backfill = _table(
    "backfill",
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("dag_id", DAG_ID, nullable=False),
    Column("state", WORD, nullable=False),
    Column("asked", LONG_TEXT, nullable=False),
    Column("max_active_runs", sa.Integer, nullable=False),
    Column("runs", sa.Integer, nullable=False),
    Column("created_at", TIME, nullable=False),
    Column("ended_at", TIME),
    Column("actor", TEXT),
    Column("rev", ID, nullable=False),
    ForeignKeyConstraint(["dag_id"], ["dag.dag_id"]),
    Index("ix_backfill_newest", "dag_id", "created_at", "id"),
    Index("ix_backfill_created", "created_at", "id"),
    Index("ix_backfill_state", "state"),
)

dag_run = _table(
    "dag_run",
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("dag_id", DAG_ID, nullable=False),
    Column("run_id", RUN_ID, nullable=False),
    Column("run_type", WORD, nullable=False),
    Column("version", HASH, nullable=False),
    Column("run_after", TIME, nullable=False),
    Column("logical_date", TIME),
    Column("interval_start", TIME),
    Column("interval_end", TIME),
    Column("state", WORD, nullable=False),
    Column("ending", WORD),
    Column("reason", TEXT),
    Column("with_failures", sa.Boolean, nullable=False),
    Column("params", LONG_TEXT, nullable=False),
    Column("queued_at", TIME, nullable=False),
    Column("started_at", TIME),
    Column("ended_at", TIME),
    Column("triggered_by", TEXT),
    Column("backfill", ID),
    Column("ordinal", sa.Integer, nullable=False, server_default="0"),
    Column("subset", LONG_TEXT),
    Column("events", LONG_TEXT),
    Column("deadlines", LONG_TEXT),
    Column("note", LONG_TEXT),
    Column("rev", ID, nullable=False),
    Column("refresh", sa.Boolean, nullable=False, server_default=sa.false()),
    Column("scheduled_key", sa.String(MAX_NAME + 30)),
    UniqueConstraint("dag_id", "run_id"),
    UniqueConstraint("scheduled_key"),
    ForeignKeyConstraint(["dag_id", "version"], ["dag_version.dag_id", "dag_version.version"]),
    ForeignKeyConstraint(["backfill"], ["backfill.id"]),
    Index("ix_dag_run_newest", "dag_id", "run_after", "id"),
    Index("ix_dag_run_after", "run_after", "id"),
    Index("ix_dag_run_state", "state", "run_after", "id"),
    Index("ix_dag_run_date", "dag_id", "logical_date", "id"),
    Index("ix_dag_run_state_date", "dag_id", "state", "logical_date", "id"),
    Index("ix_dag_run_backfill", "backfill", "run_after", "id"),
    Index("ix_dag_run_version", "dag_id", "version"),
)

task_instance = _table(
    "task_instance",
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("run", ID, nullable=False),
    Column("task_id", DAG_ID, nullable=False),
    Column("map_index", sa.Integer, nullable=False),
    Column("map_path", TEXT),  # "2.0"
    Column("state", WORD, nullable=False),
    Column("try_number", sa.Integer, nullable=False),
    Column("max_tries", sa.Integer, nullable=False),
    Column("lost_count", sa.Integer, nullable=False),
    Column("attempt", ID),  # no foreign key: the two tables would need each other
    Column("retry_at", TIME),
    Column("started_at", TIME),
    Column("ended_at", TIME),
    Column("waiting_since", TIME),
    Column("looks", sa.Integer, nullable=False, server_default="0"),
    Column("stop_as", WORD),
    Column("length", sa.Integer),
    Column("decision", LONG_TEXT),
    Column("resume", LONG_TEXT),
    Column("label", TEXT),
    Column("note", LONG_TEXT),
    Column("rev", ID, nullable=False),
    Column("keeps", sa.Boolean, nullable=False, server_default=sa.false()),
    UniqueConstraint("run", "task_id", "map_index"),  # also the index for "the tasks of a run"
    ForeignKeyConstraint(["run"], ["dag_run.id"]),
)

attempt = _table(
    "attempt",
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("task_instance", ID, nullable=False),
    Column("try_number", sa.Integer, nullable=False),
    Column("state", WORD, nullable=False),
    Column("queued_at", TIME, nullable=False),
    Column("started_at", TIME),
    Column("ended_at", TIME),
    Column("worker", sa.String(250)),
    Column("directory", LONG_TEXT),
    Column("error", LONG_TEXT),
    Column("value", LONG_TEXT, nullable=False),
    Column("details", LONG_TEXT, nullable=False),
    UniqueConstraint("task_instance", "try_number"),  # also the index for "the attempts of a task instance"
    ForeignKeyConstraint(["task_instance"], ["task_instance.id"]),
    Index("ix_attempt_state", "state"),
)

saved_value = _table(
    "saved_value",
    Column("attempt", ID, primary_key=True, autoincrement=False),
    Column("name", DAG_ID, primary_key=True),
    Column("digest", HASH, nullable=False),
    Column("format", WORD, nullable=False),
    Column("type", TEXT, nullable=False),
    Column("byte_size", ID, nullable=False),
    Column("description", LONG_TEXT, nullable=False),
    ForeignKeyConstraint(["attempt"], ["attempt.id"]),
    Index("ix_saved_value_digest", "digest"),
)

callback_request = _table(
    "callback_request",
    Column("id", ID, primary_key=True, autoincrement=False),  # of the same numbers as attempt.id
    Column("dag_id", DAG_ID, nullable=False),
    Column("run", ID, nullable=False),
    Column("task_instance", ID),  # no foreign key, as that wants an index; it goes with its run
    Column("event", WORD, nullable=False),
    Column("function_path", LONG_TEXT, nullable=False),
    Column("args", LONG_TEXT, nullable=False),
    Column("path", LONG_TEXT, nullable=False),
    Column("context", LONG_TEXT, nullable=False),
    Column("state", WORD, nullable=False),
    Column("tries", sa.Integer, nullable=False),
    Column("directory", LONG_TEXT),
    Column("queued_at", TIME, nullable=False),
    Column("started_at", TIME),
    Column("ended_at", TIME),
    Column("error", LONG_TEXT),
    ForeignKeyConstraint(["run"], ["dag_run.id"]),
    Index("ix_callback_request_run", "run"),
    Index("ix_callback_request_state", "state"),
)

command = _table(
    "command",
    Column("id", ID, sa.Identity(), primary_key=True),
    Column("dag_id", DAG_ID, nullable=False),  # no foreign key: `publish` comes before its DAG
    Column("kind", WORD, nullable=False),
    Column("payload", LONG_TEXT, nullable=False),
    Column("actor", TEXT),
    Column("created_at", TIME, nullable=False),
    Column("idem_key", sa.String(250)),
    Column("state", WORD, nullable=False),
    Column("result", LONG_TEXT, nullable=False),
    Column("handled_at", TIME),
    UniqueConstraint("idem_key"),
    Index("ix_command_state", "state", "id"),
    Index("ix_command_actor", "actor", "id"),
    sqlite_autoincrement=True,
)

dag_file = _table(
    "dag_file",
    Column("id", HASH, primary_key=True),  # sha256 of the path, which may be longer than a key of MySQL
    Column("path", LONG_TEXT, nullable=False),
    Column("digest", HASH),
    Column("dag_ids", LONG_TEXT, nullable=False),
    Column("error", LONG_TEXT),
    Column("error_line", sa.Integer),
    Column("parsed_at", TIME, nullable=False),
)

# --- what DAGs share -----------------------------------------------------------------------------------------

pool = _table(
    "pool",
    Column("name", DAG_ID, primary_key=True),
    Column("slots", sa.Integer, nullable=False),
    Column("description", LONG_TEXT),
    Column("include_deferred", sa.Boolean, nullable=False),
    Column("used", sa.Integer, nullable=False),
    Column("rev", ID, nullable=False),
)

variable = _table(
    "variable",
    Column("name", DAG_ID, primary_key=True),
    Column("value", LONG_TEXT, nullable=False),
    Column("secret", sa.Boolean, nullable=False),
    Column("description", LONG_TEXT),
    Column("updated_at", TIME, nullable=False),
    Column("rev", ID, nullable=False),
)

connection = _table(
    "connection",
    Column("name", DAG_ID, primary_key=True),
    Column("data", LONG_TEXT, nullable=False),
    Column("description", LONG_TEXT),
    Column("updated_at", TIME, nullable=False),
    Column("rev", ID, nullable=False),
)

asset = _table(
    "asset",
    Column("name", ASSET, primary_key=True),
    Column("uri", LONG_TEXT),
    Column("asset_group", TEXT),
    Column("extra", LONG_TEXT, nullable=False),
    Column("created_at", TIME, nullable=False),
)

#: No foreign keys: what happened stays when the DAG, the run or the asset is gone.
asset_event = _table(
    "asset_event",
    Column("id", ID, primary_key=True, autoincrement=False),
    Column("asset", ASSET, nullable=False),
    Column("at", TIME, nullable=False),
    Column("extra", LONG_TEXT, nullable=False),
    Column("dag_id", DAG_ID),
    Column("run_id", RUN_ID),
    Column("task_id", DAG_ID),
    Column("map_index", sa.Integer, nullable=False),
    Column("actor", TEXT),
    Index("ix_asset_event_asset", "asset", "id"),
)
