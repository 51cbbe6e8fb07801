"""Which object an expression changes in place: what is assigned into, and calls that are known to change something.

A call that is not known is taken to change nothing: `df.head()` is no change, and neither is `normalise(df)` of another
module. Functions of the same cell and of %%setup are looked into (`scopes.py`).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Final

#: Methods that change their object: of collections, tables and arrays, of models (scikit-learn's `fit`), and of random
#: generators, which go on with another state.
_CHANGING: Final = frozenset({
    "append", "appendleft", "clear", "difference_update", "discard", "extend", "extendleft", "fill", "insert",
    "intersection_update", "pop", "popitem", "popleft", "put", "remove", "resize", "reverse", "rotate", "setdefault",
    "sort", "symmetric_difference_update", "update",
    "fit", "fit_predict", "fit_resample", "fit_transform", "load_state_dict", "partial_fit",
    "choices", "exponential", "gauss", "integers", "lognormal", "multivariate_normal", "normal", "permutation",
    "permuted", "poisson", "randint", "random", "randrange", "shuffle", "standard_normal", "triangular", "uniform",
})  # fmt: skip
#: Methods that change a set or a counter, and of a table give another one: what is changed is dropped.
_IF_DROPPED: Final = frozenset({"add", "subtract"})
#: Functions that change their first argument.
_FUNCTIONS: Final = frozenset({
    "delattr", "heapify", "heappop", "heappush", "heappushpop", "heapreplace", "insort", "insort_left",
    "insort_right", "next", "setattr", "shuffle",
})  # fmt: skip
#: Calls whose items are those of their arguments.
_PASSING: Final = frozenset({"enumerate", "iter", "list", "reversed", "sorted", "tuple", "zip"})
_ITEMS: Final = frozenset({"items", "values"})


def root_of(target: ast.expr) -> str | None:
    """The name that `x.a[0].b` begins with, also through calls of methods: `x.setdefault(k, []).append(1)`."""
    node = target
    while True:
        match node:
            case ast.Name():
                return node.id
            case ast.Attribute() | ast.Subscript() | ast.Starred():
                node = node.value
            case ast.Call(func=ast.Attribute(attr="setdefault" | "get") as func):
                node = func
            case _:
                return None


def changed_by_call(call: ast.Call, *, is_dropped: bool) -> Iterator[str]:
    """Names of what the call changes in place, as far as it is known; `is_dropped`: its result is not used."""
    changed: list[ast.expr] = []
    function = call.func
    if isinstance(function, ast.Attribute):
        name = function.attr
        is_inplace = any(each.arg == "inplace" and _is_true(each) for each in call.keywords)
        if is_inplace or name in _CHANGING or (is_dropped and name in _IF_DROPPED):
            changed.append(function.value)
    else:
        name = function.id if isinstance(function, ast.Name) else ""
    if name in _FUNCTIONS and call.args:
        changed.append(call.args[0])
    for each in changed:
        root = root_of(each)
        if root is not None:
            yield root


def shared_with(value: ast.expr) -> tuple[str, ...]:
    """Names of what a new name for `value` is a part of: `row = table[0]` changes the table when it is changed."""
    root = root_of(value)
    return () if root is None else (root,)


def parts_of(value: ast.expr) -> tuple[str, ...]:
    """The same of what is assigned, which may be several values: `a, b = x[0], y`."""
    if isinstance(value, (ast.Tuple, ast.List)):
        return tuple(dict.fromkeys(name for each in value.elts for name in shared_with(each)))
    return shared_with(value)


def items_of(iterable: ast.expr) -> Iterator[str]:
    """Names of what the items of a loop belong to."""
    match iterable:
        case ast.Call(func=ast.Name(id=name), args=arguments) if name in _PASSING:
            for each in arguments:
                yield from items_of(each)
        case ast.Call(func=ast.Attribute(attr=name, value=value)) if name in _ITEMS:
            yield from shared_with(value)
        case _:
            yield from shared_with(iterable)


def _is_true(keyword: ast.keyword) -> bool:
    return isinstance(keyword.value, ast.Constant) and keyword.value.value is True
