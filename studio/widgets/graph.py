"""The graph of a DAG in a cell: our own MIME type for JupyterLab, a picture and text for everything else.

Our front end draws from the data alone, also in an untrusted notebook without a kernel, and follows the server by
itself. Where it is missing the picture shows: in an `<img>`, because that passes the sanitiser of untrusted
notebooks, which drops inline SVG and the SVG MIME type.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any, Final

from studio.widgets.looks import look_of
from studio.widgets.svg import Drawn, svg_of

MIME: Final = "application/vnd.pipeline-studio.graph+json"
RUNS_SHOWN: Final = 14
_MAX_DRAWN: Final = 250  # tasks in a still picture
_MAX_LISTED: Final = 60  # tasks in text
_MAX_TOLD: Final = 12  # tasks in the picture's alternative text


@dataclass(frozen=True, slots=True)
class Node:
    """A task of the graph."""

    id: str
    kind: str
    upstream: Sequence[str]
    label: str
    reads: Sequence[tuple[str, str]] = ()  # of marked cells: name, and the task that gives it ("": the run)
    gives: Sequence[str] = ()  # of marked cells: names that other tasks read
    group: str = ""  # the innermost that it is in


@dataclass(frozen=True, slots=True)
class Group:
    """Tasks that can be folded to one."""

    id: str
    parent: str = ""  # the group around it
    label: str = ""


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something wrong with a DAG of marked cells, as of `studio.core.cells.problems`."""

    code: str
    message: str
    hint: str = ""
    cell: int | None = None  # index among the cells
    line: int | None = None  # from 1, of the cell's source
    severity: str = "error"  # or "warning"
    task: str | None = None


@dataclass(frozen=True, slots=True)
class Graph:
    """What there is to draw."""

    dag_id: str
    nodes: Sequence[Node]
    cells: bool = False  # it is made of marked cells
    problems: Sequence[Flaw] = ()
    groups: Sequence[Group] = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a task in a trial."""

    started_at: float | None = None  # seconds since the epoch
    ended_at: float | None = None
    error: str = ""


@dataclass(frozen=True, slots=True)
class Trial:
    """How far a run in this process, by `dag.test`, has come."""

    tasks: Mapping[str, Tried]
    state: str = "running"  # or "paused"; once it is over "stopped" or a RunState value
    following: Sequence[str] = ()  # paused: the tasks that could begin


@dataclass(frozen=True, slots=True)
class Glance:
    """What is known of it at this moment. `follow`: show this run for ever, not whichever is the newest."""

    published: bool = False
    run_id: str | None = None
    states: Mapping[str, str] = field(default_factory=dict)  # task id → TaskState value
    follow: bool = False
    trial: Trial | None = None  # it is no run of the server, and `states` are all that there is of it


def graph_bundle(graph: Graph, glance: Glance) -> dict[str, Any]:
    """The MIME bundle of a graph: data for our front end, a picture and text for all others."""
    return {
        MIME: {
            "version": 1,
            "dag_id": graph.dag_id,
            "tasks": [_task(node, has_names=graph.cells) for node in graph.nodes],
            "run_id": glance.run_id if glance.follow else None,
            **({"groups": [asdict(group) for group in graph.groups]} if graph.groups else {}),
            "runs": RUNS_SHOWN,
            "states": dict(glance.states),
            "published": glance.published,
            **({} if glance.trial is None else {"trial": asdict(glance.trial)}),
            **({"cells": True, "problems": [asdict(each) for each in graph.problems]} if graph.cells else {}),
        },
        "text/html": _html(graph, glance),
        "text/plain": graph_text(graph, glance),
    }


def _task(node: Node, *, has_names: bool) -> dict[str, Any]:
    task: dict[str, Any] = {
        "id": node.id,
        "kind": node.kind,
        "upstream": list(node.upstream),
        "label": node.label,
    }
    if node.group:
        task["group"] = node.group
    if has_names:
        task["reads"] = [{"name": name, "by": by} for name, by in node.reads]
        task["gives"] = list(node.gives)
    return task


def graph_text(graph: Graph, glance: Glance) -> str:
    """The tasks, each before those that wait for it, with state and upstream."""
    lines = [_headline(graph, glance)]
    width = min(30, max((len(node.id) for node in graph.nodes), default=0))
    for node in _in_order(graph.nodes)[:_MAX_LISTED]:
        look = look_of(glance.states.get(node.id))
        after = f"← {', '.join(node.upstream)}" if node.upstream else ""
        if node.gives:
            after += f" → {', '.join(node.gives)}" if after else f"→ {', '.join(node.gives)}"
        lines.append(f"  {look.glyph or '·'} {node.id:{width}} {after}".rstrip())
    if len(graph.nodes) > _MAX_LISTED:
        lines.append(f"  … and {len(graph.nodes) - _MAX_LISTED} more")
    lines += [f"  {_glyph(flaw)} {_sentence(flaw)}" for flaw in graph.problems]
    return "\n".join(lines)


def _headline(graph: Graph, glance: Glance) -> str:
    count = f"{len(graph.nodes)} task{'' if len(graph.nodes) == 1 else 's'}"
    if glance.trial is not None:
        return f"DAG {graph.dag_id}: {count}, {_trial_words(glance.trial)}"
    if glance.run_id is not None:
        return f"DAG {graph.dag_id}: {count}, run {glance.run_id}"
    return f"DAG {graph.dag_id}: {count}" + ("" if glance.published else ", not published")


def _trial_words(trial: Trial) -> str:
    if trial.state == "paused" and trial.following:
        more = f" and {len(trial.following) - 1} more" if len(trial.following) > 1 else ""
        return f"tried here, paused before {trial.following[0]}{more}"
    return f"tried here: {trial.state}"


def _html(graph: Graph, glance: Glance) -> str:
    headline = escape(_headline(graph, glance))
    if not graph.nodes:
        example = "%%task extract" if graph.cells else "notebook('x.ipynb')"
        return f"<p>{headline}. Add one, for example <code>{example}</code>.</p>{_problems_html(graph)}"
    if len(graph.nodes) > _MAX_DRAWN:
        return (
            f"<p>{headline}. Too many for a still picture; JupyterLab draws them.</p>{_problems_html(graph)}"
        )
    tasks = [Drawn(node.id, node.label, node.upstream, glance.states.get(node.id)) for node in graph.nodes]
    picture = base64.b64encode(svg_of(tasks, f"DAG {graph.dag_id}").encode()).decode()
    told = [
        f"{node.id} {look_of(glance.states.get(node.id)).label}" if glance.states else node.id
        for node in _in_order(graph.nodes)
    ]
    more = ", …" if len(told) > _MAX_TOLD else ""
    alternative = escape(f"{_headline(graph, glance)}: {', '.join(told[:_MAX_TOLD])}{more}")
    image = f'<img src="data:image/svg+xml;base64,{picture}" alt="{alternative}" style="max-width:100%">'
    return image + _problems_html(graph)


def _problems_html(graph: Graph) -> str:
    if not graph.problems:
        return ""
    items = "".join(f"<li>{_glyph(flaw)} {escape(_sentence(flaw))}</li>" for flaw in graph.problems)
    return f"<ul>{items}</ul>"


def _glyph(flaw: Flaw) -> str:
    return "✗" if flaw.severity == "error" else "⚠"


def _sentence(flaw: Flaw) -> str:
    place = "" if flaw.task is None or flaw.line is None else f"{flaw.task}, line {flaw.line}: "
    return f"{place}{flaw.message} {flaw.hint}".rstrip()


def _in_order(nodes: Sequence[Node]) -> list[Node]:
    """Each node after those it waits for, where there is no cycle; else as defined."""
    known = {node.id: node for node in nodes}
    order: list[Node] = []
    placed: set[str] = set()
    children: dict[str, list[str]] = {node.id: [] for node in nodes}
    waiting: dict[str, int] = {}
    for node in nodes:
        parents = [parent for parent in dict.fromkeys(node.upstream) if parent in known]
        waiting[node.id] = len(parents)
        for parent in parents:
            children[parent].append(node.id)
    ready = [node.id for node in nodes if waiting[node.id] == 0]
    for task in ready:  # grows while it is read
        order.append(known[task])
        placed.add(task)
        for child in children[task]:
            waiting[child] -= 1
            if waiting[child] == 0:
                ready.append(child)
    return order + [node for node in nodes if node.id not in placed]
