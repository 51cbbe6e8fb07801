"""Functions that no module defines, written down: their source, and whatever of their session they use.

What a function of a notebook's cell uses are global names of the session: other functions and classes go along as
source, modules and what comes from them as import statements, constants as literals. The result is a small module of
its own, which people can read in the spec.
"""

from __future__ import annotations
import __future__

import ast
import builtins
import inspect
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, Final

from studio.authoring.function_source import definition_in, has_source, names_read, source_of, without
from studio.core.names import shown
from studio.errors import InvalidInput

MAX_CONSTANT: Final = 10_000  # characters of a literal

_SESSION: Final = "__main__"
_STUDIO: Final = __name__.partition(".")[0]
_OF_THE_MODULE: Final = frozenset({"__name__", "__doc__"})  # which the new module has, too
_LITERALS: Final = (str, bytes, int, float, complex, list, tuple, dict, set, frozenset, type(None))


@dataclass(frozen=True, slots=True)
class Captured:
    """A module in which the function is defined under its own name."""

    source: str
    path: tuple[str, ...]  # directories of the modules it imports that are not installed


def is_writable(function: object) -> bool:
    """Whether source says all of it: a `def` without variables of functions around it."""
    plain = inspect.unwrap(function) if callable(function) else function
    return (
        isinstance(plain, FunctionType)
        and plain.__name__ != "<lambda>"
        and not plain.__code__.co_freevars
        and has_source(plain)
    )


def capture(function: Callable[..., Any], *, with_module: bool = False) -> Captured:
    """A function (or a class) and what it uses. Raises `InvalidInput` that names what cannot be written down.

    `with_module`: what the function's module defines is written down, too, instead of imported.
    """
    plain = function if isinstance(function, type) else inspect.unwrap(function)
    assert isinstance(plain, (FunctionType, type))
    session = frozenset({_SESSION, *([plain.__module__] if with_module else [])})
    module = _Module(plain.__name__, session, _flags_of(plain))
    module.define(plain.__name__, plain)
    return Captured(module.text(), tuple(module.path))


def search_path(module: str) -> tuple[str, ...]:
    """The directory where a module is found; none if it is installed, built in or ours."""
    if module.partition(".")[0] == _STUDIO:
        return ()
    file = getattr(sys.modules.get(module), "__file__", None)
    if not isinstance(file, str) or "site-packages" in file or "dist-packages" in file:
        return ()
    location = Path(file).absolute()
    if location.is_relative_to(Path(inspect.__file__).absolute().parent):
        return ()
    depth = module.count(".") + (1 if location.name == "__init__.py" else 0)
    return (str(location.parents[depth]),)


@dataclass(slots=True)
class _Module:
    """What is written down so far; each part stands after those it needs."""

    function: str  # that all is for
    session: frozenset[str]  # modules that a worker cannot import
    flags: int  # of `compile`: whether annotations are evaluated
    bound: dict[str, Any] = field(default_factory=dict)
    imports: dict[str, None] = field(default_factory=dict)
    constants: dict[str, None] = field(default_factory=dict)
    definitions: list[str] = field(default_factory=list)
    path: dict[str, None] = field(default_factory=dict)

    def text(self) -> str:
        first = ["from __future__ import annotations"] if self.flags else []
        head = ["\n".join([*first, *sorted(self.imports)]), "\n".join(self.constants)]
        return "\n\n\n".join(part for part in (*head, *self.definitions) if part) + "\n"

    def define(self, name: str, target: FunctionType | type) -> None:
        """Write down a function or class of the session as `name`."""
        self.bound[name] = target  # before what it uses: functions may call each other
        try:
            source = source_of(target)
        except (OSError, SyntaxError) as error:
            raise self._refused(name, "whose source is not known", "Put it into a module.") from error
        names = _globals_of(target)
        ours = [each for each in definition_in(source).decorator_list if _is_ours(each, names)]
        source = without(source, ours)
        defined = definition_in(source).name
        for used in names_read(source, self.flags):
            if used not in (name, defined):
                self.bind(used, names)
        self.definitions.append(source if defined == name else f"{source}\n\n\n{name} = {defined}")

    def bind(self, name: str, names: Mapping[str, Any]) -> None:
        """Let the global `name` mean what it means in `names`."""
        if name in _OF_THE_MODULE or (name not in names and hasattr(builtins, name)):
            return
        if name not in names:
            raise self._refused(name, "which is not defined", "Define it before the DAG is published.")
        value = names[name]
        if getattr(value, "is_studio_task_function", False):
            value = value.function
        if name in self.bound:
            if self.bound[name] is not value:
                raise self._refused(name, "a name that means two things", "Give one of them another name.")
            return
        if isinstance(value, ModuleType):
            self._import_module(name, value)
        elif not self._import(name, value) and not self._write_literal(name, value):
            self._write_definition(name, value)

    def _import_module(self, name: str, module: ModuleType) -> None:
        full = module.__name__
        if sys.modules.get(full) is not module or full in self.session:
            raise self._refused(name, f"the module {shown(full)}, which cannot be imported by that name")
        self._imported(name, module, full, f"import {full}" + ("" if full == name else f" as {name}"))

    def _import(self, name: str, value: Any) -> bool:
        """By a statement, if a module that is not of the session has it."""
        if isinstance(value, _LITERALS):
            return False
        candidates = [(getattr(value, "__module__", None), getattr(value, "__qualname__", name))]
        if not isinstance(value, (FunctionType, type)):  # an object does not say where it is defined
            candidates += [(module, name) for module in sorted(sys.modules, key=_shortest)]
        for module, attribute in candidates:
            found = getattr(sys.modules.get(str(module)), "__dict__", {})
            if module not in self.session and found.get(attribute) is value:
                alias = "" if attribute == name else f" as {name}"
                self._imported(name, value, str(module), f"from {module} import {attribute}{alias}")
                return True
        return False

    def _imported(self, name: str, value: Any, module: str, statement: str) -> None:
        self.bound[name] = value
        self.imports[statement] = None
        self.path.update(dict.fromkeys(search_path(module)))

    def _write_literal(self, name: str, value: Any) -> bool:
        text = repr(value)
        try:
            if len(text) > MAX_CONSTANT or ast.literal_eval(text) != value:
                return False
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return False
        self.bound[name] = value
        self.constants[f"{name} = {text}"] = None
        return True

    def _write_definition(self, name: str, value: Any) -> None:
        plain = inspect.unwrap(value) if callable(value) else value
        if isinstance(plain, type) or is_writable(plain):
            self.define(name, plain)
        elif isinstance(plain, FunctionType):
            kind = "a lambda" if plain.__name__ == "<lambda>" else "a function made by another one"
            raise self._refused(name, f"{kind}, whose source does not say all", "Write it as a plain `def`.")
        else:
            kind = f"{type(value).__module__}.{type(value).__qualname__}"
            raise self._refused(
                name,
                f"{shown(value)} of type {kind}, which cannot be written down in a DAG",
                "Make it inside of the function, or give it as an argument.",
            )

    def _refused(self, name: str, why: str, hint: str | None = None) -> InvalidInput:
        told = f"The function {name} is one" if name == self.function else f"{self.function} uses {name}, "
        return InvalidInput(f"{told.rstrip()} {why}.", hint=hint, field="target")


def _flags_of(target: FunctionType | type) -> int:
    """Whether annotations are evaluated: a class is compiled as its methods are."""
    codes = [target.__code__] if isinstance(target, FunctionType) else []
    if isinstance(target, type):
        codes = [each.__code__ for each in vars(target).values() if isinstance(each, FunctionType)]
    return next((code.co_flags & __future__.annotations.compiler_flag for code in codes), 0)


def _globals_of(target: FunctionType | type) -> Mapping[str, Any]:
    if isinstance(target, FunctionType):
        return target.__globals__
    return vars(sys.modules[target.__module__])


def _is_ours(decorator: ast.expr, names: Mapping[str, Any]) -> bool:
    """Whether it is `@task`, `@task.branch(…)`, `@studio.task`, …"""
    steps: list[str] = []
    while not isinstance(decorator, ast.Name):
        if isinstance(decorator, ast.Attribute):
            steps.append(decorator.attr)
            decorator = decorator.value
        elif isinstance(decorator, ast.Call):
            decorator = decorator.func
        else:
            return False
    value = names.get(decorator.id)
    for step in reversed(steps):
        value = getattr(value, step, None)
    return bool(getattr(value, "is_studio_task_decorator", False))


def _shortest(module: str) -> tuple[int, str]:
    return len(module), module
