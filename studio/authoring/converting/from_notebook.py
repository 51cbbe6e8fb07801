"""`studio dags from-notebook`: an ordinary notebook → a notebook of marked cells, as a proposal. Nothing is run."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from studio.authoring.cells.cell_dag import CellDag, cell_dag
from studio.authoring.converting.chunks import Chunk, Unreadable, chunks_of
from studio.authoring.converting.effects import (
    Effects,
    changed_by,
    effects_of,
    modules_of,
    path_constants,
    paths_of,
    seeds,
    writes_files,
)
from studio.authoring.converting.grouping import Group, grouped
from studio.authoring.converting.headings import Heading, free_name, headings_of, joined, slug, text_of
from studio.authoring.converting.sections import defined, telling, title_of, with_beginning, without_looking
from studio.authoring.converting.setup_code import (
    CommonCode,
    common_code,
    is_parameter_cell,
    param_of,
    with_values,
)
from studio.authoring.converting.task_text import loses_wrapper, task_text
from studio.core.cells.flow import flow_of
from studio.core.cells.generated import marked_cells
from studio.core.cells.marks import MarkedCell
from studio.core.names import check_name
from studio.errors import InvalidNotebook

_DEFINING: Final = re.compile(r"^with DAG\(|^\w+ = DAG\(", re.MULTILINE)
_MANY: Final = 12  # sections: with more, only larger headings count


@dataclass(frozen=True, slots=True)
class Proposal:
    """What would be written."""

    document: dict[str, Any]  # the notebook
    dag: CellDag  # as it would be read
    remarks: tuple[str, ...]  # what a person should know before it is written

    def content(self) -> bytes:
        """Of the .ipynb file."""
        return (json.dumps(self.document, ensure_ascii=False, indent=1) + "\n").encode()

    def source_of(self, task_id: str) -> str:
        """The cell of a task."""
        return next(
            cell.source for cell in marked_cells(self.document) if (cell.kind, cell.name) == ("task", task_id)
        )


def proposal_of(document: Mapping[str, Any], path: Path, dag_id: str | None = None) -> Proposal:
    """The notebook `document`, at `path`, split into tasks.

    Raises `InvalidNotebook` if it is not Python, has no code, or holds marked cells already; `InvalidName`.
    """
    _check(document, path)
    return _Conversion(document, path, dag_id).proposal()


def _check(document: Mapping[str, Any], path: Path) -> None:
    metadata = document.get("metadata", {})
    kernel, language = metadata.get("kernelspec", {}), metadata.get("language_info", {})
    name = str(language.get("name") or kernel.get("language") or "python")
    if name.lower() not in ("python", "ipython", "python3"):
        raise InvalidNotebook(
            f"{path.name} is a notebook in {name}; only Python can be split into tasks.",
            hint='A notebook in any language can be a task as a whole: notebook("FILE.ipynb").',
            field="path",
        )
    cells = marked_cells(document)
    if not any(cell.source.strip() for cell in cells):
        raise InvalidNotebook(f"{path.name} has no code.", hint="Tasks are made of code cells.", field="path")
    marked = next((cell for cell in cells if cell.kind != "code"), None)
    if marked is not None:
        raise InvalidNotebook(
            f"{path.name} has marked cells already: code cell {marked.index + 1} begins with %%{marked.kind}."
            if marked.kind != "dag"
            else f"{path.name} is a DAG already: {marked.name!r}.",
            hint="`studio dags check` reads it as it is.",
            field="path",
        )
    if any(_DEFINING.search(cell.source) for cell in cells) and any(
        "studio" in cell.source for cell in cells
    ):
        raise InvalidNotebook(
            f"{path.name} defines a DAG in Python already.",
            hint="`studio dags check` reads it as it is.",
            field="path",
        )


class _Conversion:
    def __init__(self, document: Mapping[str, Any], path: Path, dag_id: str | None) -> None:
        self._document = document
        self._path = path
        self._cells: Sequence[Mapping[str, Any]] = document["cells"]
        self._headings = headings_of(self._cells)
        self._remarks: list[str] = []
        self._params: dict[str, Any] = {}
        self._params_cell: int | None = None
        self._params_text: list[str] = []
        self._names: list[str] = []  # of the tasks
        self._left: dict[int, str] = {}  # cell → what stays an ordinary cell of it
        self._name = check_name(dag_id, "DAG") if dag_id is not None else self._dag_name()

    def proposal(self) -> Proposal:
        chunks = with_values(self._read())
        effects = effects_of(chunks)
        common = common_code(chunks, self._params, effects)
        modules = modules_of(chunks)
        is_seeded = any(seeds(chunk, modules) for chunk in chunks)
        made = grouped(self._sections(common), effects, modules, is_seeded=is_seeded, common=common.setup)
        self._remarks += made.remarks
        document = self._written(made.groups, common, modules)
        cells = marked_cells(document)
        if self._add_changes(document, cells, made.groups, effects, {*common.setup_names()}):
            cells = marked_cells(document)
        dag = cell_dag(cells, path=self._path, metadata=document["metadata"])
        return Proposal(document, dag, tuple(dict.fromkeys(self._remarks)))

    # Reading --------------------------------------------------------------------------------------------------

    def _read(self) -> list[Chunk]:
        found: list[Chunk] = []
        for index, cell in enumerate(self._cells):
            source = text_of(cell)
            if cell.get("cell_type") != "code" or not source.strip():
                continue
            chunks = chunks_of(source, index)
            if isinstance(chunks, Unreadable):
                self._left[index] = source
                self._remark(index, f"stays an ordinary cell, no part of the DAG: {chunks.reason}")
                continue
            tags = cell.get("metadata", {}).get("tags", [])
            heading = next((each.text for each in reversed(self._headings) if each.cell < index), "")
            if is_parameter_cell(chunks, tags, heading):
                chunks = self._take_params(chunks, index)
            for chunk in chunks:
                if chunk.kind == "install":
                    self._left[index] = f"{self._left.get(index, '')}\n{chunk.text}".strip("\n")
                    text = chunk.text.strip().splitlines()[-1].strip()
                    self._remark(
                        index, f"`{text}` stays outside of the DAG: install packages where the server runs."
                    )
                if re.search(r"\b(raw_)?input\(|\bgetpass\(", chunk.text):
                    self._remark(index, "asks a person for input, whom a run does not have: make it a param.")
            found += chunks
        return found

    def _take_params(self, chunks: Sequence[Chunk], index: int) -> list[Chunk]:
        rest = []
        for chunk in chunks:
            param = param_of(chunk)
            if param is None or param[0] in self._params:
                rest.append(chunk)
                continue
            self._params[param[0]] = param[1]
            self._params_text.append(chunk.text)
            if self._params_cell is None:
                self._params_cell = index
        return rest

    def _sections(self, common: CommonCode) -> list[Group]:
        cells = dict.fromkeys(chunk.cell for chunk in common.own)
        level = self._level(list(cells))
        titles: dict[int, Heading | None] = {}
        for cell in cells:
            above = [each for each in self._headings if each.cell < cell and each.level <= level]
            titles[cell] = above[-1] if above else None
        is_structured = len({*titles.values()} - {None}) > 1
        groups: dict[Any, Group] = {}
        for chunk in common.own:
            heading = titles[chunk.cell]
            key = heading if heading is not None and is_structured else ("cell", chunk.cell)
            title = heading.text if heading is not None and is_structured else ""
            groups.setdefault(key, Group(title, [])).chunks.append(chunk)
        found = list(groups.values())
        found = with_beginning(found, common) if is_structured else without_looking(found)
        for group in found:
            group.title = group.title or title_of(group)
        return found

    def _level(self, cells: Sequence[int]) -> int:
        """Of the headings that begin a task: all of them, unless there are very many."""
        for level in (6, 5, 4, 3, 2):
            heads = [each for each in self._headings if each.level <= level]
            used = {next((each for each in reversed(heads) if each.cell < cell), None) for cell in cells}
            if len(used) <= _MANY:
                return level
        return 2

    # Writing --------------------------------------------------------------------------------------------------

    def _written(self, groups: list[Group], common: CommonCode, modules: Mapping[str, str]) -> dict[str, Any]:
        marked: dict[int, list[tuple[str, str]]] = {}  # cell → ids and sources of what stands there
        first = min(
            (index for index, cell in enumerate(self._cells) if cell.get("cell_type") == "code"), default=0
        )
        marked[first] = [("dag", f"%load_ext studio\n%dag {self._name}")]
        setup = common.setup_source()
        if setup:
            marked[first].append(("setup", f"%%setup\n{setup}"))
        if self._params_cell is not None:
            text = "\n".join(self._params_text)
            place = min([self._params_cell, *map(_place, groups)])
            marked.setdefault(place, []).append(("params", f"%%params\n{text}"))
        paths = path_constants([*common.setup, *(chunk for group in groups for chunk in group.chunks)])
        paths |= {
            name: value for name, value in self._params.items() if isinstance(value, str) and "." in value
        }
        names = self._names
        seen: list[tuple[str, set[str], bool]] = []
        for group in groups:
            name = self._task_name(group, names)
            names.append(name)
            text = task_text(group, modules)
            touched = {path for chunk in group.chunks for path in paths_of(chunk.text, chunk, paths)}
            touched |= _paths_of_functions(group, common.setup, paths)
            is_writing = writes_files(text)
            after = [
                (other, both & touched)
                for other, both, writes in seen
                if both & touched and (writes or is_writing)
            ]
            for other, shared in after:
                shown = ", ".join(sorted(shared))
                self._remarks.append(
                    f"{name!r} comes after {other!r}, because both speak of the file {shown}."
                )
            seen.append((name, touched, is_writing))
            if loses_wrapper(group):
                self._remarks.append(
                    f"{name!r}: the %%time or the like of a cell that became a part of it is left out."
                )
            line = f"%%task {name}" + (f" --after {','.join(other for other, _ in after)}" if after else "")
            marked.setdefault(_place(group), []).append((name, f"{line}\n{text}"))
        for index, text in self._left.items():
            marked.setdefault(index, []).insert(0, (f"cell-{index}", text))
        return {
            "cells": list(self._placed(marked)),
            "metadata": dict(self._document["metadata"]),
            "nbformat": 4,
            "nbformat_minor": 5,
        }

    def _add_changes(
        self,
        document: Mapping[str, Any],
        cells: Sequence[MarkedCell],
        groups: Sequence[Group],
        effects: Mapping[str, Effects],
        setup: set[str],
    ) -> bool:
        """Say `--gives` for names that functions change in place, where nothing else says it; whether there are any."""
        has_changed = False
        tasks = {each.id: each for each in flow_of(cells).tasks}
        by_source = {
            text_of(cell).split("\n", 1)[0].split()[1]: cell for cell in document["cells"] if _is_task(cell)
        }
        for name, group in zip(self._names, groups, strict=True):
            changed = [
                each for each in _unseen_changes(group, effects, setup) if each not in tasks[name].defines
            ]
            if changed:
                line, _, body = text_of(by_source[name]).partition("\n")
                source = f"{line} --gives {','.join(changed)}\n{body}"
                by_source[name]["source"] = source.splitlines(keepends=True)
                listed = ", ".join(map(repr, changed))
                self._remarks.append(
                    f"{name!r} gives {listed} on, which functions that it calls change in place."
                )
                has_changed = True
        return has_changed

    def _placed(self, marked: Mapping[int, list[tuple[str, str]]]) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        ids: set[str] = set()
        for index, cell in enumerate(self._cells):
            if cell.get("cell_type") == "code":
                made += [_code(_cell_id(name, ids), text) for name, text in marked.get(index, [])]
                continue
            kept = {**cell, "id": _cell_id(str(cell.get("id") or f"text-{index}"), ids)}
            made.append(kept)
        return made

    def _task_name(self, group: Group, taken: Sequence[str]) -> str:
        parts = [found for part in (group.parts or [group.title]) if (found := slug(part))]
        wanted = joined(parts[0], parts[-1], len(parts)) if len(parts) > 1 else (parts or [""])[0]
        if not wanted:
            wanted = telling(defined(group))
        if not wanted:
            wanted = f"task_{len(taken) + 1}"
        name = free_name(wanted, taken)
        if group.title and not slug(group.title):
            self._remarks.append(
                f"The task of “{group.title}” is called {name!r}: ids are made of A-Z, a-z, 0-9."
            )
        return name

    def _dag_name(self) -> str:
        wanted = slug(self._path.stem) or next(
            (slug(each.text) for each in self._headings if slug(each.text)), ""
        )
        return free_name(wanted or "notebook", ())

    def _remark(self, index: int, text: str) -> None:
        number = sum(1 for cell in self._cells[: index + 1] if cell.get("cell_type") == "code")
        self._remarks.append(f"Code cell {number} {text}")


def _is_task(cell: Mapping[str, Any]) -> bool:
    return cell.get("cell_type") == "code" and text_of(cell).startswith("%%task ")


def _place(group: Group) -> int:
    return group.chunks[0].cell if group.place is None else group.place


def _unseen_changes(group: Group, effects: Mapping[str, Effects], setup: set[str]) -> list[str]:
    """Names of other tasks' values that functions change in place: nothing in the cell says so."""
    changed: dict[str, None] = {}
    for chunk in group.chunks:
        changed.update(dict.fromkeys(sorted(changed_by(chunk, effects))))
    written = {name for chunk in group.chunks for name in (*chunk.names.writes, *chunk.names.mutates)}
    return [name for name in changed if name not in written and name not in setup]


def _paths_of_functions(group: Group, setup: Sequence[Chunk], paths: Mapping[str, str]) -> set[str]:
    """Files that functions of %%setup speak of, which the group calls."""
    called = {name for chunk in group.chunks for name in chunk.names.reads}
    found: set[str] = set()
    for chunk in setup:
        if chunk.kind == "function" and called & {*chunk.names.writes}:
            found |= paths_of(chunk.text, chunk, paths)
    return found


def _cell_id(wanted: str, taken: set[str]) -> str:
    plain = re.sub(r"[^A-Za-z0-9_-]+", "-", wanted)[:56] or "cell"
    found, number = plain, 1
    while found in taken:
        number += 1
        found = f"{plain}-{number}"
    taken.add(found)
    return found


def _code(cell_id: str, source: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "id": cell_id,
        "metadata": {},
        "source": source.splitlines(keepends=True),
        "outputs": [],
        "execution_count": None,
    }
