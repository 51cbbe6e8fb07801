"""An expansion by itself: its sources, and how many task instances are known to come of it."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final

from studio.core.expansion import MAX_MAP_LENGTH
from studio.core.map_spec import (
    Concatenated,
    ExpandSpec,
    FromParam,
    Items,
    Output,
    Source,
    Transformed,
    Zipped,
)
from studio.core.names import nearest, shown
from studio.core.parameters import check_names
from studio.core.spec import DagSpec
from studio.core.validation_tasks import check_function
from studio.errors import InvalidDag

MAX_SOURCES: Final = 100  # of one expansion, those within others too
MAX_SOURCE_DEPTH: Final = 20


def check_expansion(spec: DagSpec, expand: ExpandSpec, where: str) -> None:
    """Raise `InvalidDag` or `InvalidParameter` unless something can be mapped so. `where`: "The task 'x'"."""
    if expand.by == "kwargs":
        if list(expand.over) != [""]:
            raise InvalidDag(
                f"{where} is mapped by kwargs over {shown(list(expand.over))}; it must be one source, called ''.",
                field="expand",
            )
        _check_kwargs(expand.over[""], where)
    elif not expand.over:
        raise InvalidDag(f"{where} is mapped over nothing.", hint="Write .expand(x=[1, 2]).", field="expand")
    else:
        check_names(expand.over, where)
    for n, source in enumerate(_sources(expand, where), start=1):
        if n > MAX_SOURCES:
            raise InvalidDag(f"{where} is mapped over more than {MAX_SOURCES} sources.", field="expand")
        _check_source(spec, source, where)
    lengths = [_length(source) for source in expand.over.values()]
    known = [length for length in lengths if length is not None]
    # Of what is not known yet there may be none.
    length = max(known, default=0) if len(known) < len(lengths) else math.prod(known)
    if length > MAX_MAP_LENGTH:
        raise InvalidDag(
            f"{where} is mapped over {length} items; at most {MAX_MAP_LENGTH} are allowed.",
            hint="Let each task instance do several of them.",
            field="expand",
        )


def names_of(expand: ExpandSpec) -> tuple[str, ...] | None:
    """The arguments that it gives; None: only its items say."""
    return tuple(expand.over) if expand.by == "product" else None


def producers_of(expand: ExpandSpec) -> tuple[str, ...]:
    """The tasks whose values it is made of."""
    return tuple(dict.fromkeys(source.task for source in _sources(expand, "") if isinstance(source, Output)))


def _sources(expand: ExpandSpec, where: str) -> Iterator[Source]:
    stack: list[tuple[Source, int]] = [(source, 1) for source in reversed(expand.over.values())]
    while stack:
        source, depth = stack.pop()
        if depth > MAX_SOURCE_DEPTH:
            raise InvalidDag(
                f"{where} is mapped over sources that are nested more than {MAX_SOURCE_DEPTH} levels deep.",
                field="expand",
            )
        yield source
        match source:
            case Transformed(inner):
                stack.append((inner, depth + 1))
            case Zipped(sources) | Concatenated(sources):
                stack.extend((each, depth + 1) for each in reversed(sources))
            case _:
                pass


def _check_source(spec: DagSpec, source: Source, where: str) -> None:
    match source:
        case Zipped(()) | Concatenated(()):
            raise InvalidDag(
                f"{where} is mapped over {'zip' if isinstance(source, Zipped) else 'concat'} of nothing.",
                field="expand",
            )
        case Transformed(_, function):
            check_function(function, f"{where}: its mapping", "expand")
        case FromParam(name):
            declared = {**spec.params, **spec.param_schemas}
            if name not in declared:
                raise InvalidDag(
                    f"{where} is mapped over the param {shown(name)}, which {shown(spec.id)} does not have.",
                    hint=nearest(name, declared) or "Declare it: DAG(..., params={...}).",
                    field="expand",
                )
        case _:
            pass


def _check_kwargs(source: Source, where: str) -> None:
    if not isinstance(source, Items):
        return
    if isinstance(source.values, dict):
        raise InvalidDag(
            f"{where}: what expand_kwargs gets is a dict; it must be a list of dicts.",
            hint="Write .expand_kwargs([{'x': 1}, {'x': 2}]).",
            field="expand",
        )
    for n, item in enumerate(source.values):
        if not isinstance(item, dict):
            raise InvalidDag(
                f"{where}: item {n} of expand_kwargs is {shown(item)}; it must be a dict of arguments.",
                hint="Write .expand_kwargs([{'x': 1}, {'x': 2}]).",
                field="expand",
            )
        check_names(item, where)


def _length(source: Source) -> int | None:
    """How long it is; None: that depends on the run."""
    match source:
        case Items(values):
            return len(values)
        case Transformed(inner):
            return _length(inner)
        case Zipped(sources, longest):
            lengths = [_length(each) for each in sources]
            known = [length for length in lengths if length is not None]
            if len(known) < len(lengths):
                return None
            return max(known) if longest else min(known)
        case Concatenated(sources):
            lengths = [_length(each) for each in sources]
            known = [length for length in lengths if length is not None]
            return sum(known) if len(known) == len(lengths) else None
        case _:
            return None
