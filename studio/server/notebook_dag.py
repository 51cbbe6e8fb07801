"""A DAG of one notebook, for who schedules or runs a notebook without writing a DAG."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

from studio.api import models as m
from studio.core.inspection import Inspection
from studio.core.names import MAX_NAME, check_name, nearest, shown
from studio.core.spec import CallbackSpec, DagSpec, TaskSpec
from studio.errors import InvalidInput

_NOTIFY: Final = "studio.operators.notify:notify"
TAG: Final = "notebook"  # of DAGs that were made so
_NO_NAME: Final = re.compile(r"[^A-Za-z0-9_.-]+")
#: Of the JSON Schema of a notebook's parameter what a param of a DAG may keep.
_KEPT: Final = ("type", "enum", "minimum", "maximum", "description", "format", "items", "anyOf", "title")


def notebook_dag(body: m.PublishNotebook, path: Path, found: Inspection) -> DagSpec:
    """The notebook's parameters become params of the DAG, so that each run may be given others.

    Text with a template in it is written into the task instead: it differs from run to run by itself. Raises
    `InvalidInput` for a parameter that the notebook does not take.
    """
    properties: dict[str, dict[str, Any]] = found.parameters["properties"]
    for name in body.parameters:
        if name not in properties:
            raise InvalidInput(
                f"{path.name} takes no parameter {shown(name)}.",
                hint=nearest(name, list(properties)) or "It takes none.",
                field=f"parameters.{name}",
            )
    params: dict[str, Any] = {}
    schemas: dict[str, dict[str, Any]] = {}
    written: dict[str, Any] = {}
    for name, schema in properties.items():
        value = body.parameters.get(name, schema.get("default"))
        if isinstance(value, str) and "{{" in value:
            written[name] = value
        elif name in body.parameters or "default" in schema:
            params[name] = value
            schemas[name] = {key: schema[key] for key in _KEPT if key in schema}
            written[name] = "{{ params." + name + " }}"
    config: dict[str, Any] = {"path": str(path), "cwd": str(path.parent), "parameters": written}
    if body.source == "latest":
        config["source"] = "latest"
    else:
        config["digest"] = found.digest
    if body.kernel_name is not None:
        config["kernel_name"] = body.kernel_name
    if body.export:
        config["export"] = list(body.export)
    if body.copy_to is not None:
        config["copy_to"] = body.copy_to
    task = TaskSpec(
        id=_name_of(path.stem, "notebook"),
        kind="notebook",
        config=config,
        retries=body.retries,
        retry_delay=body.retry_delay,
        timeout=body.timeout,
    )
    return DagSpec(
        id=body.dag_id if body.dag_id is not None else _name_of(path.stem, "notebook"),
        tasks=(task,),
        schedule=body.schedule,
        start_date=body.start_date,
        end_date=body.end_date,
        timezone=body.timezone,
        catchup="skip",
        params=params,
        param_schemas=schemas,
        tags=(TAG,),
        description=body.description,
        callbacks=_callbacks(body.notify),
        native=True,
        origin=str(path),
    )


def _callbacks(notify: m.Notify | None) -> tuple[CallbackSpec, ...]:
    """The address stays in its connection: a template names it."""
    if notify is None:
        return ()
    name = check_name(notify.connection, "connection")
    args = {"url": f"{{{{ conn['{name}'].url }}}}", "to": list(notify.to)}
    return tuple(
        CallbackSpec(on=event, function=_NOTIFY, args=args)
        for event in dict.fromkeys(notify.on or ("failure",))
    )


def _name_of(stem: str, otherwise: str) -> str:
    """A legal id that is as near to the name of a file as it can be."""
    name = _NO_NAME.sub("_", stem).strip("._-")[:MAX_NAME].rstrip(".")
    return name if name and name != "none" else otherwise
